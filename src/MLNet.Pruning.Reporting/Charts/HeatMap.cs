using System.Globalization;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>A table of numbers as coloured cells with the numbers in them, as a self-contained SVG for light and dark pages.</summary>
/// <param name="Title">The title above the cells.</param>
/// <param name="Rows">The rows' names, from the top.</param>
/// <param name="Columns">The columns' names, from the left.</param>
/// <param name="Values">A number for each row and column. NaN and infinities leave a cell empty.</param>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed record HeatMap(string Title, IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, double[,] Values)
{
    const int CellHeight = 34, Left = 12, Top = 62, Letter = 7, Widest = 72;

    /// <summary>The format of the numbers, such as "P0" for percent.</summary>
    public string Format { get; init; } = "0.00";

    /// <summary>The heat map as an svg element. The deepest colour is that of the number farthest from 0; below 0 it is orange.</summary>
    /// <exception cref="InvalidOperationException">There are not as many numbers as rows and columns have.</exception>
    public string ToSvg()
    {
        if (Values.GetLength(0) != Rows.Count || Values.GetLength(1) != Columns.Count)
        {
            throw new InvalidOperationException($"The heat map has {Values.GetLength(0)} x {Values.GetLength(1)} numbers; its "
                + $"{Rows.Count} rows and {Columns.Count} columns want {Rows.Count} x {Columns.Count}.");
        }
        var names = Left + Letter * Rows.Select(name => name.Length).DefaultIfEmpty().Max() + 12;
        var cell = Math.Max(Widest, Letter * Columns.Select(name => name.Length).DefaultIfEmpty().Max() + 10);
        var width = Math.Max(names + cell * Columns.Count + 12, 2 * Left + 9 * Title.Length);
        var height = Top + CellHeight * Rows.Count + 12;
        var largest = Values.Cast<double>().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        var svg = LineChart.Begin(width, height, Title, " font-size=\"12\" fill=\"currentColor\"");
        Text(Left, 22, "start", Title, " font-size=\"14\" font-weight=\"600\"");
        for (var column = 0; column < Columns.Count; column++)
            Text(names + cell * column + cell / 2, Top - 10, "middle", Columns[column]);
        for (var row = 0; row < Rows.Count; row++)
        {
            var (top, line) = (Top + CellHeight * row, Top + CellHeight * row + CellHeight / 2 + 4);
            Text(names - 10, line, "end", Rows[row]);
            for (var column = 0; column < Columns.Count; column++)
            {
                var value = Values[row, column];
                if (!double.IsFinite(value))
                    continue;
                var (left, depth) = (names + cell * column, largest > 0 ? Math.Abs(value) / largest : 0);
                var opacity = 0.06 + 0.84 * depth;
                var colour = value < 0 ? "#d55e00" : "#0072b2";
                svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{left + 1}\" y=\"{top + 1}\" width=\"{cell - 2}\" ")
                    .Append(CultureInfo.InvariantCulture, $"height=\"{CellHeight - 2}\" rx=\"3\" fill=\"{colour}\" ")
                    .Append(CultureInfo.InvariantCulture, $"fill-opacity=\"{opacity:F2}\"/>\n");
                var ink = depth > 0.55 ? " fill=\"#fff\"" : "";
                Text(left + cell / 2, line, "middle", value.ToString(Format, CultureInfo.InvariantCulture), ink);
            }
        }
        return svg.Append("</svg>\n").ToString();

        void Text(int x, int y, string anchor, string text, string ink = "") => svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\"{ink}>{Frame.Escape(text)}</text>\n");
    }
}
