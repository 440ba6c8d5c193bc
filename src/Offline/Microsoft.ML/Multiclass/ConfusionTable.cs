using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Writes a confusion matrix as the table that ML.NET prints.</summary>
internal static class ConfusionTable
{
    private const int CornerWidth = 9;

    public static string Format(ConfusionMatrix matrix)
    {
        string[] names = [.. matrix.PredictedClassesIndicators.Select(name => name.ToString())];
        bool two = names.Length == 2;
        int cellWidth = two ? 8 : 5;
        int nameWidth = names.Max(name => name.Length);

        // Names that do not fit above a column are replaced by numbers there, and numbered in the rows.
        bool numbered = nameWidth > cellWidth;
        int digits = numbered ? (names.Length - 1).ToString().Length : 0;
        int rowWidth = Math.Max(CornerWidth, numbered ? nameWidth + digits + 2 : nameWidth);
        string pad = new(' ', rowWidth - CornerWidth);
        string rule = string.Concat(Enumerable.Repeat(two ? "===========" : "========", names.Length));

        var text = new StringBuilder();
        text.AppendLine();
        text.AppendLine("Confusion table");
        text.AppendLine($"          {pad}||{rule}");
        text.Append($"PREDICTED {pad}||");
        for (int i = 0; i < names.Length; i++)
            text.Append($" {(numbered ? i.ToString() : names[i]).PadLeft(cellWidth)} |");
        text.AppendLine(" Recall");
        text.AppendLine($"TRUTH     {pad}||{rule}");

        for (int i = 0; i < names.Length; i++)
        {
            text.Append(numbered ? $"{i.ToString().PadLeft(digits)}. {names[i].PadLeft(rowWidth - digits - 2)} ||" : $"{names[i].PadLeft(rowWidth)} ||");
            foreach (double count in matrix.Counts[i])
                text.Append($" {count.ToString("N0").PadLeft(cellWidth)} |");
            text.AppendLine($" {matrix.PerClassRecall[i],5:F4}");
        }

        text.AppendLine($"          {pad}||{rule}");
        text.Append($"Precision {pad}||");
        foreach (double precision in matrix.PerClassPrecision)
            text.Append($"{precision.ToString("N4").PadLeft(cellWidth + 1)} |");
        text.AppendLine();
        return text.ToString();
    }
}
