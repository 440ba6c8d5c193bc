using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace MLNet.Pruning.Persistence;

/// <summary>A tensor of a safetensors file: its type as the file names it, its dimensions, and its bytes, little-endian.</summary>
sealed record StoredTensor(string Type, long[] Shape, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The safetensors format: the length of the header, the header (a JSON object that maps names to type, shape and place), and the bytes of
/// all tensors. Nothing in a file is executed.
/// </summary>
static class Safetensors
{
    const int LengthBytes = 8, MaximumHeader = 100_000_000, Alignment = 8;
    const string Metadata = "__metadata__";

    /// <summary>The size of a value in bytes, by the type's name in a file; 0 for an unknown type.</summary>
    public static int Width(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => 0,
    };

    public static void Write(Stream stream, IReadOnlyList<(string Name, StoredTensor Tensor)> tensors, IReadOnlyDictionary<string,
        string> metadata)
    {
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(Metadata);
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.Type);
                json.WriteStartArray("shape");
                foreach (long size in tensor.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % Alignment != 0)
            header.WriteByte((byte)' ');
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        header.WriteTo(stream);
        foreach (var (_, tensor) in tensors)
            stream.Write(tensor.Bytes.Span);
    }

    /// <summary>Reads a file. The header is checked against the file's size before anything else is allocated.</summary>
    /// <exception cref="InvalidDataException">It is cut short, damaged, or something else.</exception>
    public static (IReadOnlyList<(string Name, StoredTensor Tensor)> Tensors, IReadOnlyDictionary<string,
        string> Metadata) Read(Stream stream, string what)
    {
        long rest = stream.Length - stream.Position;
        Span<byte> start = stackalloc byte[LengthBytes];
        if (rest < LengthBytes)
            throw Wrong("it is too short.");
        stream.ReadExactly(start);
        long header = BinaryPrimitives.ReadInt64LittleEndian(start), data = rest - LengthBytes - header;
        if (header < 2 || header > MaximumHeader || data < 0)
            throw Wrong($"its header would have {header} bytes, and there are {rest - LengthBytes}.");
        byte[] json = new byte[header];
        stream.ReadExactly(json);
        var (entries, metadata) = Entries(json);
        long at = 0;
        foreach (var (name, _, _, begin, end) in entries)
        {
            if (begin != at)
                throw Wrong($"'{name}' begins at {begin}; the tensor before it ends at {at}.");
            at = end;
        }
        if (at != data)
            throw Wrong($"its tensors take {at} bytes, and there are {data}.");
        var tensors = new List<(string, StoredTensor)>();
        foreach (var (name, type, shape, begin, end) in entries)
        {
            byte[] bytes = new byte[end - begin];
            stream.ReadExactly(bytes);
            tensors.Add((name, new(type, shape, bytes)));
        }
        return (tensors, metadata);

        InvalidDataException Wrong(string why) => new($"{what} is no safetensors file: {why}");

        (List<(string Name, string Type, long[] Shape, long Begin, long End)>, Dictionary<string, string>) Entries(byte[] json)
        {
            var (entries, metadata) = (new List<(string Name, string Type, long[] Shape, long Begin, long End)>(), new Dictionary<string,
                string>(StringComparer.Ordinal));
            try
            {
                using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
                var names = new HashSet<string>(StringComparer.Ordinal);
                foreach (var entry in document.RootElement.EnumerateObject())
                {
                    if (!names.Add(entry.Name))
                        throw Wrong($"'{entry.Name}' is there twice.");
                    if (entry.Name == Metadata)
                    {
                        foreach (var fact in entry.Value.EnumerateObject())
                            metadata[fact.Name] = fact.Value.GetString() ?? "";
                        continue;
                    }
                    entries.Add(Entry(entry.Name, entry.Value));
                }
            }
            catch (Exception failure) when (failure
                is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or DecoderFallbackException)
            {
                throw new InvalidDataException($"{what} is no safetensors file: its header cannot be read: {failure.Message}", failure);
            }
            entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
            return (entries, metadata);
        }

        (string, string, long[], long, long) Entry(string name, JsonElement entry)
        {
            string type = entry.GetProperty("dtype").GetString() ?? "";
            int width = Width(type);
            if (width == 0)
                throw Wrong($"'{name}' is of type '{type}', which is not known.");
            long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            long[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            Int128 bytes = width;
            foreach (long size in shape)
            {
                if (size < 0 || bytes > long.MaxValue)
                    throw Wrong($"'{name}' has the shape [{string.Join(", ", shape)}].");
                bytes *= size;
            }
            if (offsets is not [var begin, var end] || begin < 0 || end < begin || end - begin > Array.MaxLength || bytes != end - begin)
                throw Wrong($"'{name}' of {type} and the shape [{string.Join(", ", shape)}] lies at [{string.Join(", ", offsets)}].");
            return (name, type, shape, begin, end);
        }
    }
}
