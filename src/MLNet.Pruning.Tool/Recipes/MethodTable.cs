using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>What methods reach over several seeds.</summary>
/// <param name="Name">The method.</param>
/// <param name="Runs">How many seeds are finished.</param>
/// <param name="Mean">The mean of the figure.</param>
/// <param name="Deviation">Its standard deviation over the seeds; null for one seed.</param>
/// <param name="Difference">The mean of the differences to the unpruned run of the same seed; null without one.</param>
/// <param name="DifferenceDeviation">The standard deviation of the differences; null for one seed.</param>
/// <param name="Parameters">The mean number of parameters.</param>
/// <param name="Inactive">The mean fraction of inactive weights; null without masks.</param>
/// <param name="Latency">The mean seconds for one row.</param>
/// <param name="FileBytes">The mean size of model.zip.</param>
internal sealed record MethodSummary(string Name, int Runs, double Mean, double? Deviation, double? Difference, double? DifferenceDeviation,
    double Parameters, double? Inactive, double? Latency, double FileBytes);

/// <summary>Compares methods by a figure, seed by seed.</summary>
internal static class MethodTable
{
    internal static IReadOnlyList<MethodSummary> Summaries(IReadOnlyList<(StudyRun Run, RunResult Result)> finished, string figure)
    {
        var dense = Values(finished.Where(row => row.Run.Varied["method"] == Method.Dense), figure);
        return [.. finished.GroupBy(row => row.Run.Varied["method"]).Select(method =>
        {
            var own = Values(method, figure);
            double[] differences = method.Key == Method.Dense ? []
                : [.. own.Where(pair => dense.ContainsKey(pair.Key)).Select(pair => pair.Value - dense[pair.Key])];
            return new MethodSummary(method.Key, method.Count(), Mean(own.Values) ?? double.NaN, Deviation(own.Values), Mean(differences),
                Deviation(differences), method.Average(row => row.Result.Parameters), Mean(Known(row => row.Inactive)),
                Mean(Known(row => row.Latency)), method.Average(row => row.Result.FileBytes));

            double[] Known(Func<RunResult, double?> value) => [.. method.Select(row => value(row.Result)).OfType<double>()];
        })];
    }

    internal static TextTable Of(IReadOnlyList<MethodSummary> methods, string figure, string heading)
    {
        bool masks = methods.Any(method => method.Inactive is not null), pairs = methods.Any(method => method.Difference is not null);
        var table = new TextTable(["method", $"{heading}#", .. pairs ? ["minus dense#"] : Array.Empty<string>(), "parameters#",
            .. masks ? ["inactive#"] : Array.Empty<string>(), "one row#", "model file#", "runs#"]);
        foreach (var one in methods)
        {
            table.Add([one.Name, Spread(one.Mean, one.Deviation, signed: false),
                .. pairs ? [one.Difference is { } difference ? Spread(difference, one.DifferenceDeviation, signed: true) : ""]
                    : Array.Empty<string>(), Count(one.Parameters),
                .. masks ? [one.Inactive is { } inactive ? Percent(inactive) : ""] : Array.Empty<string>(),
                one.Latency is { } latency ? Duration(latency) : "", Bytes((long)one.FileBytes), $"{one.Runs}"]);
        }
        return table;

        string Spread(double mean, double? deviation, bool signed) => (signed && mean >= 0 ? "+" : "") + RunResult.Text(figure, mean)
            + (deviation is { } spread ? $" ± {RunResult.Text(figure, spread)}" : "");
    }

    static Dictionary<string, double> Values(IEnumerable<(StudyRun Run, RunResult Result)> rows, string figure) => rows
        .Select(row => (Seed: row.Run.Varied["seed"], Value: StudyTable.Figure(row.Result, figure)))
        .Where(pair => pair.Value is not null).ToDictionary(pair => pair.Seed, pair => pair.Value!.Value);

    static double? Mean(IReadOnlyCollection<double> values) => values.Count == 0 ? null : values.Average();

    static double? Deviation(IReadOnlyCollection<double> values)
    {
        if (values.Count < 2)
            return null;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
