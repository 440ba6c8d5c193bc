using System.Globalization;
using MLNet.Pruning.Recipes;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>What a CSV file holds, judged by its first rows.</summary>
/// <param name="Separator">What stands between values.</param>
/// <param name="Label">The column to learn.</param>
/// <param name="IsRegression">Whether the label is a number of many values, and not one of a few classes.</param>
/// <param name="Numbers">The columns of numbers to learn from.</param>
/// <param name="Texts">The columns of texts to learn from; those with a value of its own in most rows are left out.</param>
internal sealed record TableFile(char Separator, string Label, bool IsRegression, string[] Numbers, string[] Texts)
{
    const int RowsToJudge = 1_000, MaximumClasses = 20;

    internal static TableFile Read(string file, string? label)
    {
        using var reader = new StreamReader(file);
        var (header, separator) = Header(reader.ReadLine(), file);
        if (header.Length < 2)
            throw new InvalidDataException($"'{file}' has one column, '{header[0]}'; a label and at least one feature are needed.");
        label ??= header[^1];
        if (!header.Contains(label))
            throw new ArgumentException($"'{file}' has no column '{label}'. It has {string.Join(", ", header)}.");
        List<string[]> rows = [];
        while (rows.Count < RowsToJudge && reader.ReadLine() is { } line)
        {
            if (line.Length > 0)
                rows.Add([.. CsvFile.Split(line, separator)]);
        }
        if (rows.Count == 0)
            throw new InvalidDataException($"'{file}' has no rows below its first line.");
        var values = header.Index().ToDictionary(
            column => column.Item,
            column => rows.Select(row => column.Index < row.Length ? row[column.Index] : "").Where(value => value.Length > 0).ToArray());
        string[] features = [.. header.Where(name => name != label)];
        return new(separator, label,
            IsNumber(values[label]) && values[label].Distinct().Count() > MaximumClasses,
            [.. features.Where(name => IsNumber(values[name]))],
            [.. features.Where(name => !IsNumber(values[name]) && values[name].Distinct().Count() <= Math.Max(2, rows.Count / 2))]);
    }

    /// <summary>The names in the first line of a file, and what stands between them: a tab, a semicolon or a comma.</summary>
    internal static (string[] Names, char Separator) Header(string? line, string file)
    {
        if (string.IsNullOrWhiteSpace(line))
            throw new InvalidDataException($"'{file}' is empty; its first line must name its columns.");
        char separator = "\t;".FirstOrDefault(letter => line.Contains(letter, StringComparison.Ordinal), ',');
        return ([.. CsvFile.Split(line, separator)], separator);
    }

    static bool IsNumber(string[] values) => values.All(value =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
}
