using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>A self-contained HTML page about several runs side by side.</summary>
public static class ComparisonPage
{
    /// <summary>Makes the page.</summary>
    /// <param name="runs">The runs by name, at least two.</param>
    /// <param name="title">The page's heading; null for the number of runs.</param>
    /// <param name="reloadSeconds">After how long a browser loads the page again, for runs that are not over; null for never.</param>
    public static string ToHtml(
        IReadOnlyList<(string Name, TrainingHistory History)> runs, string? title = null, int? reloadSeconds = null)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfLessThan(runs.Count, 2);
        var follows = reloadSeconds is null ? null : "This page follows the runs.";
        var page = Html.Begin(title ?? $"{runs.Count} training runs", follows, reloadSeconds);
        page.Heading("Side by side").Table(Table(runs));
        HistoryPage.AppendCharts(page, "Curves", Charts(runs));
        if (Differences(runs) is { Rows.Count: > 0 } differences)
            page.Heading("What differs").Table(differences);
        return page.End();
    }

    /// <summary>Writes the page to a file in UTF-8, completely or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="runs">The runs by name, at least two.</param>
    /// <param name="title">The page's heading; null for the number of runs.</param>
    /// <param name="reloadSeconds">After how long a browser loads the page again, for runs that are not over; null for never.</param>
    public static void Save(
        string path, IReadOnlyList<(string Name, TrainingHistory History)> runs, string? title = null, int? reloadSeconds = null) =>
        HistoryPage.Write(path, ToHtml(runs, title, reloadSeconds));

    /// <summary>A row for each run: accuracy, parameters, size and time. Columns without data are left out.</summary>
    public static TextTable Table(IReadOnlyList<(string Name, TrainingHistory History)> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var all = runs.Select(r => (r.Name, r.History, Summary: new RunSummary(r.History))).ToArray();
        (string Heading, Func<(string Name, TrainingHistory History, RunSummary Summary), string> Cell)[] columns =
        [
            ("run", r => r.Name),
            ("model", r => r.Summary.Shape),
            ("validation accuracy#", r => Percent(r.Summary.Final?.ValidationAccuracy)),
            ("training accuracy#", r => Percent(r.Summary.Final?.Accuracy)),
            (all.All(r => r.Summary.IsValidated) ? "validation loss#" : "training loss#",
                r => Fixed(all.All(other => other.Summary.IsValidated) ? r.Summary.Loss : r.Summary.Final?.Loss)),
            ("parameters#", r => Count(r.Summary.Parameters)),
            ("not zero#", r => Count(r.Summary.NonZero)),
            ("as 32-bit floats#", r => Bytes(sizeof(float) * r.Summary.Parameters)),
            ("one row#", r => r.History.ScoringSpeed is { } speed ? Duration(speed.Latency) : ""),
            ("rows/s in batches#", r => Count(r.History.ScoringSpeed?.RowsPerSecond)),
            ("trained#", r => r.Summary.State),
            ("in#", r => Duration(r.Summary.Seconds)),
        ];
        columns = [.. columns.Where(c => all.Any(r => c.Cell(r).Length > 0))];
        var table = new TextTable([.. columns.Select(c => c.Heading)]);
        foreach (var run in all)
            table.Add([.. columns.Select(c => c.Cell(run))]);
        return table;
    }

    /// <summary>The same curve of all runs in each chart.</summary>
    public static IEnumerable<LineChart> Charts(IReadOnlyList<(string Name, TrainingHistory History)> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return new[]
        {
            Chart("Validation accuracy", "accuracy, %", e => 100 * e.ValidationAccuracy),
            Chart("Training accuracy", "accuracy, %", e => 100 * e.Accuracy),
            Chart("Validation loss", "loss", e => e.ValidationLoss),
            Chart("Training loss", "loss", e => e.Loss),
            Of("Parameters that are not zero", "% of those at the start", Left),
        }.Where(chart => chart.Series.Count > 0);

        LineChart Chart(string title, string unit, Func<EpochRecord, double?> value) => Of(title, unit, history =>
            history.Epochs.All(e => value(e) is null) ? [] : [.. history.Epochs.Select(e => ((double)e.Epoch, value(e) ?? double.NaN))]);

        LineChart Of(string title, string unit, Func<TrainingHistory, IReadOnlyList<(double X, double Y)>> points) =>
            new(title, "epoch", unit)
            {
                WholeX = true,
                Series = [.. runs.Select((run, k) => new Series(run.Name, points(run.History), Dashed: k >= 6) { Colour = k })
                    .Where(series => series.Points.Count > 0)],
            };
    }

    /// <summary>What is left after each event, from the start to the end.</summary>
    static IReadOnlyList<(double X, double Y)> Left(TrainingHistory history)
    {
        if (history.Events.Count == 0 || history.ParametersAtStart == 0)
            return [];
        var time = new RunTime(history);
        double Part(long parameters) => 100.0 * parameters / history.ParametersAtStart;
        return RunTime.InSteps(100, history.Events.Select(e => (time.Of(e), Part(e.ParametersAfter))), history.Epochs.Count);
    }

    /// <summary>The options, data, machines and versions that are not the same in all runs.</summary>
    static TextTable Differences(IReadOnlyList<(string Name, TrainingHistory History)> runs)
    {
        var table = new TextTable(["", .. runs.Select(r => r.Name.TrimEnd('#'))]);
        Dictionary<string, string>[] all = [.. runs.Select(r => Described(r.History))];
        foreach (var name in all.SelectMany(a => a.Keys).Distinct())
        {
            string[] values = [.. all.Select(a => a.GetValueOrDefault(name, ""))];
            if (values.Distinct().Count() > 1)
                table.Add([name, .. values]);
        }
        return table;
    }

    static Dictionary<string, string> Described(TrainingHistory history)
    {
        var all = new Dictionary<string, string>(history.Options) { ["Seed"] = FormattableString.Invariant($"{history.Seed}") };
        if (history.Data is { } data)
            all["rows"] = $"{Count(data.Rows)}, hash {data.Hash}";
        foreach (var (name, version) in history.Environment?.Versions ?? [])
            all[$"version of {name}"] = version;
        if (history.Environment is { } environment)
            all["processor"] = environment.Processor;
        return all;
    }
}
