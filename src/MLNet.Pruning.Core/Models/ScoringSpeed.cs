using System.Diagnostics;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>How fast a model scores, by the clock.</summary>
/// <param name="RowsPerSecond">Rows scored in a second, in batches.</param>
/// <param name="Latency">Seconds that a single row takes.</param>
public sealed record ScoringSpeed(double RowsPerSecond, double Latency)
{
    // Long enough for the clock, short enough for many turns.
    const double SliceSeconds = 0.01;

    /// <summary>
    /// Measures models in turns on one CPU thread, so that whatever else the machine does slows all of them alike; medians over the turns.
    /// Networks of this library are measured as their scoring plans, which is how they score; other modules as LibTorch computes them.
    /// </summary>
    /// <param name="models">The models, each in the mode it scores in. They are not changed.</param>
    /// <param name="inputShape">The shape of one row.</param>
    /// <param name="batch">Rows a batch; at least 1.</param>
    /// <param name="turns">How often each is measured; at least 1.</param>
    public static IReadOnlyList<ScoringSpeed> Measure(
        IReadOnlyList<nn.Module<Tensor, Tensor>> models, IReadOnlyList<long> inputShape, int batch = 256, int turns = 15)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(inputShape);
        using var oneThread = new SingleThreaded();
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var half = Scalars.Of(0.5);
        var one = full([1, .. inputShape], half);
        var many = one.expand([Math.Max(1, batch), .. inputShape]).contiguous();
        return Measure([.. models.Select(ByModule)], batch, turns);

        Action<int> ByModule(nn.Module<Tensor, Tensor> model) => model is FeedForward or ConvNet or Vit or Vae
            ? ByPlan(NetworkPlans.Compile(model), batch)
            : rows =>
            {
                using var inner = NewDisposeScope();
                model.call(rows == 1 ? one : many);
            };
    }

    /// <summary>Measures plans in turns on one thread; medians over the turns.</summary>
    /// <param name="plans">The plans.</param>
    /// <param name="batch">Rows a batch; at least 1.</param>
    /// <param name="turns">How often each is measured; at least 1.</param>
    public static IReadOnlyList<ScoringSpeed> Measure(IReadOnlyList<ScoringPlan> plans, int batch = 256, int turns = 15)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return Measure([.. plans.Select(plan => ByPlan(plan, batch))], batch, turns);
    }

    /// <param name="score">Each scores so many rows as it is given, 1 or <paramref name="batch"/>.</param>
    /// <param name="batch">Rows a batch.</param>
    /// <param name="turns">How often each is measured.</param>
    internal static IReadOnlyList<ScoringSpeed> Measure(IReadOnlyList<Action<int>> score, int batch, int turns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(turns, 1);
        var times = score.Select(_ => (Many: new List<double>(), Single: new List<double>())).ToArray();
        for (var turn = 0; turn < turns; turn++)
        {
            for (var i = 0; i < score.Count; i++)
            {
                times[i].Many.Add(Seconds(score[i], batch));
                times[i].Single.Add(Seconds(score[i], 1));
            }
        }
        return [.. times.Select(t => new ScoringSpeed(batch / Median(t.Many), Median(t.Single)))];
    }

    static Action<int> ByPlan(ScoringPlan plan, int batch)
    {
        var (rows, scores) = (new float[Math.Max(1, batch) * plan.InputWidth], new float[Math.Max(1, batch) * plan.OutputWidth]);
        Array.Fill(rows, 0.5f);
        return count => plan.Score(rows.AsSpan(0, count * plan.InputWidth), scores.AsSpan(0, count * plan.OutputWidth));
    }

    static double Seconds(Action<int> score, int rows)
    {
        score(rows);
        var count = 0;
        var began = Stopwatch.GetTimestamp();
        double seconds;
        do
        {
            score(rows);
            count++;
            seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        while (seconds < SliceSeconds);
        return seconds / count;
    }

    static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
