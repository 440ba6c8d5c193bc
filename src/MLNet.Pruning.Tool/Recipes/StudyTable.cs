using System.Globalization;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Recipes;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>The finished runs of a study, the best one first.</summary>
internal sealed class StudyTable
{
    const string ResultsFile = "results.csv", ValidationAccuracy = "validationAccuracy", ValidationLoss = "validationLoss";

    readonly IReadOnlyList<(StudyRun Run, RunResult Result)> rows;
    readonly string[] keys;

    /// <param name="finished">The finished runs.</param>
    /// <param name="by">The figure to sort by.</param>
    internal StudyTable(IReadOnlyList<(StudyRun Run, RunResult Result)> finished, string by)
    {
        TestMetric = finished.SelectMany(row => row.Result.Test.Keys).FirstOrDefault();
        By = by;
        keys = [.. finished.SelectMany(row => row.Run.Varied.Keys).Distinct()];
        // Of equals, the one of the smaller loss.
        rows = [.. finished.OrderBy(row => Sorted(row.Result, by)).ThenBy(row => Sorted(row.Result, ValidationLoss))];
    }

    /// <summary>The finished runs, in order.</summary>
    internal IReadOnlyList<(StudyRun Run, RunResult Result)> Rows => rows;

    /// <summary>What the table is sorted by.</summary>
    internal string By { get; }

    /// <summary>The first metric of the test set; null without one.</summary>
    internal string? TestMetric { get; }

    /// <summary>The figure to sort the runs of a recipe by: never one of the test rows, which would train on them.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="file">Its file.</param>
    /// <param name="by">What was asked for; null for the accuracy on the validation rows, or the loss where there is none.</param>
    internal static string FigureToSortBy(Recipe recipe, string file, string? by)
    {
        if (by is not null && TestMetrics.Names.FirstOrDefault(name => Same(name, by)) is { } test)
        {
            throw new ArgumentException($"--by {by}: {RunResult.Words(test)} is measured on the test rows. The best run by them would look "
                + $"better than it is; choose by {ValidationAccuracy} or {ValidationLoss}.");
        }
        string figure = by is null ? recipe.Program.Task is "Multiclass" or "Binary" ? ValidationAccuracy : ValidationLoss
            : RunResult.FigureNames.FirstOrDefault(name => Same(name, by)) ?? throw Unknown(by, RunResult.FigureNames);
        return recipe.Program.ValidationSet is null && figure is ValidationAccuracy or ValidationLoss
            ? throw new ArgumentException($"'{file}' has no data.validation, by which the runs are compared. "
                + "--set data.validation=0.1 takes a part of the training rows.")
            : figure;
    }

    /// <summary>The figure to compare methods by. None of them is chosen, so that it may well be one of the test rows.</summary>
    internal static string FigureToCompare(Recipe recipe, string? metric)
    {
        string[] tests = TestMetrics.NamesOf(Enum.Parse<LearnedTask>(recipe.Program.Task));
        string[] known = [.. recipe.Program.TestSet is null ? [] : tests,
            .. RunResult.FigureNames.Where(name => recipe.Program.ValidationSet is not null
                || name is not (ValidationAccuracy or ValidationLoss))];
        if (metric is not null)
            return known.FirstOrDefault(name => Same(name, metric)) ?? throw Unknown(metric, known, "--metric");
        return recipe.Program.TestSet is not null ? tests[0]
            : recipe.Program.ValidationSet is null ? throw new ArgumentException("The recipe has neither data.test nor data.validation to "
                + "compare by; --set data.test=0.2 takes a part of the training rows.")
            : tests[0] == "accuracy" ? ValidationAccuracy : ValidationLoss;
    }

    static bool Same(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    static ArgumentException Unknown(string by, IReadOnlyList<string> known, string option = "--by") => new(
        $"{option} {by}: there is no such figure."
        + $"{(NearestName.To(by, known) is { } meant ? $" Did you mean '{meant}'?" : "")} Known: {string.Join(", ", known)}.");

    // What was not measured, or is not a number, comes last in either direction.
    static double Sorted(RunResult result, string figure) => Figure(result, figure) is { } value && !double.IsNaN(value)
        ? RunResult.IsLargerBetter(figure) ? -value : value : double.PositiveInfinity;

    internal static double? Figure(RunResult result, string name) => result.Figures().FirstOrDefault(figure => figure.Name == name).Value;

    /// <summary>The table to read: columns in which nothing stands are left out.</summary>
    internal TextTable ToText()
    {
        string[] figures =
        [
            .. ((string?[])[By, TestMetric, "parameters", "inactive", "latency", "fileBytes", "seconds"]).OfType<string>().Distinct()
                .Where(name => rows.Any(row => Figure(row.Result, name) is not null)),
        ];
        var headings = keys.Zip(Grid.ShortNames(keys), (key, name) => rows.All(row => IsNumber(row.Run, key)) ? $"{name}#" : name);
        var table = new TextTable([.. headings, .. figures.Select(name => $"{Heading(name)}#")]);
        foreach (var (run, result) in rows)
        {
            table.Add([.. keys.Select(key => run.Varied.GetValueOrDefault(key)),
                .. figures.Select(name => Figure(result, name) is { } value ? RunResult.Text(name, value) : "")]);
        }
        return table;
    }

    static bool IsNumber(StudyRun run, string key) =>
        double.TryParse(run.Varied.GetValueOrDefault(key), NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    /// <summary>A figure's name over a column.</summary>
    internal string Heading(string figure) => figure switch
    {
        "latency" => "one row",
        "fileBytes" => "model file",
        "seconds" => "training",
        _ => figure == TestMetric ? $"test {RunResult.Words(figure)}" : RunResult.Words(figure),
    };

    /// <summary>Writes all figures, as plain numbers, into a folder.</summary>
    /// <returns>The file.</returns>
    internal string WriteCsv(string folder)
    {
        string[] figures = [.. rows.SelectMany(row => row.Result.Figures()).Select(figure => figure.Name).Distinct()];
        var table = new TextTable([.. keys, .. figures, "folder"]);
        foreach (var (run, result) in rows)
        {
            table.Add([.. keys.Select(key => run.Varied.GetValueOrDefault(key)),
                .. figures.Select(name => Figure(result, name)?.ToString("R", CultureInfo.InvariantCulture)), run.Name]);
        }
        string path = Path.Combine(folder, ResultsFile);
        WholeFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.Write(Csv.Of(table));
        });
        return path;
    }
}
