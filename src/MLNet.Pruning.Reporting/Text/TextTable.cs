using System.Text;

namespace MLNet.Pruning.Reporting.Text;

/// <summary>A table as plain text: words are left-aligned, numbers right-aligned, with two blanks between columns.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed class TextTable
{
    readonly (string Heading, bool Number)[] columns;
    readonly List<string[]> rows = [];

    /// <summary>Makes a table with these columns; a heading that ends in '#' is that of a column of numbers.</summary>
    public TextTable(params string[] headings)
    {
        ArgumentNullException.ThrowIfNull(headings);
        columns = [.. headings.Select(h => h.EndsWith('#') ? (h[..^1], true) : (h, false))];
    }

    /// <summary>The headings without the '#' of number columns.</summary>
    public IReadOnlyList<string> Headings => [.. columns.Select(c => c.Heading)];

    /// <summary>The rows as they were added.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => rows;

    /// <summary>Whether a column holds numbers.</summary>
    public bool IsNumber(int column) => columns[column].Number;

    /// <summary>Adds a row; null is an empty cell.</summary>
    /// <exception cref="ArgumentException">The number of cells differs from the number of columns.</exception>
    public TextTable Add(params string?[] cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (cells.Length != columns.Length)
            throw new ArgumentException($"The row has {cells.Length} cells, the table {columns.Length} columns.", nameof(cells));
        rows.Add([.. cells.Select(c => c ?? "")]);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var widths = columns.Select((c, k) => rows.Select(r => r[k].Length).Append(c.Heading.Length).Max()).ToArray();
        var text = new StringBuilder();
        Line(text, widths, [.. columns.Select(c => c.Heading)]);
        text.AppendJoin("  ", widths.Select(w => new string('-', w))).Append('\n');
        foreach (var row in rows)
            Line(text, widths, row);
        return text.ToString();
    }

    void Line(StringBuilder text, int[] widths, string[] cells)
    {
        var line = string.Join("  ", cells.Select((c, k) => columns[k].Number ? c.PadLeft(widths[k]) : c.PadRight(widths[k])));
        text.Append(line.TrimEnd()).Append('\n');
    }
}
