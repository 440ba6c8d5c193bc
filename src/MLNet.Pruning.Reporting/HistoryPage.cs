using System.Globalization;
using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>
/// A self-contained HTML page about a training history: it loads nothing, follows the reader's choice of light or dark, and fits screens
/// from 360 pixels and paper.
/// </summary>
public static class HistoryPage
{
    const int MaximumCuts = 20, MaximumOpenRows = 30, MaximumHistograms = 6;

    /// <summary>Makes the page.</summary>
    /// <param name="history">The history.</param>
    /// <param name="title">The page's heading; null for the model's name and shapes.</param>
    /// <param name="facts">More entries for the list at the top, such as the name of the data.</param>
    /// <param name="tables">More tables with headings, such as a comparison with another model; they come before the epochs.</param>
    /// <param name="test">The model's answers to test rows; null for none.</param>
    /// <param name="command">The command that has trained the model; null for none.</param>
    /// <param name="reloadSeconds">After how long a browser loads the page again, for a run that is not over; null for never.</param>
    public static string ToHtml(
        TrainingHistory history,
        string? title = null,
        IEnumerable<(string Name, string Value)>? facts = null,
        IEnumerable<(string Heading, TextTable Table)>? tables = null,
        TestEvaluation? test = null,
        string? command = null,
        int? reloadSeconds = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        test?.Check();
        var summary = new RunSummary(history);
        var began = history.Environment is { Started: var at } && at > DateTimeOffset.UnixEpoch ? $"{Began(at)}; " : "";
        var follows = reloadSeconds is null ? "" : "; this page follows the run";
        var page = Html.Begin(title ?? summary.Shape, $"{began}{summary.State}{follows}", reloadSeconds);
        page.Tiles(summary.Tiles(test)).Facts(summary.Facts().Concat(facts ?? []));
        AppendCharts(page, "Accuracy and loss", HistoryCharts.Quality(history), wide: true);
        foreach (var (heading, table) in tables ?? [])
            page.Heading(heading).Table(table);
        if (history.Budget is { } budget)
            page.Heading("Budget").Table(HistoryTables.Budget(budget));
        AppendPruning(page, history);
        test?.AppendTo(page);
        AppendCharts(page, "Steps", HistoryCharts.Steps(history));
        AppendCharts(page, "Burden", BurdenLines.Of(history));
        AppendEpochs(page, history);
        AppendDetails(page, history, command);
        return page.End();
    }

    /// <summary>Writes the page to a file in UTF-8, completely or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="history">The history.</param>
    /// <param name="title">The page's heading; null for the model's name and shapes.</param>
    /// <param name="facts">More entries for the list at the top, such as the name of the data.</param>
    /// <param name="tables">More tables with headings, such as a comparison with another model; they come before the epochs.</param>
    /// <param name="test">The model's answers to test rows; null for none.</param>
    /// <param name="command">The command that has trained the model; null for none.</param>
    /// <param name="reloadSeconds">After how long a browser loads the page again, for a run that is not over; null for never.</param>
    public static void Save(
        string path,
        TrainingHistory history,
        string? title = null,
        IEnumerable<(string Name, string Value)>? facts = null,
        IEnumerable<(string Heading, TextTable Table)>? tables = null,
        TestEvaluation? test = null,
        string? command = null,
        int? reloadSeconds = null) =>
        Write(path, ToHtml(history, title, facts, tables, test, command, reloadSeconds));

    internal static void Write(string path, string page)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WholeFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
    }

    internal static void AppendCharts(StringBuilder page, string heading, IEnumerable<LineChart> charts, bool wide = false)
    {
        var all = charts.ToArray();
        if (all.Length == 0)
            return;
        page.Heading(heading).Append("<div class=\"charts\">\n");
        foreach (var chart in all)
            page.Append(chart.ToFigure(wide));
        page.Append("</div>\n");
    }

    static void AppendPruning(StringBuilder page, TrainingHistory history)
    {
        if (history.Events.Count == 0)
            return;
        AppendCharts(page, "Pruning", HistoryCharts.Pruning(history));
        var time = new RunTime(history);
        foreach (var ofWeights in new[] { false, true })
        {
            var layers = LayerSizes.Of(history, ofWeights);
            if (layers.Count > 0)
                page.Heading(ofWeights ? "Active weights of each layer" : "Neurons of each group")
                    .Table(HistoryTables.Layers(history, ofWeights), ("over the run", k => Spark(layers[k])));
        }
        if (history.Events.FindLast(e => e.Groups.Any(g => g.Scores.Count > 0)) is { } scored)
            AppendScores(page, scored);
        var shown = Shown(history.Events);
        var part = shown.Count < history.Events.Count ? $" ({shown.Count} of {history.Events.Count})" : "";
        page.Heading($"Pruning events{part}").Table(HistoryTables.Events(history with { Events = shown }));

        string Spark(LayerSizes layer) => Figure.Sparkline(
            layer.Left(time, history.Epochs.Count), $"{layer.Name}: {Count(layer.Start)} to {Count(layer.End)}");
    }

    /// <summary>How the scores of the neurons that went lay beside those that stayed.</summary>
    static void AppendScores(StringBuilder page, PruningRecord scored)
    {
        var charts = scored.Groups.Where(g => g.Scores.Count > 0).Select(group =>
        {
            var gone = group.Removed.ToHashSet();
            return new Histogram(group.Name, "importance", "neurons",
            [
                ("kept", [.. group.Scores.Where((_, neuron) => !gone.Contains(neuron))]),
                ("removed", [.. group.Scores.Where((_, neuron) => gone.Contains(neuron))]),
            ]).ToFigure();
        }).ToArray();
        page.Heading($"Importance of neurons before the last event, epoch {scored.Epoch}");
        Append(page, charts.Take(MaximumHistograms));
        if (charts.Length > MaximumHistograms)
            page.Folded("Other groups", $"{charts.Length - MaximumHistograms}", inner => Append(inner, charts.Skip(MaximumHistograms)));

        static void Append(StringBuilder page, IEnumerable<string> charts) =>
            page.Append("<div class=\"charts\">\n").AppendJoin("", charts).Append("</div>\n");
    }

    static void AppendEpochs(StringBuilder page, TrainingHistory history)
    {
        if (history.Epochs.Count == 0)
            return;
        page.Heading("Epochs");
        var table = HistoryTables.Epochs(history);
        if (history.Epochs.Count <= MaximumOpenRows)
            page.Table(table);
        else
            page.Folded("All epochs", $"{history.Epochs.Count}", inner => inner.Table(table));
    }

    static void AppendDetails(StringBuilder page, TrainingHistory history, string? command)
    {
        page.Heading("Details");
        if (history.Scoring is { Count: > 0 } layers)
        {
            var kernels = layers.GroupBy(l => l.Kernel).Select(g => $"{g.Count()} as {(g.Key.Length > 0 ? g.Key : "unknown")}");
            page.Folded("Scoring", $"{layers.Count} layer{(layers.Count == 1 ? "" : "s")}, {string.Join(", ", kernels)}", inner => inner
                .Paragraph("What computes each layer when the model scores; it follows from the layer's shape and its density.")
                .Table(HistoryTables.Scoring(layers)));
        }
        if (history.OptionsSet.Count > 0)
            page.Folded("Options that were set", string.Join(", ", history.OptionsSet),
                inner => inner.Table(HistoryTables.Options(history, set: true)));
        if (history.Options.Count > 0)
            page.Folded("All options", $"{history.Options.Count}", inner => inner.Table(HistoryTables.Options(history)));
        var rows = history.Data is { } data ? $" (their hash is {data.Hash})" : "";
        page.Folded("Seed", history.Seed.ToString(CultureInfo.InvariantCulture), inner => inner
            .Paragraph($"The same seed gives the same model, on the same machine with the same rows{rows}."));
        if (command is not null)
            page.Folded("Command", "", inner => inner.Append("<p><code>").Append(Html.Escape(command)).Append("</code></p>\n"));
        if (history.Environment is { } environment)
            page.Folded("Machine and versions", environment.Processor, inner => inner.Table(HistoryTables.Environment(environment)));
    }

    internal static string Began(DateTimeOffset at) => $"{at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC";

    /// <summary>All events that removed neurons, and a sample of the mask updates, which are frequent.</summary>
    static List<PruningRecord> Shown(List<PruningRecord> events)
    {
        var cuts = events.Where(e => e.Weights is not null).ToList();
        if (cuts.Count <= MaximumCuts)
            return events;
        var kept = Enumerable.Range(0, MaximumCuts).Select(i => cuts[i * (cuts.Count - 1) / (MaximumCuts - 1)])
            .ToHashSet(ReferenceEqualityComparer.Instance);
        return [.. events.Where(e => e.Weights is null || kept.Contains(e))];
    }
}
