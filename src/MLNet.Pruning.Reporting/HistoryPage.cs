using System.Text;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>A self-contained HTML page about a training history.</summary>
public static class HistoryPage
{
    const int MaximumCuts = 20;

    /// <summary>Makes the page.</summary>
    /// <param name="history">The history.</param>
    /// <param name="title">The page's heading; null for the model's name.</param>
    /// <param name="facts">More entries for the list at the top, such as the test accuracy.</param>
    /// <param name="tables">More tables with headings, such as a comparison with another model; they come before the epochs.</param>
    public static string ToHtml(
        TrainingHistory history,
        string? title = null,
        IEnumerable<(string Name, string Value)>? facts = null,
        IEnumerable<(string Heading, TextTable Table)>? tables = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        title ??= history.Model;
        var page = Html.Begin(title, Facts(history).Concat(facts ?? []));
        page.Append("<div class=\"charts\">\n");
        foreach (var chart in HistoryCharts.All(history))
            page.Append(chart.ToSvg());
        page.Append("</div>\n");
        foreach (var (heading, table) in tables ?? [])
            page.Heading(heading).Table(table);
        if (history.Budget is { } budget)
            page.Heading("Budget").Table(HistoryTables.Budget(budget));
        page.Heading("Epochs").Table(HistoryTables.Epochs(history));
        if (history.Events.Count > 0)
        {
            var shown = Shown(history.Events);
            var part = shown.Count < history.Events.Count ? $" ({shown.Count} of {history.Events.Count})" : "";
            page.Heading($"Pruning events{part}").Table(HistoryTables.Events(history with { Events = shown }));
        }
        if (history.Scoring is { Count: > 0 } layers)
        {
            page.Heading("Scoring").Table(HistoryTables.Scoring(layers));
            page.Append("<p>What computes each layer when the model scores; it follows from the layer's shape and its density.</p>\n");
        }
        if (history.Options.Count > 0)
            page.Heading("Options").Table(HistoryTables.Options(history));
        if (history.Environment is { } environment)
            page.Heading("Environment").Table(HistoryTables.Environment(environment));
        return page.End();
    }

    /// <summary>Writes the page to a file in UTF-8, completely or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="history">The history.</param>
    /// <param name="title">The page's heading; null for the model's name.</param>
    /// <param name="facts">More entries for the list at the top, such as the test accuracy.</param>
    /// <param name="tables">More tables with headings, such as a comparison with another model; they come before the epochs.</param>
    public static void Save(
        string path,
        TrainingHistory history,
        string? title = null,
        IEnumerable<(string Name, string Value)>? facts = null,
        IEnumerable<(string Heading, TextTable Table)>? tables = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] page = Encoding.UTF8.GetBytes(ToHtml(history, title, facts, tables));
        WholeFile.Write(path, stream => stream.Write(page));
    }

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

    static IEnumerable<(string Name, string Value)> Facts(TrainingHistory history)
    {
        yield return ("Model", history.Model);
        if (history.Data is { } data)
        {
            yield return ("Training rows", $"{Count(data.Rows)} of {string.Join(" x ", data.Shape)} numbers, hash {data.Hash}");
            yield return ("Seed", history.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        if (history.Epochs.Count == 0)
            yield break;
        var last = history.Epochs[^1];
        yield return ("Parameters", last.Parameters == history.ParametersAtStart
            ? Count(last.Parameters)
            : $"{Count(history.ParametersAtStart)} at the start, {Count(last.Parameters)} at the end");
        yield return ("Training", $"{history.Epochs.Count} epoch{(history.Epochs.Count == 1 ? "" : "s")} of {Count(last.Rows)} rows in "
            + $"{Duration(history.Epochs.Sum(e => e.Seconds))}, {history.Replicas} replica{(history.Replicas == 1 ? "" : "s")}");
        if (history.Budget is { } budget)
        {
            yield return ("Budget", budget.Budget);
            if (budget.Ended is { } why)
                yield return ($"Pruning ended after {budget.Epoch} epoch{(budget.Epoch == 1 ? "" : "s")}", why);
        }
        if (history.ScoringSpeed is { } speed)
            yield return ("Scoring, one thread", $"{Duration(speed.Latency)} a row, {Count(speed.RowsPerSecond)} rows/s in batches");
        if (history.Stopped is { } reason)
            yield return ("Stopped early", reason);
    }
}
