using System.Diagnostics;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning;

/// <summary>The measured scoring speed of a model.</summary>
/// <param name="RowsPerSecond">Rows per second, scored in batches.</param>
/// <param name="Latency">Seconds for a single row.</param>
public sealed record ScoringSpeed(double RowsPerSecond, double Latency)
{
    // Long enough for the clock, short enough for many turns.
    const double SliceSeconds = 0.01;

    /// <summary>
    /// Measures plans in turns on one thread, so that other load slows all of them alike, and takes medians over the turns.
    /// </summary>
    /// <param name="plans">The plans.</param>
    /// <param name="batch">Rows in a batch; at least 1.</param>
    /// <param name="turns">Measurements of each plan; at least 1.</param>
    public static IReadOnlyList<ScoringSpeed> Measure(IReadOnlyList<ScoringPlan> plans, int batch = 256, int turns = 15)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return Measure([.. plans.Select(plan => ByPlan(plan, batch))], batch, turns);
    }

    /// <param name="score">Each scores the given number of rows, 1 or <paramref name="batch"/>.</param>
    /// <param name="batch">Rows in a batch.</param>
    /// <param name="turns">Measurements of each.</param>
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

    internal static Action<int> ByPlan(ScoringPlan plan, int batch)
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
