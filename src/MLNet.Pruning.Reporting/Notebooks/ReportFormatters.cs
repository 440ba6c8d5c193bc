using System.Globalization;
using System.Text;
using MLNet.Pruning.Reporting.Burden;
using MLNet.Pruning.Reporting.Charts;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting.Notebooks;

/// <summary>
/// How notebooks show histories, burden studies, neuron groups, tables and charts. The pieces of HTML carry their own styles, and take the
/// notebook's font and colours.
/// </summary>
sealed class ReportFormatters
{
    const int MaximumEvents = 12;

    /// <summary>The formatters. Polyglot Notebooks finds this method by its name.</summary>
    public IEnumerable<object> CreateTypeFormatters() =>
    [
        new HtmlFormatter<TextTable>(Table),
        new HtmlFormatter<LineChart>(chart => Box(chart.ToSvg())),
        new HtmlFormatter<ChartGrid>(grid => Box(grid.ToSvg())),
        new HtmlFormatter<HeatMap>(map => Box(map.ToSvg())),
        new HtmlFormatter<TrainingHistory>(History),
        new HtmlFormatter<BurdenResult>(result =>
            Table(BurdenTables.Accuracy(result)) + Box(BurdenCharts.Accuracy(result).ToSvg())),
        new HtmlFormatter<NeuronMap>(Neurons),
        new HtmlFormatter<NeuronGroup>(group => Table(Groups([group]))),
    ];

    static string Table(TextTable table)
    {
        var html = new StringBuilder(
            "<table style=\"border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 4px 0 10px\">\n<thead><tr>");
        for (var k = 0; k < table.Headings.Count; k++)
            Cell(html, "th", table.IsNumber(k), table.Headings[k]);
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            html.Append("<tr>");
            for (var k = 0; k < row.Count; k++)
                Cell(html, "td", table.IsNumber(k), row[k]);
            html.Append("</tr>\n");
        }
        return Box(html.Append("</tbody>\n</table>\n").ToString());
    }

    // Headings and words break into lines where there is little room, numbers with their units do not.
    static void Cell(StringBuilder html, string tag, bool number, string text)
    {
        var style = $"text-align: {(number ? "right" : "left")}; padding: 2px 12px 2px 0"
            + (number && tag == "td" ? "; white-space: nowrap" : "");
        html.Append(CultureInfo.InvariantCulture, $"<{tag} style=\"{style}\">{Html.Escape(text)}</{tag}>");
    }

    /// <summary>What is too wide for the notebook scrolls.</summary>
    static string Box(string content) => $"<div style=\"overflow-x: auto\">\n{content}</div>\n";

    /// <summary>The run in a line, its charts, and its events. Times are left out, so that a run that is repeated looks the same.</summary>
    static string History(TrainingHistory history)
    {
        var run = new RunSummary(history);
        var html = new StringBuilder("<p><b>").Append(Html.Escape(run.Shape)).Append("</b><br>").Append(Html.Escape(run.State));
        if (run.Accuracy is { } accuracy)
            html.Append(run.IsValidated ? "; validation accuracy " : "; training accuracy ").Append(Percent(accuracy));
        html.Append("; ").Append(history.ParametersAtStart == run.NonZero ? "" : $"{Count(history.ParametersAtStart)} to ")
            .Append(Count(run.NonZero)).Append(run.NonZero == run.Parameters ? " parameters" : " parameters that are not zero")
            .Append("</p>\n");
        html.Append("<div style=\"display: flex; flex-wrap: wrap; gap: 12px\">\n");
        foreach (var chart in HistoryCharts.Quality(history).Concat(HistoryCharts.Pruning(history)))
            html.Append((chart with { Width = 480, Height = 270 }).ToSvg());
        html.Append("</div>\n");
        if (history.Budget is { } budget)
            html.Append(Table(HistoryTables.Budget(budget)));
        if (history.Events.Count is > 0 and <= MaximumEvents)
        {
            // Empty columns are left out, and with these the table would be wider than a notebook.
            var events = history.Events.ConvertAll(e => e with { Scheduled = null, MacsBefore = null, MacsAfter = null, Seconds = null });
            html.Append(Table(HistoryTables.Events(history with { Events = events })));
        }
        return html.ToString();
    }

    static string Neurons(NeuronMap map)
    {
        var html = Table(Groups(map.Groups));
        if (map.Skipped.Count == 0)
            return html;
        var skipped = new TextTable("left alone", "because");
        foreach (var (name, reason) in map.Skipped)
            skipped.Add(name, reason);
        return html + Table(skipped);
    }

    static TextTable Groups(IEnumerable<NeuronGroup> groups)
    {
        var table = new TextTable("group", "neurons#", "computed by", "passed on by", "read by");
        foreach (var group in groups)
        {
            table.Add(group.Name, Count(group.Size), Layers(NeuronSide.Out), Layers(NeuronSide.Through), Layers(NeuronSide.In));

            string Layers(NeuronSide side) => string.Join(", ", group.Members.Where(m => m.Side == side)
                .Select(m => m.Indices[0].Count > 1 ? $"{m.Path} ({m.Indices[0].Count} each)" : m.Path));
        }
        return table;
    }
}
