using System.Net;
using System.Text;
using static System.FormattableString;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>
/// The part of a chart between its axes. Across, places are percentages of the width, so that a page can draw the chart as wide as there
/// is room with text of the same size; down, they are pixels.
/// </summary>
/// <param name="X">The axis across.</param>
/// <param name="Y">The axis upwards.</param>
/// <param name="Width">The width in pixels of a chart that is not stretched.</param>
/// <param name="Height">The height in pixels.</param>
sealed record Frame(Axis X, Axis Y, int Width, int Height)
{
    public const int Left = 64, Right = 20, Bottom = 48;

    // The colours of Okabe and Ito, which readers with any colour vision can distinguish. Pages have lighter ones for dark backgrounds.
    static readonly string[] colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    /// <summary>A colour as attributes: of lines, or of areas.</summary>
    public static string Colour(int index, bool area = false) => area
        ? $"class=\"a{index % colours.Length}\" fill=\"{colours[index % colours.Length]}\""
        : $"class=\"c{index % colours.Length}\" stroke=\"{colours[index % colours.Length]}\"";

    /// <summary>
    /// Opens the area as an svg of a page, whose style gives it margins for what stands around it, and the width of its place.
    /// </summary>
    public void BeginFigure(StringBuilder svg, string description) => Element(svg, $"""
        <svg height="{Height}" role="img" aria-label="{Escape(description)}">
        """);

    /// <summary>Opens the area within a chart of fixed size.</summary>
    public void BeginWithin(StringBuilder svg, int top) => Element(svg, $"""
        <svg x="{Left}" y="{top}" width="{Width}" height="{Height}" overflow="visible">
        """);

    /// <summary>Draws the lines of the grid, and what the axes say.</summary>
    public void DrawAxes(StringBuilder svg, string across, string upwards)
    {
        svg.Append("<g fill=\"currentColor\" stroke=\"none\">\n");
        foreach (var value in Y.Labels())
        {
            var at = Down(value);
            Element(
                svg,
                $"""<line x1="0" x2="100%" y1="{at:F1}" y2="{at:F1}" stroke="currentColor" stroke-opacity="0.15"/>""",
                $"""<text x="-8" y="{at + 4:F1}" text-anchor="end">{Y.Text(value)}</text>""");
        }
        foreach (var value in X.Labels())
            Element(svg, $"""<text x="{Across(value)}" y="{Height + 18}" text-anchor="middle">{X.Text(value)}</text>""");
        Element(svg, $"""<line x1="0" x2="100%" y1="{Height}" y2="{Height}" stroke="currentColor" stroke-opacity="0.6"/>""");
        Element(svg, $"""<text x="50%" y="{Height + 38}" text-anchor="middle">{Escape(across)}</text>""");
        Element(svg, $"""<text transform="translate(-53 {Height / 2}) rotate(-90)" text-anchor="middle">{Escape(upwards)}</text>""");
        svg.Append("</g>\n");
    }

    /// <summary>A place across as a percentage of the width.</summary>
    public string Across(double value) => Invariant($"{100 * X.Place(value):0.##}%");

    /// <summary>A place down in pixels.</summary>
    public double Down(double value) => Height * (1 - Y.Place(value));

    /// <summary>Opens an area for paths, whose places must be numbers: it is stretched, and lines in it keep their width.</summary>
    public void BeginPaths(StringBuilder svg) => Element(svg, $"""
        <svg viewBox="0 0 {Width} {Height}" preserveAspectRatio="none" width="100%" height="{Height}" overflow="visible">
        """);

    /// <summary>A point of a path.</summary>
    public string Point(double x, double y) => Invariant($"{Width * X.Place(x):0.##} {Down(y):0.##}");

    /// <summary>Appends a line to the file, composed of parts.</summary>
    public static void Element(StringBuilder svg, params FormattableString[] parts)
    {
        foreach (var part in parts)
            svg.Append(Invariant(part));
        svg.Append('\n');
    }

    public static string Escape(string text) => WebUtility.HtmlEncode(text);
}
