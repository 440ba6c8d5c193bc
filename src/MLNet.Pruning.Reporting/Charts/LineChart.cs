using System.Globalization;
using System.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>Lines over an axis: as an SVG that stands by itself, or as a figure of a page.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed record LineChart(string Title, string XLabel, string YLabel)
{
    const int TopWithLegend = 56, TopWithout = 34, TopWithNothing = 12;

    // Few points are dots, each with a tooltip; of more, only the tooltips are there.
    const int MaximumDots = 30, MaximumTooltips = 250;

    // As many as fit a narrow screen.
    const int MaximumLabels = 7;

    static readonly string[] dashes = ["2 3", "7 3", "1 5", "10 3 2 3"];

    /// <summary>The lines.</summary>
    public IReadOnlyList<Series> Series { get; init; } = [];

    /// <summary>The vertical lines and shaded stretches.</summary>
    public IReadOnlyList<Marker> Markers { get; init; } = [];

    /// <summary>Values that the axis contains upwards, such as 0 for a fraction; those of the lines are always there.</summary>
    public IReadOnlyList<double> YIncludes { get; init; } = [];

    /// <summary>Width in pixels; a page ignores it.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height in pixels.</summary>
    public int Height { get; init; } = 320;

    /// <summary>Whether x has whole values only, such as epochs.</summary>
    public bool WholeX { get; init; }

    /// <summary>Whether to show the names of the lines above them.</summary>
    public bool Legend { get; init; } = true;

    /// <summary>The chart as an svg element, with its title and its legend.</summary>
    public string ToSvg()
    {
        var svg = Begin(Width, Height, Description, " font-size=\"12\"");
        var title = Frame.Escape(Title);
        Element(svg, $"""<text x="{Frame.Left}" y="20" font-size="14" font-weight="600" fill="currentColor">{title}</text>""");
        var frame = Framed(Height - Top - Frame.Bottom);
        frame.BeginWithin(svg, Top);
        DrawArea(svg, frame);
        if (Legend)
            DrawLegend(svg);
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>The chart as a figure of a page: as wide as there is room, with text of the page's size, and its legend above it.</summary>
    internal string ToFigure(bool wide = false)
    {
        var html = Figure.Begin(Title, wide);
        var keys = Keys.ToArray();
        if (keys.Length > 1 || Markers.Count > 0)
            Figure.Legend(html, keys);
        var frame = Framed(Height - TopWithLegend - Frame.Bottom);
        frame.BeginFigure(html, Description);
        DrawArea(html, frame);
        return html.Append("</figure>\n").ToString();
    }

    Frame Framed(int height)
    {
        var across = Series.SelectMany(s => s.Points).Select(p => p.X).Concat(Markers.SelectMany(m => new[] { m.X, m.Until ?? m.X }));
        return new(Axis.Around(across, MaximumLabels, WholeX), Axis.Around(Series.SelectMany(s => s.Extent).Concat(YIncludes)),
            Width - Frame.Left - Frame.Right, height);
    }

    /// <summary>What a reader who does not see the chart is told: the lines' first and last values.</summary>
    string Description => string.Join("; ", Series.Select(Told).Prepend($"{Title}: {YLabel} by {XLabel}").Where(text => text.Length > 0));

    static string Told(Series series)
    {
        var finite = series.Points.Where(p => double.IsFinite(p.Y)).Select(p => p.Y).ToArray();
        return finite.Length == 0 ? "" : Invariant($"{series.Name} from {finite[0]:G4} to {finite[^1]:G4}");
    }

    void DrawArea(StringBuilder svg, Frame frame)
    {
        foreach (var marker in Markers.Where(m => m.Until is not null))
            DrawStretch(svg, marker, frame);
        frame.DrawAxes(svg, XLabel, YLabel);
        foreach (var marker in Markers.Where(m => m.Until is null))
            DrawMarker(svg, marker, frame);
        frame.BeginPaths(svg);
        for (var k = 0; k < Series.Count; k++)
            DrawBand(svg, Series[k], ColourOf(k), frame);
        for (var k = 0; k < Series.Count; k++)
            DrawLine(svg, Series[k], ColourOf(k), frame);
        svg.Append("</svg>\n");
        for (var k = 0; k < Series.Count; k++)
            DrawDots(svg, Series[k], ColourOf(k), frame);
        svg.Append("</svg>\n");
    }

    int ColourOf(int line) => Series[line].Colour ?? line;

    int Top => Title.Length == 0 && !Legend ? TopWithNothing : Legend ? TopWithLegend : TopWithout;

    static void DrawStretch(StringBuilder svg, Marker marker, Frame frame)
    {
        var width = 100 * (frame.X.Place(marker.Until!.Value) - frame.X.Place(marker.X));
        Element(
            svg,
            $"""<rect x="{frame.Across(marker.X)}" width="{width:0.##}%" y="0" height="{frame.Height}" fill="currentColor" """,
            $"""fill-opacity="0.07"><title>{Frame.Escape(marker.Label)}</title></rect>""");
    }

    // Below the dashes lies a broad line that is not seen, for the pointer.
    void DrawMarker(StringBuilder svg, Marker marker, Frame frame)
    {
        var x = frame.Across(marker.X);
        Element(
            svg,
            $"""<g class="marker" stroke="currentColor"><title>{Frame.Escape(marker.Label)}</title>""",
            $"""<line x1="{x}" x2="{x}" y1="0" y2="{frame.Height}" stroke-width="11" stroke-opacity="0"/>""",
            $"""<line x1="{x}" x2="{x}" y1="0" y2="{frame.Height}" stroke-opacity="0.55" stroke-dasharray="{DashOf(marker.Kind)}"/></g>""");
    }

    string DashOf(string kind) =>
        dashes[Markers.Where(m => m.Until is null).Select(m => m.Kind).Distinct().TakeWhile(k => k != kind).Count() % dashes.Length];

    static void DrawBand(StringBuilder svg, Series series, int colour, Frame frame)
    {
        if (series.Spread is null)
            return;
        var points = series.Points.Zip(series.Spread, (p, s) => (p.X, p.Y, S: s)).Where(p => double.IsFinite(p.Y) && double.IsFinite(p.S))
            .ToArray();
        if (points.Length < 2)
            return;
        var edge = points.Select(p => (p.X, Y: p.Y + p.S)).Concat(points.Reverse().Select(p => (p.X, Y: p.Y - p.S)));
        var path = string.Join('L', edge.Select(p => frame.Point(p.X, p.Y)));
        Element(svg, $"""<path d="M{path}Z" {Frame.Colour(colour, area: true)} fill-opacity="0.15"/>""");
    }

    static void DrawLine(StringBuilder svg, Series series, int colour, Frame frame)
    {
        var path = new StringBuilder();
        var pen = 'M';
        foreach (var (x, y) in series.Drawn)
        {
            if (!double.IsFinite(x) || !double.IsFinite(y))
            {
                pen = 'M';
                continue;
            }
            path.Append(pen).Append(frame.Point(x, y));
            pen = 'L';
        }
        Element(
            svg,
            $"""<path d="{path}" {Frame.Colour(colour)} fill="none" stroke-width="2" stroke-linejoin="round" """,
            $"""vector-effect="non-scaling-stroke"{Dash(series)}/>""");
    }

    void DrawDots(StringBuilder svg, Series series, int colour, Frame frame)
    {
        if (series.Points.Count > MaximumTooltips)
            return;
        var look = series.Points.Count <= MaximumDots ? "r=\"3\"" : "r=\"6\" fill-opacity=\"0\"";
        foreach (var (x, y) in series.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)))
        {
            Element(
                svg,
                $"""<circle cx="{frame.Across(x)}" cy="{frame.Down(y):F1}" {Frame.Colour(colour, area: true)} {look}>""",
                $"""<title>{Frame.Escape($"{series.Name}: {Text(y)} at {XLabel} {Text(x)}")}</title></circle>""");
        }
    }

    static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>The entries of the legend: a name, and what is drawn before it in 22 x 14 pixels.</summary>
    IEnumerable<(string Name, string Key)> Keys => Series.Select((s, k) => (s.Name, LineKey(s, k)))
        .Concat(Markers.DistinctBy(m => (m.Kind, m.Until)).Select(m => (m.Kind, MarkerKey(m))));

    string LineKey(Series series, int line) =>
        $"""<line x1="0" x2="22" y1="7" y2="7" {Frame.Colour(ColourOf(line))} stroke-width="3"{Dash(series)}/>""";

    string MarkerKey(Marker marker) => marker.Until is not null
        ? """<rect width="22" height="14" fill="currentColor" fill-opacity="0.15"/>"""
        : $"""<line x1="11" x2="11" y1="0" y2="14" stroke="currentColor" stroke-opacity="0.7" stroke-dasharray="{DashOf(marker.Kind)}"/>""";

    void DrawLegend(StringBuilder svg)
    {
        double at = Frame.Left;
        foreach (var (name, key) in Keys)
        {
            Element(
                svg,
                $"""<g transform="translate({at:F0} 31)">{key}""",
                $"""<text x="28" y="11" fill="currentColor">{Frame.Escape(name)}</text></g>""");
            at += 28 + 7.2 * name.Length + 22;
        }
    }

    internal static StringBuilder Begin(int width, int height, string title, string attributes = "")
    {
        var svg = new StringBuilder();
        Element(
            svg,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" """,
            $"""aria-label="{Frame.Escape(title)}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"{attributes}>""");
        return svg;
    }

    static void Element(StringBuilder svg, params FormattableString[] parts) => Frame.Element(svg, parts);

    static string Dash(Series series) => series.Dashed ? " stroke-dasharray=\"6 4\"" : "";
}
