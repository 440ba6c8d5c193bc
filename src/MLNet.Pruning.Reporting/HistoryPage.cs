using System.Globalization;
using System.Net;
using System.Text;
using MLNet.Pruning.Reporting.Text;
using MLNet.Pruning.Training;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>A training history as one HTML page that needs nothing from outside.</summary>
public static class HistoryPage
{
    const int MostCuts = 20;

    const string Style = """
        :root { color-scheme: light dark; --line: #8884; }
        body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; } dt { opacity: .7; } dd { margin: 0; }
        .charts { display: flex; flex-wrap: wrap; gap: 1rem; } .charts svg { flex: 0 1 33rem; min-width: 0; height: auto; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        .n { text-align: right; } td.n { white-space: nowrap; } th { vertical-align: bottom; }
        """;

    /// <summary>The page.</summary>
    /// <param name="history">What to show.</param>
    /// <param name="title">The page's heading; the model's name when left out.</param>
    /// <param name="facts">Further lines for the list at the top, such as the test accuracy.</param>
    /// <param name="tables">Further tables under headings, such as a comparison with another model; they stand before the epochs.</param>
    public static string ToHtml(
        TrainingHistory history, string? title = null, IEnumerable<(string Name, string Value)>? facts = null, IEnumerable<(string Heading, TextTable Table)>? tables = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        title ??= history.Model;
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<h1>{Escape(title)}</h1>\n<dl>\n");
        foreach (var (name, value) in Facts(history).Concat(facts ?? []))
            page.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(name)}</dt><dd>{Escape(value)}</dd>\n");
        page.Append("</dl>\n<div class=\"charts\">\n");
        foreach (var chart in HistoryCharts.All(history))
            page.Append(chart.ToSvg());
        page.Append("</div>\n");
        foreach (var (heading, table) in tables ?? [])
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(heading)}</h2>\n");
            Append(page, table);
        }
        page.Append("<h2>Epochs</h2>\n");
        Append(page, HistoryTables.Epochs(history));
        if (history.Events.Count > 0)
        {
            var shown = Shown(history.Events);
            page.Append(CultureInfo.InvariantCulture, $"<h2>Pruning events{(shown.Count < history.Events.Count ? $" ({shown.Count} of {history.Events.Count})" : "")}</h2>\n");
            Append(page, HistoryTables.Events(history with { Events = shown }));
        }
        if (history.Scoring is { Count: > 0 } layers)
        {
            page.Append("<h2>Scoring of sparse layers</h2>\n");
            Append(page, HistoryTables.Scoring(layers));
            page.Append("<p>What a layer takes by LibTorch's dense product and by its weights that are on alone, measured when the training ended. Where the second is not faster, the layer stays dense.</p>\n");
        }
        return page.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>All events that removed neurons; of masks, which are cut very often, some from the first to the last.</summary>
    static List<PruningRecord> Shown(List<PruningRecord> events)
    {
        var cuts = events.Where(e => e.Weights is not null).ToList();
        if (cuts.Count <= MostCuts)
            return events;
        var kept = Enumerable.Range(0, MostCuts).Select(i => cuts[i * (cuts.Count - 1) / (MostCuts - 1)]).ToHashSet(ReferenceEqualityComparer.Instance);
        return [.. events.Where(e => e.Weights is null || kept.Contains(e))];
    }

    static IEnumerable<(string Name, string Value)> Facts(TrainingHistory history)
    {
        yield return ("Model", history.Model);
        if (history.Epochs.Count == 0)
            yield break;
        var last = history.Epochs[^1];
        yield return ("Parameters", last.Parameters == history.ParametersAtStart
            ? Count(last.Parameters)
            : $"{Count(history.ParametersAtStart)} at the start, {Count(last.Parameters)} at the end");
        yield return ("Training", $"{history.Epochs.Count} epoch{(history.Epochs.Count == 1 ? "" : "s")} of {Count(last.Rows)} rows in {Duration(history.Epochs.Sum(e => e.Seconds))}, {history.Replicas} replica{(history.Replicas == 1 ? "" : "s")}");
        if (history.Stopped is { } reason)
            yield return ("Stopped early", reason);
    }

    static void Append(StringBuilder page, TextTable table)
    {
        page.Append("<div class=\"wide\"><table>\n<tr>");
        for (var k = 0; k < table.Headings.Count; k++)
            page.Append(CultureInfo.InvariantCulture, $"<th{Class(table, k)}>{Escape(table.Headings[k])}</th>");
        page.Append("</tr>\n");
        foreach (var row in table.Rows)
        {
            page.Append("<tr>");
            for (var k = 0; k < row.Count; k++)
                page.Append(CultureInfo.InvariantCulture, $"<td{Class(table, k)}>{Escape(row[k])}</td>");
            page.Append("</tr>\n");
        }
        page.Append("</table></div>\n");
    }

    static string Class(TextTable table, int column) => table.IsNumber(column) ? " class=\"n\"" : "";

    static string Escape(string text) => WebUtility.HtmlEncode(text);
}
