using System.Net;
using System.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>One line of a chart. A NaN interrupts it.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Points">The points in the order in which they are joined.</param>
/// <param name="Dashed">Whether the line is dashed, to tell it apart without colour.</param>
public sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dashed = false)
{
    /// <summary>The index of the line's colour among the chart's six, from 0; null for the next one.</summary>
    public int? Colour { get; init; }

    /// <summary>The spread around each point, drawn as a band behind the line; null for none.</summary>
    public IReadOnlyList<double>? Spread { get; init; }

    /// <summary>The values that the axis must contain.</summary>
    internal IEnumerable<double> Extent =>
        Spread is null
            ? Points.Select(p => p.Y)
            : Points.Zip(Spread, (p, s) => double.IsFinite(s) ? s : 0).Zip(Points, (s, p) => (p.Y - s, p.Y + s))
                .SelectMany(y => new[] { y.Item1, y.Item2 });
}

/// <summary>A vertical line that marks an event.</summary>
/// <param name="X">Its position.</param>
/// <param name="Label">The tooltip.</param>
public sealed record Marker(double X, string Label);

/// <summary>Lines over an axis, as a self-contained SVG for light and dark pages.</summary>
public sealed record LineChart(string Title, string XLabel, string YLabel)
{
    const int Left = 64, Right = 16, TopWithLegend = 56, TopWithout = 34, TopWithNothing = 12, Bottom = 48;

    // The colours of Okabe and Ito, which readers with any colour vision can distinguish.
    static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    /// <summary>The lines.</summary>
    public IReadOnlyList<Series> Series { get; init; } = [];

    /// <summary>The vertical lines.</summary>
    public IReadOnlyList<Marker> Markers { get; init; } = [];

    /// <summary>Width in pixels.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height in pixels.</summary>
    public int Height { get; init; } = 320;

    /// <summary>Whether x has whole values only, such as epochs.</summary>
    public bool WholeX { get; init; }

    /// <summary>Whether to show the names of the lines above them.</summary>
    public bool Legend { get; init; } = true;

    /// <summary>The chart as an svg element.</summary>
    public string ToSvg()
    {
        var x = Axis.Around(Series.SelectMany(s => s.Points).Select(p => p.X).Concat(Markers.Select(m => m.X)), WholeX ? 12 : 8, WholeX);
        var y = Axis.Around(Series.SelectMany(s => s.Extent));
        var svg = Begin(Width, Height, Title, " font-size=\"12\"");
        Element(svg, $"""<text x="{Left}" y="20" font-size="14" font-weight="600" fill="currentColor">{Escape(Title)}</text>""");
        DrawAxes(svg, x, y);
        foreach (var marker in Markers)
        {
            Element(
                svg,
                $"""<line x1="{X(x, marker.X):F1}" x2="{X(x, marker.X):F1}" y1="{Top}" y2="{Height - Bottom}" stroke="currentColor" """,
                $"""stroke-opacity="0.45" stroke-dasharray="2 3"><title>{Escape(marker.Label)}</title></line>""");
        }
        for (var k = 0; k < Series.Count; k++)
            DrawBand(svg, Series[k], ColourOf(k), x, y);
        for (var k = 0; k < Series.Count; k++)
            DrawLine(svg, Series[k], ColourOf(k), x, y);
        if (Legend)
            DrawLegend(svg);
        return svg.Append("</svg>\n").ToString();
    }

    string ColourOf(int line) => Colours[(Series[line].Colour ?? line) % Colours.Length];

    int Top => Title.Length == 0 && !Legend ? TopWithNothing : Legend ? TopWithLegend : TopWithout;

    void DrawAxes(StringBuilder svg, Axis x, Axis y)
    {
        svg.Append("<g fill=\"currentColor\" stroke=\"none\">\n");
        foreach (var value in y.Labels())
        {
            var at = Y(y, value);
            Element(
                svg,
                $"""<line x1="{Left}" x2="{Width - Right}" y1="{at:F1}" y2="{at:F1}" stroke="currentColor" stroke-opacity="0.15"/>""",
                $"""<text x="{Left - 8}" y="{at + 4:F1}" text-anchor="end">{y.Text(value)}</text>""");
        }
        foreach (var value in x.Labels())
            Element(svg, $"""<text x="{X(x, value):F1}" y="{Height - Bottom + 18}" text-anchor="middle">{x.Text(value)}</text>""");
        var (below, middle) = (Height - Bottom, (Top + Height - Bottom) / 2);
        Element(svg, $"""<line x1="{Left}" x2="{Width - Right}" y1="{below}" y2="{below}" stroke="currentColor" stroke-opacity="0.6"/>""");
        Element(svg, $"""<text x="{(Left + Width - Right) / 2}" y="{Height - 10}" text-anchor="middle">{Escape(XLabel)}</text>""");
        Element(svg, $"""<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{Escape(YLabel)}</text>""");
        svg.Append("</g>\n");
    }

    void DrawBand(StringBuilder svg, Series series, string colour, Axis x, Axis y)
    {
        if (series.Spread is null)
            return;
        var points = series.Points.Zip(series.Spread, (p, s) => (p.X, p.Y, S: s)).Where(p => double.IsFinite(p.Y) && double.IsFinite(p.S))
            .ToArray();
        if (points.Length < 2)
            return;
        var edge = points.Select(p => (p.X, Y: p.Y + p.S)).Concat(points.Reverse().Select(p => (p.X, Y: p.Y - p.S)));
        var path = string.Join('L', edge.Select(p => Invariant($"{X(x, p.X):F1} {Y(y, p.Y):F1}")));
        Element(svg, $"""<path d="M{path}Z" fill="{colour}" fill-opacity="0.15" stroke="none"/>""");
    }

    void DrawLine(StringBuilder svg, Series series, string colour, Axis x, Axis y)
    {
        var path = new StringBuilder();
        var pen = 'M';
        foreach (var (px, py) in series.Points)
        {
            if (!double.IsFinite(px) || !double.IsFinite(py))
            {
                pen = 'M';
                continue;
            }
            path.Append(Invariant($"{pen}{X(x, px):F1} {Y(y, py):F1}"));
            pen = 'L';
        }
        Element(svg, $"""<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"{Dash(series)}/>""");
        // Points are drawn as dots if there are few; a single point has no line to be seen by.
        if (series.Points.Count > 30)
            return;
        foreach (var (px, py) in series.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)))
        {
            Element(
                svg,
                $"""<circle cx="{X(x, px):F1}" cy="{Y(y, py):F1}" r="3" fill="{colour}">""",
                $"""<title>{Escape(series.Name)}: {py:G6}</title></circle>""");
        }
    }

    void DrawLegend(StringBuilder svg)
    {
        double at = Left;
        for (var k = 0; k < Series.Count; k++)
        {
            Element(
                svg,
                $"""<line x1="{at:F0}" x2="{at + 22:F0}" y1="38" y2="38" stroke="{ColourOf(k)}" stroke-width="3"{Dash(Series[k])}/>""",
                $"""<text x="{at + 28:F0}" y="42" fill="currentColor">{Escape(Series[k].Name)}</text>""");
            at += 28 + 7.2 * Series[k].Name.Length + 22;
        }
    }

    internal static StringBuilder Begin(int width, int height, string title, string attributes = "")
    {
        var svg = new StringBuilder();
        Element(
            svg,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" """,
            $"""aria-label="{Escape(title)}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"{attributes}>""");
        return svg;
    }

    /// <summary>Appends a line to the file, composed of parts.</summary>
    internal static void Element(StringBuilder svg, params FormattableString[] parts)
    {
        foreach (var part in parts)
            svg.Append(Invariant(part));
        svg.Append('\n');
    }

    static string Dash(Series series) => series.Dashed ? " stroke-dasharray=\"6 4\"" : "";

    double X(Axis axis, double value) => Left + axis.Place(value) * (Width - Left - Right);

    double Y(Axis axis, double value) => Height - Bottom - axis.Place(value) * (Height - Top - Bottom);

    static string Escape(string text) => WebUtility.HtmlEncode(text);
}
