using System.Globalization;
using MLNet.Pruning.Reporting.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>A@P: accuracy A with P % of the neurons pruned, mean and spread over the seeds.</summary>
static class AccuracyTable
{
    public static TextTable Of(IReadOnlyList<Outcome> runs, IReadOnlyList<Method> methods, IReadOnlyList<double> rows, Func<Plateau, double> accuracy, string title)
    {
        var table = new TextTable([title, .. methods.Select(m => m.Name + "#")]);
        foreach (var pruned in rows)
        {
            var cells = methods.Select(m => Cell([.. runs.Where(r => r.Method == m.Name).Select(r => r.At(pruned)).OfType<Plateau>().Select(accuracy)])).ToArray();
            if (methods.Zip(cells).Any(c => c.First.Importance is not null && c.Second.Length > 0))
                table.Add([Invariant($"at least {100 * pruned:0} % pruned"), .. cells]);
        }
        return table;
    }

    public static TextTable BesidePaper(IReadOnlyList<Outcome> runs, IReadOnlyList<(string Method, double? Accuracy, double? Pruned)> paper)
    {
        var table = new TextTable("method", "paper A@P#", "ours, training A@P#", "ours, test A@P#");
        foreach (var (method, accuracy, pruned) in paper)
        {
            var mine = runs.Where(r => r.Method == method && r.Plateaus.Count > 0).Select(r => r.At(pruned ?? 1)).OfType<Plateau>().ToArray();
            var at = mine.Length > 0 ? Invariant($"@{100 * mine.Average(p => p.Pruned):0}") : "";
            table.Add(method,
                accuracy is { } a ? a.ToString("F4", CultureInfo.InvariantCulture) + (pruned is { } p ? Invariant($"@{100 * p:0}") : "") : "-",
                mine.Length > 0 ? mine.Average(m => m.TrainAccuracy).ToString("F4", CultureInfo.InvariantCulture) + at : "-",
                mine.Length > 0 ? mine.Average(m => m.TestAccuracy).ToString("F4", CultureInfo.InvariantCulture) + at : "-");
        }
        return table;
    }

    static string Cell(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            return "";
        var mean = values.Average();
        var spread = values.Count > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)) : double.NaN;
        return Invariant($"{mean:F4}") + (double.IsNaN(spread) ? "" : Invariant($" +-{spread:F4}"));
    }
}
