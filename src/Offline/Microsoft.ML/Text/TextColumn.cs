using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Columns of a text file from <paramref name="Min"/> up to before <paramref name="Limit"/>.</summary>
internal readonly record struct TextSegment(int Min, int Limit, bool ForceVector)
{
    /// <summary>The limit of a segment that goes to the end of each line.</summary>
    public const int EndOfLine = int.MaxValue;

    public bool IsVariable => Limit == EndOfLine;
}

/// <summary>A column to load, resolved: its type, and the segments of the file that it is made of.</summary>
internal sealed class TextColumn
{
    private TextColumn(string name, DataViewType type, TextSegment[] segments)
    {
        Name = name;
        Type = type;
        Segments = segments;
        FixedSize = segments.Where(segment => !segment.IsVariable).Sum(segment => segment.Limit - segment.Min);
    }

    public string Name { get; }

    public DataViewType Type { get; }

    public TextSegment[] Segments { get; }

    /// <summary>The number of slots, but for those of a segment that goes to the end of the line.</summary>
    public int FixedSize { get; }

    public static TextColumn Create(string name, PrimitiveDataViewType itemType, TextSegment[] segments, bool isLoading = false)
    {
        var ordered = segments.OrderBy(segment => segment.Min).ToArray();
        for (int i = 1; i < ordered.Length; i++)
        {
            if (ordered[i - 1].Limit > ordered[i].Min)
            {
                string message = $"Intervals specified for column '{name}' overlap";
                throw isLoading ? Contracts.ExceptDecode(message) : Contracts.ExceptUserArg(null, "Source", message);
            }
        }

        int size = segments.Where(segment => !segment.IsVariable).Sum(segment => segment.Limit - segment.Min);
        DataViewType type = Array.Exists(segments, segment => segment.IsVariable) ? new VectorDataViewType(itemType)
            : size > 1 || segments[0].ForceVector ? new VectorDataViewType(itemType, size)
            : itemType;
        return new TextColumn(name, type, segments);
    }
}
