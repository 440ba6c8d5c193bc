using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>
/// A key of a recipe and the values that it takes: <c>trainer.epochs=5,10</c> or <c>trainer.learningRate=0.001..0.1:3log</c>.
/// </summary>
internal sealed partial record Axis(string Key, IReadOnlyList<string> Values)
{
    const int MaximumValues = 1_000;

    internal static Axis Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new ArgumentException($"--vary {text}: wanted a key, = and its values, such as trainer.epochs=5,10,20.");
        return new(text[..equals].Trim(), ValuesOf(text[(equals + 1)..], $"--vary {text}"));
    }

    /// <summary>The values of a list, or of a range.</summary>
    /// <param name="text"><c>0.5,0.8</c>, or <c>from..to:count</c>, with <c>log</c> after the count for equal factors.</param>
    /// <param name="what">What messages call it.</param>
    internal static IReadOnlyList<string> ValuesOf(string text, string what)
    {
        string[] values = [.. Items(text).SelectMany(item => OfRange(item, what) ?? [item])];
        if (values.Any(value => value.Length == 0))
            throw new ArgumentException($"{what}: a value is empty; write null for none.");
        return values.GroupBy(value => value).FirstOrDefault(same => same.Count() > 1) is { Key: { } twice }
            ? throw new ArgumentException($"{what}: '{twice}' stands there more than once.")
            : values;
    }

    static IEnumerable<string>? OfRange(string item, string what)
    {
        if (Range().Match(item) is not { Success: true } found)
            return null;
        var (first, last) = (found.Groups["from"].Value, found.Groups["to"].Value);
        var (from, to) = (Number(first), Number(last));
        bool whole = first.All(IsDigit) && last.All(IsDigit), log = found.Groups["log"].Success;
        string given = found.Groups["count"].Value;
        if (given.Length == 0 && !whole)
            throw new ArgumentException($"{what}: say how many values the range has, such as {item}:5.");
        double count = given.Length > 0 ? Number(given) : Math.Abs(to - from) + 1;
        if (count is not (>= 2 and <= MaximumValues))
            throw new ArgumentException($"{what}: the range has {count} values; it can have 2 to {MaximumValues}.");
        if (log && !(from > 0 && to > 0))
            throw new ArgumentException($"{what}: a range with equal factors must be above 0.");
        return Enumerable.Range(0, (int)count).Select(i => i == 0 ? first : i == (int)count - 1 ? last
            : Written(log ? from * Math.Pow(to / from, i / (count - 1)) : from + ((to - from) * i / (count - 1))));
    }

    static string Written(double value) => Math.Abs(value - Math.Round(value)) <= 1e-9 * Math.Abs(value)
        ? value.ToString("0", CultureInfo.InvariantCulture) : value.ToString("g6", CultureInfo.InvariantCulture);

    static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    static bool IsDigit(char letter) => char.IsAsciiDigit(letter) || letter is '-' or '+';

    /// <summary>What commas separate, but not those in brackets, braces or quotes.</summary>
    static IEnumerable<string> Items(string text)
    {
        int depth = 0, begin = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char letter = text[i];
            if (quote != '\0')
                quote = letter == quote ? '\0' : quote;
            else if (letter is '\'' or '"')
                quote = letter;
            else if (letter is '[' or '{')
                depth++;
            else if (letter is ']' or '}')
                depth--;
            else if (letter == ',' && depth == 0)
            {
                yield return text[begin..i].Trim();
                begin = i + 1;
            }
        }
        yield return text[begin..].Trim();
    }

    const string Real = @"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?";

    [GeneratedRegex($@"^(?<from>{Real})\.\.(?<to>{Real})(:(?<count>\d+)(?<log>log)?)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Range();
}

/// <summary>All combinations of values, and what they are called.</summary>
internal static class Grid
{
    const int MaximumRuns = 100_000, LongestName = 80;

    /// <summary>A value of each axis, the last axis first to change.</summary>
    internal static IReadOnlyList<IReadOnlyDictionary<string, string>> Of(IReadOnlyList<Axis> axes)
    {
        if (axes.GroupBy(axis => axis.Key, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { Key: { } twice })
            throw new ArgumentException($"--vary names '{twice}' more than once; put its values into one list.");
        double runs = axes.Aggregate(1.0, (product, axis) => product * axis.Values.Count);
        if (runs > MaximumRuns)
            throw new ArgumentException($"The grid has {runs:N0} runs; {MaximumRuns:N0} are the limit.");
        IEnumerable<IEnumerable<KeyValuePair<string, string>>> points = [[]];
        foreach (var axis in axes)
            points = points.SelectMany(point => axis.Values.Select(value => point.Append(new(axis.Key, value))));
        return [.. points.Select(point => new Dictionary<string, string>(point))];
    }

    /// <summary>The ends of keys that tell them apart: <c>sparsity</c> for <c>trainer.pruning.sparsity</c>.</summary>
    internal static IReadOnlyList<string> ShortNames(IReadOnlyList<string> keys)
    {
        return [.. keys.Select(key => Enumerable.Range(1, key.Split('.').Length).Select(parts => End(key, parts))
            .First(end => end == key || keys.Count(other => End(other, end.Split('.').Length) == end) == 1))];

        static string End(string key, int parts) => string.Join('.', key.Split('.').TakeLast(parts));
    }

    /// <summary>A name of a folder for a point of a grid: one that every file system takes, and no other point has.</summary>
    internal static string FolderName(IReadOnlyDictionary<string, string> point)
    {
        string text = string.Join('_', ShortNames([.. point.Keys]).Zip(point.Values, (name, value) => $"{name}-{value}"));
        string safe = string.Concat(text.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-'));
        if (safe == text && text.Length is > 0 and <= LongestName && point.Values.All(IsPlain))
            return safe;
        // Letters that were replaced, cut off, or that differ by their case may be all that tells two points apart.
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', point))))[..8];
        return $"{safe[..Math.Min(safe.Length, LongestName)].Trim('-')}-{hash}";

        static bool IsPlain(string value) => value[^1] != '.'
            && value.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.');
    }
}
