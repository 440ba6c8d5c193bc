using System.Text;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>What the figures of a page have in common.</summary>
static class Figure
{
    /// <summary>Opens a figure with its title.</summary>
    public static StringBuilder Begin(string title, bool wide) =>
        new($"<figure class=\"chart{(wide ? " wide" : "")}\">\n<figcaption>{Frame.Escape(title)}</figcaption>\n");

    /// <summary>A legend whose entries flow over as many lines as they need.</summary>
    public static void Legend(StringBuilder html, IEnumerable<(string Name, string Key)> keys)
    {
        html.Append("<ul class=\"legend\">\n");
        foreach (var (name, key) in keys)
            html.Append($"<li><svg width=\"22\" height=\"14\" aria-hidden=\"true\">{key}</svg>{Frame.Escape(name)}</li>\n");
        html.Append("</ul>\n");
    }

    /// <summary>A line of 120 x 24 pixels for a cell of a table, from 0 at the bottom to 1 at the top.</summary>
    public static string Sparkline(IReadOnlyList<(double X, double Y)> points, string description)
    {
        var frame = new Frame(new Axis(0, Math.Max(1, points[^1].X), 1), new Axis(0, 1, 1), Width: 116, Height: 20);
        var path = $"M{string.Join('L', points.Select(p => frame.Point(p.X, p.Y)))}";
        var (told, line) = (Frame.Escape(description), Frame.Colour(0));
        return $"""
            <svg class="spark" width="120" height="24" viewBox="-2 -2 120 24" role="img" aria-label="{told}"><title>{told}</title>
            <line x2="116" y1="20" y2="20" stroke="currentColor" stroke-opacity="0.25"/>
            <path d="{path}" {line} fill="none" stroke-width="1.5"/></svg>
            """;
    }
}
