using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Turns the ranges of the columns to load into segments of the file.</summary>
internal static class TextRanges
{
    public static TextColumn[] Resolve(TextLoader.Column[] columns, int inputSize, IChannel channel)
    {
        var names = new HashSet<string>();
        var types = new PrimitiveDataViewType[columns.Length];
        var segments = new TextSegment[columns.Length][];
        (int Column, int Range)? others = null;
        bool warned = false;
        for (int i = 0; i < columns.Length; i++)
        {
            channel.CheckNonWhiteSpace(columns[i].Name, "Name");
            if (!names.Add(columns[i].Name!.Trim()) && !warned)
            {
                warned = true;
                channel.Info(MessageSensitivity.None, "Duplicate name(s) specified - later columns will hide earlier ones");
            }
            types[i] = TypeOf(columns[i], channel);
            segments[i] = Array.ConvertAll(columns[i].Source!, range => Resolve(range, inputSize, channel));
            int other = Array.FindIndex(columns[i].Source!, range => range.AllOther);
            if (other < 0)
                continue;
            bool isOnly = others is null && columns[i].Source!.Count(range => range.AllOther) == 1;
            channel.CheckUserArg(isOnly, "AllOther", "At most one all other range can be specified");
            others = (i, other);
        }

        if (others is { } rest)
            segments[rest.Column] = LeaveOut(segments, rest.Column, rest.Range, channel);
        return [.. columns.Select((column, i) => TextColumn.Create(column.Name!.Trim(), types[i], segments[i]))];
    }

    private static PrimitiveDataViewType TypeOf(TextLoader.Column column, IChannel channel)
    {
        var kind = column.DataKind == 0 ? DataKind.Single : column.DataKind;
        if (column.KeyCount is not null)
            return kind.ToKeyType(column.KeyCount);
        channel.CheckUserArg(DataKinds.IsKnown(kind), "Type", "Bad item type");
        return kind.ToColumnType();
    }

    private static TextSegment Resolve(TextLoader.Range range, int inputSize, IChannel channel)
    {
        channel.CheckUserArg(range.Min is >= 0 and < TextSegment.EndOfLine - 1, nameof(range.Min));
        if (range.Max is int max)
        {
            channel.CheckUserArg(range.Min <= max && max < TextSegment.EndOfLine - 1, nameof(range.Max));
            return new TextSegment(range.Min, max + 1, range.ForceVector);
        }
        if (range.AutoEnd)
        {
            if (range.Min >= inputSize)
                throw channel.ExceptUserArg(nameof(range.Min), $"Column #{range.Min} not found in the dataset (it only has {inputSize} columns)");
            return new TextSegment(range.Min, inputSize, true);
        }
        return range.VariableEnd
            ? new TextSegment(range.Min, TextSegment.EndOfLine, true)
            : new TextSegment(range.Min, range.Min + 1, range.ForceVector);
    }

    // The range's own segment is replaced by what no other segment takes of it.
    private static TextSegment[] LeaveOut(TextSegment[][] segments, int column, int range, IChannel channel)
    {
        var whole = segments[column][range];
        var taken = segments.SelectMany((list, i) => list.Where((_, j) => (i, j) != (column, range))).OrderBy(segment => segment.Min);
        var free = new List<TextSegment>();
        int min = whole.Min;
        foreach (var segment in taken)
        {
            if (min < segment.Min)
                free.Add(new TextSegment(min, segment.Min, true));
            min = Math.Max(min, segment.Limit);
            if (min >= whole.Limit)
                break;
        }
        if (min < whole.Limit)
            free.Add(new TextSegment(min, whole.Limit, true));
        TextSegment[] all = [.. segments[column][..range], .. free, .. segments[column][(range + 1)..]];
        channel.CheckUserArg(all.Length > 0, "AllOther", "No index is selected as all other indexes.");
        return all;
    }
}
