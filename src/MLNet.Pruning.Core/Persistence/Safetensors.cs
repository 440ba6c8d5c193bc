using System.Buffers.Binary;
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
    const int LengthBytes = 8, MaximumHeader = 100_000_000, Alignment = 8, MaximumDimensions = 64;
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
    public static IReadOnlyList<(string Name, StoredTensor Tensor)> Read(Stream stream, string what)
    {
        long rest = stream.Length - stream.Position;
        Span<byte> start = stackalloc byte[LengthBytes];
        if (rest < LengthBytes)
            throw Wrong("it is too short.");
        stream.ReadExactly(start);
        long header = BinaryPrimitives.ReadInt64LittleEndian(start), data = rest - LengthBytes - header;
        if (header < 2 || header > MaximumHeader || data < 0)
            throw Wrong($"its header would have {header} bytes, and there are {rest - LengthBytes}.");
        var guard = new GuardedStream(stream);
        try
        {
            byte[] json = new byte[header];
            stream.ReadExactly(json);
            var places = Header(json, guard);
            places.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
            long at = 0;
            foreach (var place in places)
            {
                if (place.Begin != at)
                    throw new InvalidDataException($"'{place.Name}' begins at {place.Begin}; the tensor before it ends at {at}.");
                at = place.End;
            }
            if (at != data)
                throw new InvalidDataException($"its tensors take {at} bytes, and there are {data}.");
            var tensors = new List<(string, StoredTensor)>(places.Count);
            foreach (var (name, type, shape, begin, end) in places)
            {
                guard.Check(end - begin);
                byte[] bytes = new byte[end - begin];
                stream.ReadExactly(bytes);
                tensors.Add((name, new(type, shape, bytes)));
            }
            return tensors;
        }
        catch (InvalidDataException failure)
        {
            throw Wrong(failure.Message);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw Wrong($"its header cannot be read: {failure.Message}");
        }

        InvalidDataException Wrong(string why) => new($"{what} is no safetensors file: {why}");
    }

    static List<Place> Header(ReadOnlySpan<byte> json, GuardedStream guard)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        var (places, names) = (new List<Place>(), new HashSet<string>(StringComparer.Ordinal));
        Begin(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            // The lists of places and names may double.
            guard.Check(places.Count == places.Capacity ? 160L * places.Count : 0);
            string name = reader.GetString()!;
            if (!names.Add(name))
                throw new InvalidDataException($"'{name}' is there twice.");
            reader.Read();
            if (name == Metadata)
                reader.Skip();
            else
                places.Add(Tensor(ref reader, name));
        }
        // Throws if anything but spaces follows.
        reader.Read();
        return places;
    }

    static Place Tensor(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null, offsets = null;
        Is(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8) && reader.Read())
                type = Type(reader.GetString() ?? "", name);
            else if (reader.ValueTextEquals("shape"u8))
                shape = Numbers(ref reader);
            else if (reader.ValueTextEquals("data_offsets"u8))
                offsets = Numbers(ref reader);
            else
                reader.Skip();
        }
        if (type is null || shape is null || offsets is null)
            throw new InvalidDataException($"'{name}' lacks its dtype, shape or data_offsets.");
        Int128 bytes = Width(type);
        foreach (long size in shape)
        {
            if (size < 0 || bytes > long.MaxValue)
                throw new InvalidDataException($"'{name}' has the shape [{string.Join(", ", shape)}].");
            bytes *= size;
        }
        return offsets is [>= 0 and var begin, var end] && end >= begin && end - begin <= Array.MaxLength && bytes == end - begin
            ? new(name, type, shape, begin, end)
            : throw new InvalidDataException(
                $"'{name}' of {type} and the shape [{string.Join(", ", shape)}] lies at [{string.Join(", ", offsets)}].");
    }

    /// <summary>The one text for the type, as thousands of tensors may have it.</summary>
    static string Type(string type, string name) => Width(type) > 0 ? string.Intern(type)
        : throw new InvalidDataException($"'{name}' is of type '{type}', which is not known.");

    static long[] Numbers(ref Utf8JsonReader reader)
    {
        Span<long> numbers = stackalloc long[MaximumDimensions];
        int count = 0;
        Begin(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (count == MaximumDimensions)
                throw new InvalidDataException($"a tensor has more than {MaximumDimensions} dimensions.");
            numbers[count++] = reader.GetInt64();
        }
        return numbers[..count].ToArray();
    }

    static JsonTokenType Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType;
    }

    static void Begin(ref Utf8JsonReader reader, JsonTokenType wanted)
    {
        reader.Read();
        Is(ref reader, wanted);
    }

    static void Is(ref Utf8JsonReader reader, JsonTokenType wanted)
    {
        if (reader.TokenType != wanted)
            throw new InvalidDataException($"its header has {reader.TokenType} where {wanted} is wanted.");
    }

    /// <summary>What the header says of a tensor.</summary>
    readonly record struct Place(string Name, string Type, long[] Shape, long Begin, long End);
}
