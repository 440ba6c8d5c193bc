using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>What is loaded from where in a text file, and the schema that follows.</summary>
internal sealed class TextBindings
{
    private const string HeaderStream = "Header.txt";
    private readonly string? _header;

    private TextBindings(TextColumn[] columns, string? header, TextFormat format, IHost host)
    {
        Columns = columns;
        _header = header;
        var names = string.IsNullOrEmpty(header) ? null : ReadSlotNames(header, columns, format, host);
        var builder = new DataViewSchema.Builder();
        for (int i = 0; i < columns.Length; i++)
        {
            DataViewSchema.Annotations.Builder? annotations = null;
            if (names?[i] is { Length: > 0 } slotNames)
            {
                annotations = new();
                annotations.Add(AnnotationUtils.Kinds.SlotNames, AnnotationUtils.GetNamesType(slotNames.Length), (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)slotNames.CopyTo);
            }
            builder.AddColumn(columns[i].Name, columns[i].Type, annotations?.ToAnnotations());
        }
        Schema = builder.ToSchema();
    }

    public TextColumn[] Columns { get; }

    public DataViewSchema Schema { get; }

    public static TextBindings Create(TextLoader.Column[] columns, TextFormat format, IMultiStreamSource? headerFile, IMultiStreamSource sample, IHost host)
    {
        using var channel = host.Start("Binding");
        foreach (var column in columns)
        {
            if (column.Source is null || column.Source.Length == 0)
                throw channel.ExceptUserArg("Source", "Must specify some source column indices");
        }

        // A range that goes to the end needs to know where that is.
        bool needsSize = format.InputSize == 0 && columns.Any(column => column.Source!.Any(range => range.AutoEnd && range.Max is null));
        var lines = new List<string>();
        if (headerFile is not null)
            lines.AddRange(TextLines.Peek(headerFile, format, 1));
        if (needsSize)
            lines.AddRange(TextLines.Peek(sample, format, 100));
        else if (headerFile is null && format.Has(TextFlags.HasHeader))
            lines.AddRange(TextLines.Peek(sample, format, 1));
        int size = needsSize ? FindInputSize(lines, format, host, channel) : format.InputSize;
        bool hasHeader = (headerFile is not null || format.Has(TextFlags.HasHeader)) && lines.Count > 0;
        return new TextBindings(TextRanges.Resolve(columns, size, channel), hasHeader ? lines[0] : null, format, host);
    }

    // Saved as the number of columns; for each its name, the kind of its items, whether they are keys and then how many;
    // the number of segments; for each where it begins, where it ends, and whether it is a vector by itself.
    public static TextBindings Load(ModelLoadContext ctx, TextFormat format, IHost host)
    {
        var columns = new TextColumn[ctx.Reader.ReadCount()];
        host.CheckDecode(columns.Length > 0);
        for (int i = 0; i < columns.Length; i++)
        {
            string name = ctx.LoadNonEmptyString();
            var kind = (DataKind)ctx.Reader.ReadByte();
            host.CheckDecode(DataKinds.IsKnown(kind));
            PrimitiveDataViewType type = kind.ToColumnType();
            if (ctx.Reader.ReadBoolByte())
            {
                ulong count = ctx.Reader.ReadUInt64();
                host.CheckDecode(count > 0 && KeyDataViewType.IsValidDataType(type.RawType));
                type = new KeyDataViewType(type.RawType, count);
            }
            var segments = new TextSegment[ctx.Reader.ReadCount()];
            host.CheckDecode(segments.Length > 0);
            for (int j = 0; j < segments.Length; j++)
            {
                int min = ctx.Reader.ReadInt32();
                int limit = ctx.Reader.ReadInt32();
                host.CheckDecode(0 <= min && min < limit);
                segments[j] = new TextSegment(min, limit, ctx.Reader.ReadBoolByte());
            }
            columns[i] = TextColumn.Create(name, type, segments, isLoading: true);
        }
        string? header = null;
        ctx.TryLoadTextStream(HeaderStream, reader => header = reader.ReadLine());
        return new TextBindings(columns, header, format, host);
    }

    public void Save(ModelSaveContext ctx)
    {
        ctx.Writer.Write(Columns.Length);
        foreach (var column in Columns)
        {
            ctx.SaveNonEmptyString(column.Name);
            var item = column.Type.GetItemType();
            ctx.Writer.Write((byte)DataKinds.KindOf(item.RawType)!.Value);
            ctx.Writer.WriteBoolByte(item is KeyDataViewType);
            if (item is KeyDataViewType key)
                ctx.Writer.Write(key.Count);
            ctx.Writer.Write(column.Segments.Length);
            foreach (var segment in column.Segments)
            {
                ctx.Writer.Write(segment.Min);
                ctx.Writer.Write(segment.Limit);
                ctx.Writer.WriteBoolByte(segment.ForceVector);
            }
        }
        if (!string.IsNullOrEmpty(_header))
            ctx.SaveTextStream(HeaderStream, writer => writer.WriteLine(_header));
    }

    private static int FindInputSize(List<string> lines, TextFormat format, IHost host, IChannel channel)
    {
        using var log = new ParseLog(host, shown: 0);
        var scanner = new FieldScanner(format, log, inputSize: 0, int.MaxValue);
        int[] sizes = [.. lines.Select(line => format.Has(TextFlags.TrimWhitespace) ? line.TrimEnd() : line)
            .Where(line => line.Length > 0).Select(line => scanner.Scan(line.AsMemory())).Where(size => size > 0)];
        if (sizes.Length == 0)
            throw channel.ExceptUserArg("Source", "Can't determine the number of source columns without valid data");
        if (sizes.Min() < sizes.Max())
            throw channel.ExceptUserArg("Source", "The size of input lines is not consistent");
        return Math.Min(sizes[0], TextSegment.EndOfLine - 1);
    }

    // The header's fields name the slots of vectors of a known size.
    private static VBuffer<ReadOnlyMemory<char>>[] ReadSlotNames(string header, TextColumn[] columns, TextFormat format, IHost host)
    {
        using var log = new ParseLog(host, shown: 0);
        var scanner = new FieldScanner(format, log, format.InputSize, int.MaxValue);
        scanner.Scan(header.AsMemory());
        var names = new VBuffer<ReadOnlyMemory<char>>[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            if (!columns[i].Type.IsKnownSizeVector())
                continue;
            var slots = new List<(int Slot, ReadOnlyMemory<char> Name)>();
            int offset = 0;
            foreach (var segment in columns[i].Segments)
            {
                for (int field = scanner.Find(segment.Min); field < scanner.Count && scanner.IndexOf(field) < segment.Limit; field++)
                    slots.Add((offset + scanner.IndexOf(field) - segment.Min, scanner.TextOf(field).Trim()));
                offset += segment.Limit - segment.Min;
            }
            var builder = new VectorBuilder<ReadOnlyMemory<char>>();
            builder.Reset(columns[i].FixedSize);
            foreach (var (slot, name) in slots.OrderBy(pair => pair.Slot))
                builder.Add(slot, name);
            if (slots.Exists(pair => !pair.Name.IsEmpty))
                builder.GetResult(ref names[i]);
        }
        return names;
    }
}
