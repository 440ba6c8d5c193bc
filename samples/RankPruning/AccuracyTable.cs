using System.Globalization;
using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>A@P: accuracy A with P % of the neurons pruned, mean and spread over the seeds.</summary>
static class AccuracyTable
{
    public static TextTable Of(IReadOnlyList<Outcome> runs, IReadOnlyList<Method> methods, IReadOnlyList<double> rows,
        Func<Plateau, double> accuracy, string title)
    {
        var table = new TextTable([title, .. methods.Select(m => m.Name + "#")]);
        foreach (var pruned in rows)
        {
            var cells = methods.Select(m => Cell([.. runs.Where(r => r.Method == m.Name)
                .Select(r => r.At(pruned)).OfType<Plateau>().Select(accuracy)])).ToArray();
            if (methods.Zip(cells).Any(c => c.First.Importance is not null && c.Second.Length > 0))
                table.Add([Invariant($"at least {100 * pruned:0} % pruned"), .. cells]);
        }
        return table;
    }

    public static TextTable BesidePaper(IReadOnlyList<Outcome> runs, IReadOnlyList<Compressed> compressed,
        IReadOnlyList<(string Method, double? Accuracy, double? Pruned)> paper)
    {
        var table = new TextTable("method", "paper A@P#", "ours, training A@P#", "ours, test A@P#", "gone");
        var others = compressed.Select(c => c.Method).Distinct().Where(name => paper.All(p => p.Method != name))
            .Select(name => (name, (double?)null, (double?)null));
        foreach (var (method, accuracy, pruned) in paper.Concat(others))
        {
            var theirs = accuracy is { } a ? Figure(a) + (pruned is { } p ? Invariant($"@{100 * p:0}") : "") : "-";
            var mine = runs.Where(r => r.Method == method)
                .Select(r => pruned is { } p ? r.At(p) : r.Plateaus[^1]).OfType<Plateau>().ToArray();
            var also = compressed.Where(c => c.Method == method).ToArray();
            if (mine.Length > 0)
            {
                var gone = 100 * mine.Average(m => m.Pruned);
                table.Add(method, theirs, Invariant($"{Figure(mine.Average(m => m.TrainAccuracy))}@{gone:0}"),
                    Invariant($"{Figure(mine.Average(m => m.TestAccuracy))}@{gone:0}"), Invariant($"{gone:0} % of the neurons"));
            }
            else if (also.Length > 0)
                table.Add(method, theirs, Figure(also.Average(c => c.TrainAccuracy)), Figure(also.Average(c => c.TestAccuracy)),
                    also[0].Gone + (also.Length > 1 ? " (seed 1)" : ""));
            else
                table.Add(method, theirs, "-", "-", "");
        }
        return table;
    }

    static string Figure(double accuracy) => accuracy.ToString("F4", CultureInfo.InvariantCulture);

    static string Cell(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return "";
        var mean = values.Average();
        var spread = values.Count > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)) : double.NaN;
        return Invariant($"{mean:F4}") + (double.IsNaN(spread) ? "" : Invariant($" +-{spread:F4}"));
    }
}
