using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads the options that a text file carries in comments at its beginning, where the saver writes them.</summary>
internal static class EmbeddedOptions
{
    /// <summary>The file's options; null if it has none, or if the user gave others.</summary>
    public static TextLoader.Options? Read(TextLoader.Options given, IMultiStreamSource files, IHost host)
    {
        string text = ReadComments(files);
        if (string.IsNullOrWhiteSpace(text))
            return null;
        using var channel = host.Start("Parsing options from file");
        if (!IsDefault(given))
        {
            channel.Warning(MessageSensitivity.None, "Arguments cannot be embedded in the file and in the command line. The embedded arguments will be ignored");
            return null;
        }
        var options = Parse(text) ?? throw host.Except("TextLoader options embedded in the file are invalid");
        options.UseThreads = given.UseThreads;
        options.HeaderFile = given.HeaderFile;
        options.MaxRows = given.MaxRows;
        return options;
    }

    public static TextLoader.Options Copy(TextLoader.Options options) => new()
    {
        AllowQuoting = options.AllowQuoting,
        AllowSparse = options.AllowSparse,
        InputSize = options.InputSize,
        Separators = options.Separators,
        DecimalMarker = options.DecimalMarker,
        Columns = options.Columns,
        TrimWhitespace = options.TrimWhitespace,
        HasHeader = options.HasHeader,
        UseThreads = options.UseThreads,
        ReadMultilines = options.ReadMultilines,
        HeaderFile = options.HeaderFile,
        MaxRows = options.MaxRows,
        EscapeChar = options.EscapeChar,
        MissingRealsAsNaNs = options.MissingRealsAsNaNs,
    };

    private static bool IsDefault(TextLoader.Options options)
    {
        var none = new TextLoader.Options();
        return options.AllowQuoting == none.AllowQuoting && options.AllowSparse == none.AllowSparse && options.InputSize is null
            && options.Separators.SequenceEqual(none.Separators) && options.DecimalMarker == none.DecimalMarker
            && options.TrimWhitespace == none.TrimWhitespace && options.HasHeader == none.HasHeader
            && options.ReadMultilines == none.ReadMultilines && options.EscapeChar == none.EscapeChar
            && options.MissingRealsAsNaNs == none.MissingRealsAsNaNs;
    }

    private static string ReadComments(IMultiStreamSource files)
    {
        if (files.Count == 0)
            return "";
        var text = new StringBuilder();
        using var reader = files.OpenTextReader(0);
        while (reader.ReadLine() is { } line && (line.Length == 0 || line[0] == '#' || line.StartsWith("//", StringComparison.Ordinal)))
        {
            if (line.Length > 2 && line.StartsWith("#@", StringComparison.Ordinal))
                text.Append(text.Length > 0 ? " " : "").Append(line[2..].Trim());
        }
        return text.ToString();
    }

    private static TextLoader.Options? Parse(string text)
    {
        int open = text.IndexOf('{');
        if (open < 0 || text[^1] != '}' || text[..open].Trim() is not ("TextLoader" or "Text"))
            return null;
        var options = new TextLoader.Options();
        var columns = new List<TextLoader.Column>();
        foreach (var (name, value) in Settings(text[(open + 1)..^1]))
        {
            bool on = value == "+";
            switch (name.ToLowerInvariant())
            {
                case "header" or "hasheader": options.HasHeader = on; break;
                case "quote" or "allowquoting": options.AllowQuoting = on; break;
                case "sparse" or "allowsparse": options.AllowSparse = on; break;
                case "trim" or "trimwhitespace": options.TrimWhitespace = on; break;
                case "multilines" or "readmultilines": options.ReadMultilines = on; break;
                case "missingrealnan" or "missingrealsasnans": options.MissingRealsAsNaNs = on; break;
                case "threads" or "usethreads": break;
                case "size" or "inputsize" when int.TryParse(value, out int size): options.InputSize = size; break;
                case "rows" or "maxrows" when long.TryParse(value, out _): break;
                case "escapechar" when value.Length == 1: options.EscapeChar = value[0]; break;
                case "decimal" when value.Length == 1: options.DecimalMarker = value[0]; break;
                case "sep" or "separator": options.Separators = SeparatorsOf(value); break;
                case "col" or "column" when TextColumnText.Parse(value) is { } column: columns.Add(column); break;
                default: return null;
            }
        }
        options.Columns = [.. columns];
        return columns.Count > 0 ? options : null;
    }

    private static char[] SeparatorsOf(string value)
        => value == ","
            ? [',']
            : [.. value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(name => name.ToLowerInvariant() switch
            {
                "space" => ' ',
                "tab" => '\t',
                "comma" => ',',
                "colon" => ':',
                "semicolon" => ';',
                "bar" => '|',
                _ => name[0],
            })];

    /// <summary>Splits "a+ b=c d={e f}" into names and values.</summary>
    internal static IEnumerable<(string Name, string Value)> Settings(string text)
    {
        for (int at = 0; ;)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at >= text.Length)
                yield break;
            int start = at;
            while (at < text.Length && text[at] is not ('=' or '+' or '-') && !char.IsWhiteSpace(text[at]))
                at++;
            string name = text[start..at];
            if (at < text.Length && text[at] is '+' or '-')
                yield return (name, text[at++].ToString());
            else if (at < text.Length && text[at] == '=')
            {
                at++;
                yield return (name, Value(text, ref at));
            }
            else
                yield return (name, "");
        }
    }

    private static string Value(string text, ref int at)
    {
        int start = at;
        if (at < text.Length && text[at] == '"')
        {
            int close = text.IndexOf('"', at + 1);
            at = close < 0 ? text.Length : close + 1;
            return text[(start + 1)..Math.Max(start + 1, at - 1)];
        }
        int depth = 0;
        for (; at < text.Length && (depth > 0 || !char.IsWhiteSpace(text[at])); at++)
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
        string value = text[start..at];
        return value is ['{', .., '}'] ? value[1..^1] : value;
    }
}
