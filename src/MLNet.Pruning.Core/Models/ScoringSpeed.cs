using System.Diagnostics;
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

    /// <summary>Measures models in turns on one CPU thread, so that whatever else the machine does slows all of them alike; medians over the turns.</summary>
    /// <param name="models">The models, each in the mode it scores in. They are not changed.</param>
    /// <param name="inputShape">The shape of one row.</param>
    /// <param name="batch">Rows a batch; at least 1.</param>
    /// <param name="turns">How often each is measured; at least 1.</param>
    public static IReadOnlyList<ScoringSpeed> Measure(IReadOnlyList<nn.Module<Tensor, Tensor>> models, IReadOnlyList<long> inputShape, int batch = 256, int turns = 15)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(inputShape);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(turns, 1);
        using var oneThread = new SingleThreaded();
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var half = Scalars.Of(0.5);
        using var many = full([batch, .. inputShape], half);
        using var single = many.narrow(0, 0, 1);
        var times = models.Select(_ => (Many: new List<double>(), Single: new List<double>())).ToArray();
        for (var turn = 0; turn < turns; turn++)
        {
            for (var i = 0; i < models.Count; i++)
            {
                times[i].Many.Add(Seconds(models[i], many));
                times[i].Single.Add(Seconds(models[i], single));
            }
        }
        return [.. times.Select(t => new ScoringSpeed(batch / Median(t.Many), Median(t.Single)))];
    }

    static double Seconds(nn.Module<Tensor, Tensor> model, Tensor input)
    {
        Once(model, input);
        var count = 0;
        var began = Stopwatch.GetTimestamp();
        double seconds;
        do
        {
            Once(model, input);
            count++;
            seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        while (seconds < SliceSeconds);
        return seconds / count;
    }

    static void Once(nn.Module<Tensor, Tensor> model, Tensor input)
    {
        using var scope = NewDisposeScope();
        model.call(input);
    }

    static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
