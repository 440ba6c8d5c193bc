using System.Text;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>How many values lie in each of equal ranges, with the values of several sets stacked, as a figure of a page.</summary>
/// <param name="Title">The title.</param>
/// <param name="XLabel">What the values are.</param>
/// <param name="YLabel">What is counted.</param>
/// <param name="Sets">The sets by name, the lowest in the stack first. NaN and infinities are left out.</param>
sealed record Histogram(string Title, string XLabel, string YLabel, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> Sets)
{
    const int Bins = 24, Width = 560, Height = 150;

    internal string ToFigure()
    {
        var values = Sets.SelectMany(s => s.Values).Where(double.IsFinite).ToArray();
        var (low, high) = (values.DefaultIfEmpty(0).Min(), values.DefaultIfEmpty(1).Max());
        var width = high > low ? (high - low) / Bins : 1;
        var counts = Sets.Select(s => Counted(s.Values, low, width)).ToArray();
        var most = Enumerable.Range(0, Bins).Max(bin => counts.Sum(c => c[bin]));
        var frame = new Frame(
            Axis.Around([low, high > low ? high : low + 1], 5), Axis.Around([0, most], 4, whole: true), Width, Height);
        var html = Figure.Begin(Title, wide: false);
        Figure.Legend(html, Sets.Select((s, k) => (s.Name, $"<rect y=\"1\" width=\"12\" height=\"12\" {Frame.Colour(k, area: true)}/>")));
        var told = $"{Title}: {string.Join(", ", Sets.Select(s => $"{s.Values.Count} {s.Name}"))}";
        frame.BeginFigure(html, told);
        frame.DrawAxes(html, XLabel, YLabel);
        for (var bin = 0; bin < Bins; bin++)
        {
            var below = 0;
            for (var k = 0; k < Sets.Count; k++)
            {
                DrawBar(html, frame, (low + bin * width, low + (bin + 1) * width), below, counts[k][bin], k);
                below += counts[k][bin];
            }
        }
        return html.Append("</svg>\n</figure>\n").ToString();
    }

    void DrawBar(StringBuilder html, Frame frame, (double From, double To) range, int below, int count, int set)
    {
        if (count == 0)
            return;
        var (top, bottom) = (frame.Down(below + count), frame.Down(below));
        var across = 100 * (frame.X.Place(range.To) - frame.X.Place(range.From));
        Frame.Element(
            html,
            $"""<rect {Frame.Colour(set, area: true)} x="{frame.Across(range.From)}" width="{0.94 * across:0.##}%" y="{top:F1}" """,
            $"""height="{bottom - top:F1}"><title>{Frame.Escape(Sets[set].Name)}: {count} from {range.From:G4} to {range.To:G4}""",
            $"""</title></rect>""");
    }

    static int[] Counted(IEnumerable<double> values, double low, double width)
    {
        var counts = new int[Bins];
        foreach (var value in values.Where(double.IsFinite))
            counts[Math.Min(Bins - 1, (int)((value - low) / width))]++;
        return counts;
    }
}
