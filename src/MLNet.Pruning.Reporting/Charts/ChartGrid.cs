using System.Globalization;
using System.Net;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>Charts in rows and columns under one title, as a self-contained SVG.</summary>
/// <param name="Title">The title above the charts.</param>
/// <param name="Rows">The charts, row by row. A column is as wide as its widest chart, a row as high as its highest.</param>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed record ChartGrid(string Title, IReadOnlyList<IReadOnlyList<LineChart>> Rows)
{
    const int Heading = 44, Gap = 12;

    /// <summary>The charts as an svg element.</summary>
    public string ToSvg()
    {
        var heights = Rows.Select(row => row.Select(c => c.Height).DefaultIfEmpty().Max()).ToArray();
        var widths = Enumerable.Range(0, Rows.Select(row => row.Count).DefaultIfEmpty().Max())
            .Select(k => Rows.Where(row => row.Count > k).Max(row => row[k].Width)).ToArray();
        int width = Math.Max(320, widths.Sum() + Gap * Math.Max(0, widths.Length - 1));
        int height = Heading + heights.Sum() + Gap * Math.Max(0, heights.Length - 1);
        var svg = LineChart.Begin(width, height, Title);
        var title = WebUtility.HtmlEncode(Title);
        Frame.Element(svg, $"""<text x="12" y="26" font-size="17" font-weight="600" fill="currentColor">{title}</text>""");
        var y = Heading;
        for (var r = 0; r < Rows.Count; r++)
        {
            var x = 0;
            for (var k = 0; k < Rows[r].Count; k++)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({x} {y})\">\n{Rows[r][k].ToSvg()}</g>\n");
                x += widths[k] + Gap;
            }
            y += heights[r] + Gap;
        }
        return svg.Append("</svg>\n").ToString();
    }
}
