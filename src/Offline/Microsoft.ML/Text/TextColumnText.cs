using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Columns to load, written as text: name:type[keys]:ranges.</summary>
internal static class TextColumnText
{
    public static TextLoader.Column? Parse(string text)
    {
        if (text.Contains('='))
            return ParseSettings(text);
        string[] parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || string.IsNullOrWhiteSpace(parts[0]))
            return null;
        var column = new TextLoader.Column { Name = parts[0] };
        return (parts.Length == 2 || TrySetType(column, parts[1])) && TrySetSource(column, parts[^1]) ? column : null;
    }

    /// <summary>As the saver writes a column that begins at a column of the file, or at one that is not known.</summary>
    public static string Write(string name, DataViewType type, int? start)
    {
        var item = type.GetItemType();
        string kind = item is RowIdDataViewType ? "UG" : DataKinds.KindOf(item.RawType)!.Value.ShortName();
        string? keys = item is KeyDataViewType key ? key.Count.ToString() : null;
        bool isVector = type is VectorDataViewType;
        int size = type.GetVectorSize();
        if (start is int min && !NeedsQuoting(name))
        {
            string range = !isVector ? $"{min}" : size > 0 ? $"{min}-{min + size - 1}" : $"{min}-**";
            return $"{name}:{kind}{(keys is null ? "" : $"[{keys}]")}:{range}";
        }

        var text = new StringBuilder($"{{name={(NeedsQuoting(name) ? $"{{{name}}}" : name)}");
        if (kind != DataKind.Single.ShortName())
            text.Append($" type={kind}");
        string end = !isVector ? "" : size > 0 ? $" max={(start ?? -1) + size - 1} vector=+" : " var=+";
        string source = start is int known ? (!isVector ? $"{known}" : size > 0 ? $"{known}-{known + size - 1}" : $"{known}-**") : $"{{ min=-1{end}}}";
        text.Append($" src={source}");
        if (keys is not null)
            text.Append($" key={keys}");
        return text.Append('}').ToString();
    }

    private static bool NeedsQuoting(string name)
        => name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || c is '"' or '{' or '}' or '=' or '#' or '\\');

    private static TextLoader.Column? ParseSettings(string text)
    {
        var column = new TextLoader.Column();
        foreach (var (name, value) in EmbeddedOptions.Settings(text))
        {
            bool good = name switch
            {
                "name" => (column.Name = value).Length > 0,
                "type" => TrySetType(column, value),
                "src" or "source" => TrySetSource(column, value),
                "key" or "keycount" => TrySetKeys(column, value),
                _ => false,
            };
            if (!good)
                return null;
        }
        return column.Source is null ? null : column;
    }

    private static bool TrySetType(TextLoader.Column column, string text)
    {
        int open = text.IndexOf('[');
        if (open >= 0 && (text[^1] != ']' || !TrySetKeys(column, text[(open + 1)..^1])))
            return false;
        string kind = open >= 0 ? text[..open] : text;
        if (kind.Length == 0)
            return true;
        if (DataKinds.Parse(kind) is not { } known)
            return false;
        column.DataKind = known;
        return true;
    }

    private static bool TrySetKeys(TextLoader.Column column, string text)
    {
        if (text.Length == 0)
        {
            column.KeyCount = new KeyCount();
            return true;
        }
        // Once written as a range from zero to the last.
        bool isRange = text.StartsWith("0-", StringComparison.Ordinal);
        if (isRange && text is "0-" or "0-*")
        {
            column.KeyCount = new KeyCount();
            return true;
        }
        if (!ulong.TryParse(isRange ? text[2..] : text, out ulong count) || (count == 0 && !isRange))
            return false;
        column.KeyCount = new KeyCount(isRange ? count + 1 : count);
        return true;
    }

    private static bool TrySetSource(TextLoader.Column column, string text)
    {
        var ranges = text.Split(',').Select(ParseRange).ToArray();
        if (Array.IndexOf(ranges, null) >= 0)
            return false;
        column.Source = ranges!;
        return true;
    }

    private static TextLoader.Range? ParseRange(string text)
    {
        if (text.Contains('='))
            return ParseRangeSettings(text);
        int dash = text.IndexOfAny(['-', '~']);
        if (dash < 0)
            return int.TryParse(text, out int index) ? new TextLoader.Range { Min = index, Max = index } : null;
        var range = new TextLoader.Range { AllOther = text[dash] == '~', ForceVector = true };
        if (dash == 0 ? !range.AllOther : !int.TryParse(text[..dash], out range.Min))
            return null;
        string end = text[(dash + 1)..];
        range.AutoEnd = end is "" or "*";
        range.VariableEnd = end is "**";
        if (range.AutoEnd || range.VariableEnd)
            return range;
        if (!int.TryParse(end, out int max))
            return null;
        range.Max = max;
        return range;
    }

    private static TextLoader.Range? ParseRangeSettings(string text)
    {
        var range = new TextLoader.Range();
        foreach (var (name, value) in EmbeddedOptions.Settings(text))
        {
            switch (name)
            {
                case "min" when int.TryParse(value, out int min): range.Min = min; break;
                case "max" when int.TryParse(value, out int max): range.Max = max; break;
                case "auto": range.AutoEnd = value == "+"; break;
                case "var": range.VariableEnd = value == "+"; break;
                case "other": range.AllOther = value == "+"; break;
                case "vector": range.ForceVector = value == "+"; break;
                default: return null;
            }
        }
        return range;
    }
}
