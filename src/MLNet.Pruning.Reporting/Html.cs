using System.Globalization;
using System.Net;
using System.Text;
using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Reporting;

static class Html
{
    const string Style = """
        :root { color-scheme: light dark; --line: #8884; }
        body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; } dt { opacity: .7; } dd { margin: 0; }
        .charts { display: flex; flex-wrap: wrap; gap: 1rem; } .charts svg { flex: 0 1 33rem; min-width: 0; height: auto; }
        .figure > svg { max-width: 100%; height: auto; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        .n { text-align: right; } td.n { white-space: nowrap; } th { vertical-align: bottom; }
        """;

    /// <summary>The page up to its heading and the list of facts below it.</summary>
    public static StringBuilder Begin(string title, IEnumerable<(string Name, string Value)> facts)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Escape(title)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <h1>{Escape(title)}</h1>
            <dl>

            """);
        foreach (var (name, value) in facts)
            page.Append(CultureInfo.InvariantCulture, $"<dt>{Escape(name)}</dt><dd>{Escape(value)}</dd>\n");
        return page.Append("</dl>\n");
    }

    public static StringBuilder Heading(this StringBuilder page, string text) =>
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(text)}</h2>\n");

    public static StringBuilder Table(this StringBuilder page, TextTable table)
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
        return page.Append("</table></div>\n");
    }

    public static string End(this StringBuilder page) => page.Append("</body>\n</html>\n").ToString();

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    static string Class(TextTable table, int column) => table.IsNumber(column) ? " class=\"n\"" : "";
}
