using System.IO.Compression;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data.IO;

/// <summary>A schema as a binary data view file without rows: what the real library keeps beside a saved model.</summary>
/// <remarks>
/// A header of 256 bytes; for each column its annotations and a table of them; the table of columns; a signature at the tail.
/// </remarks>
internal static class SchemaFile
{
    private const int HeaderSize = 256;
    private const ulong Signature = 0x00425644004C4D43;
    private const ulong TailSignature = 0x434D4C0044564200;
    private const ulong Version = 0x0001000100010006;
    private const ulong FirstVersion = 0x0001000100010002;
    private const ulong FirstVersionWithAnnotations = 0x0001000100010004;
    private const byte Uncompressed = 0;
    private const byte Deflated = 1;
    private const int RowsPerBlock = 1;

    public static void Write(DataViewSchema schema, Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(new byte[HeaderSize]);
        var columns = schema.Select(column => (Column: column, Codec: Codec.For(column.Type))).Where(pair => pair.Codec is not null).ToArray();
        Contracts.Check(columns.Length > 0, "No valid columns to save");
        long lookup = stream.Position;
        long[] tables = Array.ConvertAll(columns, pair => WriteAnnotations(writer, pair.Column.Annotations));

        long contents = Position(writer);
        for (int i = 0; i < columns.Length; i++)
        {
            writer.Write(columns[i].Column.Name);
            columns[i].Codec!.WriteDefinition(writer);
            writer.Write(Deflated);
            writer.Write7BitEncodedInt(RowsPerBlock);
            writer.Write(lookup);
            writer.Write(tables[i]);
        }

        long tail = Position(writer);
        writer.Write(TailSignature);
        writer.Seek(0, SeekOrigin.Begin);
        writer.Write(Signature);
        writer.Write(Version);
        writer.Write(Version);
        writer.Write(contents);
        writer.Write(tail);
        writer.Write(0L);
        writer.Write(columns.Length);
    }

    public static DataViewSchema Read(Stream stream, IExceptionContext context)
    {
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        context.CheckDecode(stream.Length >= HeaderSize, $"Read only {stream.Length} bytes in file, expected header size of {HeaderSize}");
        context.CheckDecode(reader.ReadUInt64() == Signature, "This does not appear to be a binary dataview file");
        ulong version = reader.ReadUInt64();
        ulong readable = reader.ReadUInt64();
        context.CheckDecode(readable <= version && version >= FirstVersion, "The version of the binary dataview file makes no sense");
        context.Check(readable is >= FirstVersionWithAnnotations and <= Version, "The version of the binary dataview file cannot be read here");
        long contents = reader.ReadInt64();
        long tail = reader.ReadInt64();
        context.CheckDecode(reader.ReadInt64() >= 0, "Row count cannot be negative");
        int count = reader.ReadInt32();
        context.CheckDecode(count >= 0, "Column count cannot be negative");
        context.CheckDecode(HeaderSize <= contents && contents <= tail && tail <= stream.Length - sizeof(ulong), "An offset in the header is impossible");
        stream.Position = tail;
        context.CheckDecode(reader.ReadUInt64() == TailSignature, "Incorrect tail signature");

        var builder = new DataViewSchema.Builder();
        stream.Position = contents;
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            bool known = Codec.TryReadDefinition(reader, out var codec);
            byte compression = reader.ReadByte();
            reader.Read7BitEncodedInt();
            reader.ReadInt64();
            long table = reader.ReadInt64();
            context.CheckDecode(table == 0 || (HeaderSize <= table && table <= tail), "Metadata TOC offset out of range");
            long next = stream.Position;
            if (known && compression is Uncompressed or Deflated)
                builder.AddColumn(name, codec!.Type, table == 0 ? null : ReadAnnotations(reader, table, tail, context));
            stream.Position = next;
        }
        return builder.ToSchema();
    }

    // The values first, then where they are; returns the offset of that table, or 0 without any.
    private static long WriteAnnotations(BinaryWriter writer, DataViewSchema.Annotations annotations)
    {
        var entries = new List<(string Kind, Codec Codec, byte Compression, long Offset, int Size)>();
        foreach (var annotation in annotations.Schema)
        {
            Contracts.Check(!annotation.IsHidden, "Metadata with duplicate kind encountered, disallowed");
            if (Codec.For(annotation.Type) is not { } codec)
                continue;
            using var buffer = new MemoryStream();
            using (var values = new BinaryWriter(buffer, Encoding.UTF8, leaveOpen: true))
                codec.WriteAnnotation(values, annotations, annotation.Name);
            byte[] plain = buffer.ToArray();
            byte[] packed = Deflate(plain);
            bool packing = packed.Length < plain.Length;
            long offset = Position(writer);
            writer.Write(packing ? packed : plain);
            entries.Add((annotation.Name, codec, packing ? Deflated : Uncompressed, offset, packing ? packed.Length : plain.Length));
        }
        if (entries.Count == 0)
            return 0;

        long table = Position(writer);
        writer.Write7BitEncodedInt(entries.Count);
        foreach (var (kind, codec, compression, offset, size) in entries)
        {
            writer.Write(kind);
            codec.WriteDefinition(writer);
            writer.Write(compression);
            writer.Write(offset);
            writer.Write7BitEncodedInt(size);
        }
        return table;
    }

    private static DataViewSchema.Annotations ReadAnnotations(BinaryReader reader, long table, long tail, IExceptionContext context)
    {
        var stream = reader.BaseStream;
        stream.Position = table;
        int count = reader.Read7BitEncodedInt();
        context.CheckDecode(count > 0, "Number of metadata entries must be positive");
        var builder = new DataViewSchema.Annotations.Builder();
        for (int i = 0; i < count; i++)
        {
            string kind = reader.ReadString();
            context.CheckDecode(kind.Length > 0, "Metadata kind must be non-empty");
            bool known = Codec.TryReadDefinition(reader, out var codec);
            byte compression = reader.ReadByte();
            long offset = reader.ReadInt64();
            long size = reader.Read7BitEncodedInt64();
            context.CheckDecode(HeaderSize <= offset && size > 0 && offset <= tail - size, "Metadata block out of range");
            long next = stream.Position;
            if (known && compression is Uncompressed or Deflated)
            {
                stream.Position = offset;
                byte[] bytes = reader.ReadBytes(checked((int)size));
                using var values = new BinaryReader(new MemoryStream(compression == Deflated ? Inflate(bytes) : bytes));
                builder.Add(kind, codec!.Type, codec.ReadGetter(values));
            }
            stream.Position = next;
        }
        return builder.ToAnnotations();
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var packer = new DeflateStream(packed, CompressionMode.Compress, leaveOpen: true))
            packer.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Inflate(byte[] bytes)
    {
        using var unpacked = new MemoryStream();
        using (var unpacker = new DeflateStream(new MemoryStream(bytes), CompressionMode.Decompress))
            unpacker.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    private static long Position(BinaryWriter writer)
    {
        writer.Flush();
        return writer.BaseStream.Position;
    }
}
