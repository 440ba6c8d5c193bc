using System.Globalization;
using System.Net;
using System.Text;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting;

/// <summary>A page of one file: its style, and its parts.</summary>
static class Html
{
    static readonly Lazy<string> style = new(() =>
    {
        using var stream = typeof(Html).Assembly.GetManifestResourceStream("page.css")!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd().ReplaceLineEndings("\n");
    });

    /// <summary>The page up to its heading and the list of facts below it.</summary>
    public static StringBuilder Begin(string title, IEnumerable<(string Name, string Value)> facts) => Begin(title).Facts(facts);

    /// <summary>The page up to its heading.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="under">A line under it; null for none.</param>
    /// <param name="reloadSeconds">After how long the page loads itself again; null for never.</param>
    public static StringBuilder Begin(string title, string? under = null, int? reloadSeconds = null)
    {
        var page = new StringBuilder();
        var reload = reloadSeconds is null ? ""
            : FormattableString.Invariant($"""<meta http-equiv="refresh" content="{reloadSeconds}">""") + "\n";
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="data:,">
            {reload}<title>{Escape(title)}</title>
            <style>
            {style.Value}</style>
            </head>
            <body>
            <h1>{Escape(title)}</h1>

            """);
        return under is null ? page : page.Paragraph(under, "sub");
    }

    public static StringBuilder Facts(this StringBuilder page, IEnumerable<(string Name, string Value)> facts)
    {
        page.Append("<dl>\n");
        foreach (var (name, value) in facts)
            page.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(name)}</dt><dd>{Escape(value)}</dd>\n");
        return page.Append("</dl>\n");
    }

    /// <summary>The numbers that matter, large: what it is, the number, and what else there is to say of it.</summary>
    public static StringBuilder Tiles(this StringBuilder page, IEnumerable<(string Name, string Value, string Note)> tiles)
    {
        page.Append("<div class=\"tiles\">\n");
        foreach (var (name, value, note) in tiles)
        {
            page.Append(CultureInfo.InvariantCulture,
                $"<div class=\"tile\"><span>{Escape(name)}</span><b>{Escape(value)}</b><small>{Escape(note)}</small></div>\n");
        }
        return page.Append("</div>\n");
    }

    public static StringBuilder Heading(this StringBuilder page, string text) =>
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(text)}</h2>\n");

    public static StringBuilder Paragraph(this StringBuilder page, string text, string style = "") =>
        page.Append(CultureInfo.InvariantCulture, $"<p{(style.Length > 0 ? $" class=\"{style}\"" : "")}>{Escape(text)}</p>\n");

    /// <summary>What is shown when it is asked for: a summary, and what lies under it.</summary>
    public static StringBuilder Folded(this StringBuilder page, string name, string summary, Action<StringBuilder> content)
    {
        page.Append(CultureInfo.InvariantCulture,
            $"<details><summary><b>{Escape(name)}</b>{(summary.Length > 0 ? ": " : "")}{Escape(summary)}</summary>\n");
        content(page);
        return page.Append("</details>\n");
    }

    /// <summary>A table, which scrolls in its box where it is too wide.</summary>
    /// <param name="page">The page.</param>
    /// <param name="table">The table.</param>
    /// <param name="drawing">A last column, as HTML by row; null for none.</param>
    public static StringBuilder Table(this StringBuilder page, TextTable table, (string Heading, Func<int, string> Cell)? drawing = null)
    {
        page.Append("<div class=\"box\"><table>\n<thead><tr>");
        for (var k = 0; k < table.Headings.Count; k++)
            page.Append(CultureInfo.InvariantCulture, $"<th{Class(table, k)}>{Escape(table.Headings[k])}</th>");
        page.Append(drawing is { } last ? $"<th>{Escape(last.Heading)}</th>" : "").Append("</tr></thead>\n<tbody>\n");
        for (var r = 0; r < table.Rows.Count; r++)
        {
            page.Append("<tr>");
            for (var k = 0; k < table.Headings.Count; k++)
                page.Append(CultureInfo.InvariantCulture, $"<td{Class(table, k)}>{Escape(table.Rows[r][k])}</td>");
            page.Append(drawing is { } cells ? $"<td>{cells.Cell(r)}</td>" : "").Append("</tr>\n");
        }
        return page.Append("</tbody>\n</table></div>\n");
    }

    public static string End(this StringBuilder page) => page.Append("</body>\n</html>\n").ToString();

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    static string Class(TextTable table, int column) => table.IsNumber(column) ? " class=\"n\"" : "";
}
