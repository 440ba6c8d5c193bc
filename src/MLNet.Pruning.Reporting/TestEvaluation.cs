using System.Globalization;
using System.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>A classifier's answers to rows that it has not learned from, for its page. The caller fills in what there is.</summary>
public sealed record TestEvaluation
{
    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>
    /// For each class, in the order of <see cref="Labels"/>, how many of its rows were taken for each class: ML.NET's
    /// <c>ConfusionMatrix.Counts</c>. Empty for none.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>> Confusion { get; init; } = [];

    /// <summary>Some rows with their pictures.</summary>
    public IReadOnlyList<TestExample> Examples { get; init; } = [];

    internal double Count => Confusion.Sum(row => row.Sum());

    internal double? Accuracy => Count > 0 ? Confusion.Select((row, k) => row[k]).Sum() / Count : null;

    internal void Check()
    {
        if (Confusion.Count > 0 && (Confusion.Count != Labels.Count || Confusion.Any(row => row.Count != Labels.Count)))
            throw new ArgumentException($"{nameof(Confusion)} is {Confusion.Count} x {string.Join(" or ", Confusion.Select(row => row.Count)
                .Distinct())}; it must have a row and a column for each of the {Labels.Count} {nameof(Labels)}.");
    }

    internal void AppendTo(StringBuilder page)
    {
        if (Confusion.Count > 0)
            AppendConfusion(page);
        foreach (var (title, right) in new[] { ("Right answers", true), ("Wrong answers", false) })
            if (Examples.Where(e => e.IsRight == right).ToArray() is { Length: > 0 } shown)
                AppendExamples(page, title, shown);
    }

    void AppendConfusion(StringBuilder page)
    {
        page.Heading("Confusion matrix").Paragraph("A row for each class, and a column for each answer.", "sub");
        page.Append("<div class=\"box\"><table class=\"confusion\">\n<thead><tr><th></th>");
        foreach (var label in Labels)
            page.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\">{Html.Escape(label)}</th>");
        page.Append("<th scope=\"col\">recall</th></tr></thead>\n<tbody>\n");
        for (var r = 0; r < Confusion.Count; r++)
        {
            var all = Confusion[r].Sum();
            page.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Html.Escape(Labels[r])}</th>");
            for (var c = 0; c < Confusion[r].Count; c++)
            {
                // Mistakes are few: by their square root they are seen beside what is right.
                var part = all > 0 ? Confusion[r][c] / all : 0;
                var shade = part > 0 ? FormattableString.Invariant(
                    $" style=\"background:rgba(var(--{(r == c ? "good" : "bad")}),{(r == c ? 0.5 * part : Math.Sqrt(part)):0.###})\"") : "";
                page.Append(CultureInfo.InvariantCulture, $"<td{shade}>{(part > 0 ? Count2(Confusion[r][c]) : "")}</td>");
            }
            page.Append(CultureInfo.InvariantCulture, $"<td>{(all > 0 ? Percent(Confusion[r][r] / all) : "")}</td></tr>\n");
        }
        page.Append("</tbody>\n</table></div>\n");

        static string Count2(double value) => value.ToString("#,0.##", CultureInfo.InvariantCulture);
    }

    static void AppendExamples(StringBuilder page, string title, TestExample[] shown)
    {
        page.Heading(title).Append("<div class=\"examples\">\n");
        foreach (var example in shown)
        {
            page.Append("<figure><div class=\"pair\">");
            Picture(example.Picture, $"a {example.Label}");
            Picture(example.Tokens, "its tokens after merging");
            var sure = example.Probability is { } p ? $", {Percent(p)}" : "";
            var told = example.IsRight ? $"{example.Label}{sure}" : $"{example.Label}, taken for {example.Predicted}{sure}";
            page.Append(CultureInfo.InvariantCulture, $"</div><figcaption>{Html.Escape(told)}</figcaption></figure>\n");
        }
        page.Append("</div>\n");

        void Picture(byte[]? png, string description)
        {
            if (png is not null)
                page.Append(CultureInfo.InvariantCulture,
                    $"<img alt=\"{Html.Escape(description)}\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">");
        }
    }
}

/// <summary>A row, and the answer to it.</summary>
/// <param name="Label">Its class.</param>
/// <param name="Predicted">The class that the model takes it for.</param>
public sealed record TestExample(string Label, string Predicted)
{
    /// <summary>The probability of the answer; null if it is not known.</summary>
    public double? Probability { get; init; }

    /// <summary>The row as a picture, a PNG file; null for none.</summary>
    public byte[]? Picture { get; init; }

    /// <summary>The picture of its tokens after merging, a PNG file; null for none.</summary>
    public byte[]? Tokens { get; init; }

    internal bool IsRight => Label == Predicted;
}
