using MLNet.Pruning.Reporting.Text;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>Writes tables as comma-separated values.</summary>
internal static class Csv
{
    internal static string Of(TextTable table) =>
        string.Concat(table.Rows.Prepend(table.Headings).Select(row => string.Join(',', row.Select(Cell)) + "\n"));

    static string Cell(string text) => text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text
        : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
