using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace MLNet.Pruning.Persistence;

/// <summary>
/// Reads and writes tensors in the files of PyTorch's <c>torch.save</c>: a zip of a pickle and the bytes of each storage.
/// </summary>
static class PthFile
{
    const string Pickled = "data.pkl", Folder = "archive";

    // PyTorch's storage classes, and the safetensors names of their types.
    static readonly (string Storage, string Type)[] Types =
    [
        ("FloatStorage", "F32"), ("HalfStorage", "F16"), ("BFloat16Storage", "BF16"), ("DoubleStorage", "F64"), ("LongStorage", "I64"),
        ("IntStorage", "I32"), ("ShortStorage", "I16"), ("CharStorage", "I8"), ("ByteStorage", "U8"), ("BoolStorage", "BOOL"),
    ];

    // Keys under which training scripts save the network's state dictionary.
    static readonly string[] Wrappings = ["state_dict", "model_state_dict", "model", "state_dict_ema", "net"];

    /// <summary>Reads a state dictionary, or that of the network in a training script's file.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or holds something else.</exception>
    public static IReadOnlyList<(string Name, StoredTensor Tensor)> Read(Stream stream, string what)
    {
        // PyTorch packs nothing, so that all entries together are smaller than the file. A packed one could unpack to any size.
        long left = stream.Length - stream.Position;
        var guard = new GuardedStream(stream);
        try
        {
            using var zip = new ZipArchive(guard, ZipArchiveMode.Read, leaveOpen: true);
            var pickle = zip.Entries.FirstOrDefault(entry => entry.Name == Pickled)
                ?? throw new InvalidDataException($"it has no '{Pickled}'; PyTorch before 1.6, or torch.jit, saved it. Load it there and "
                    + "save its state_dict() anew.");
            string folder = pickle.FullName[..^Pickled.Length];
            if (zip.GetEntry($"{folder}byteorder") is { } order && Encoding.ASCII.GetString(Bytes(order, ref left)).Trim() != "little")
                throw new InvalidDataException("its numbers are big-endian.");
            var root = Pickle.Read(Bytes(pickle, ref left), guard) as Dictionary<object, object?>
                ?? throw new InvalidDataException("it is no dictionary of tensors.");
            foreach (string wrapping in Wrappings)
            {
                if (root.GetValueOrDefault(wrapping) is Dictionary<object, object?> inner)
                {
                    root = inner;
                    break;
                }
            }
            var storages = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            var tensors = new List<(string, StoredTensor)>();
            foreach (var (key, value) in root)
            {
                if (key is string name && Unwrapped(value) is { } tensor)
                    tensors.Add((name, Tensor(name, tensor, Storage, guard)));
            }
            return tensors.Count > 0 ? tensors : throw new InvalidDataException("there is no tensor in it.");

            byte[] Storage(string key)
            {
                if (!storages.TryGetValue(key, out byte[]? bytes))
                    storages[key] = bytes = Bytes(zip.GetEntry($"{folder}data/{key}")
                        ?? throw new InvalidDataException($"its storage '{key}' is missing."), ref left);
                return bytes;
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or OverflowException or IOException or NotSupportedException)
        {
            throw new InvalidDataException($"{what} cannot be read as a state dictionary of PyTorch: {failure.Message}", failure);
        }
    }

    /// <summary>Writes a state dictionary that <c>torch.load</c> reads, <c>weights_only=True</c> included.</summary>
    public static void Write(Stream stream, IReadOnlyList<(string Name, StoredTensor Tensor)> tensors)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Put(Pickled, Dictionary(tensors));
        Put("byteorder", "little"u8);
        for (int i = 0; i < tensors.Count; i++)
            Put($"data/{i}", tensors[i].Tensor.Bytes.Span);
        Put("version", "3\n"u8);

        void Put(string name, ReadOnlySpan<byte> bytes)
        {
            using var entry = zip.CreateEntry($"{Folder}/{name}", CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    /// <param name="entry">The entry.</param>
    /// <param name="left">The bytes that entries may still have together.</param>
    static byte[] Bytes(ZipArchiveEntry entry, ref long left)
    {
        if (entry.Length > Array.MaxLength)
            throw new InvalidDataException($"'{entry.FullName}' has {entry.Length} bytes; at most {Array.MaxLength} can be read.");
        if (entry.Length > left)
        {
            throw new InvalidDataException($"'{entry.FullName}' and what was read before have more bytes than the file; "
                + "wanted entries that are stored without packing, as torch.save stores them.");
        }
        left -= entry.Length;
        byte[] bytes = new byte[entry.Length];
        using var from = entry.Open();
        from.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A parameter is a wrapped tensor.</summary>
    static PickledCall? Unwrapped(object? value) => value is PickledCall { Function: PickledName("torch._utils", var name) } call
        ? name switch
        {
            "_rebuild_parameter" when call.Arguments is [PickledCall
            {
                Function: PickledName("torch._utils",
                not "_rebuild_parameter")
            } inner, ..] =>
                Unwrapped(inner),
            "_rebuild_tensor_v2" or "_rebuild_tensor" => call,
            _ => null,
        }
        : null;

    static StoredTensor Tensor(string name, PickledCall call, Func<string, byte[]> storage, GuardedStream guard)
    {
        if (call.Arguments is not [PickledReference { Id: object?[] id }, long offset, object?[] sizes, object?[] strides, ..]
            || id is not ["storage", PickledName("torch", var kind), string key, ..])
            throw new InvalidDataException($"'{name}' is built in a way that is not known.");
        string type = Types.FirstOrDefault(t => t.Storage == kind).Type
            ?? throw new InvalidDataException($"'{name}' is of the type {kind}, which is not known.");
        long[] shape = [.. sizes.Select(Pickle.As<long>)], steps = [.. strides.Select(Pickle.As<long>)];
        int width = Safetensors.Width(type);
        byte[] from = storage(key);
        Int128 count = 1, last = offset;
        if (shape.Length != steps.Length || offset < 0)
            throw new InvalidDataException($"'{name}' has {shape.Length} dimensions and {steps.Length} strides.");
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] < 0 || steps[i] < 0)
                throw new InvalidDataException($"'{name}' has the shape [{string.Join(", ", shape)}] and the strides "
                    + $"[{string.Join(", ", steps)}].");
            count = count > int.MaxValue ? count : count * shape[i];
            last += (Int128)Math.Max(0, shape[i] - 1) * steps[i];
        }
        if (count == 0)
            return new(type, shape, Array.Empty<byte>());
        // A stride of 0 would turn few bytes into many values.
        if ((last + 1) * width > from.Length || count * width > from.Length)
            throw new InvalidDataException($"'{name}' with the shape [{string.Join(", ", shape)}] lies outside of its storage of "
                + $"{from.Length} bytes.");
        int length = (int)count * width;
        // Tensors may share a storage. Only those in another order take memory of their own.
        if (IsContiguous(shape, steps))
            return new(type, shape, from.AsMemory((int)(offset * width), length));
        guard.Check(length);
        byte[] to = new byte[length];
        Gather(from, to, shape, steps, offset, width);
        return new(type, shape, to);
    }

    static bool IsContiguous(long[] shape, long[] steps)
    {
        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && steps[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }

    static void Gather(byte[] from, byte[] to, long[] shape, long[] steps, long offset, int width)
    {
        long[] index = new long[shape.Length];
        for (int at = 0; at < to.Length; at += width)
        {
            long place = offset;
            for (int i = 0; i < index.Length; i++)
                place += index[i] * steps[i];
            from.AsSpan((int)(place * width), width).CopyTo(to.AsSpan(at));
            for (int i = index.Length - 1; i >= 0 && ++index[i] == shape[i]; i--)
                index[i] = 0;
        }
    }

    /// <summary>The pickle, protocol 2: a dictionary of calls that each build a tensor from a storage.</summary>
    static byte[] Dictionary(IReadOnlyList<(string Name, StoredTensor Tensor)> tensors)
    {
        var pickle = new MemoryStream();
        pickle.Write([0x80, 2, (byte)'}', (byte)'(']);
        for (int i = 0; i < tensors.Count; i++)
        {
            var (name, tensor) = tensors[i];
            string storage = Types.FirstOrDefault(t => t.Type == tensor.Type).Storage
                ?? throw new NotSupportedException($"'{name}' is of type {tensor.Type}, which PyTorch's files cannot hold.");
            long count = tensor.Bytes.Length / Safetensors.Width(tensor.Type);
            Text(name);
            Name("torch._utils", "_rebuild_tensor_v2");
            pickle.Write("((X"u8);
            Raw("storage");
            Name("torch", storage);
            Text(i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Text("cpu");
            Number(count);
            pickle.Write("tQ"u8);
            Number(0);
            Tuple(tensor.Shape);
            long[] steps = new long[tensor.Shape.Length];
            for (long step = 1, d = steps.Length - 1; d >= 0; step *= Math.Max(1, tensor.Shape[d]), d--)
                steps[d] = step;
            Tuple(steps);
            pickle.WriteByte(0x89);
            Name("collections", "OrderedDict");
            pickle.Write(")RtR"u8);
        }
        pickle.Write("u."u8);
        return pickle.ToArray();

        void Text(string text)
        {
            pickle.WriteByte((byte)'X');
            Raw(text);
        }

        void Raw(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            pickle.Write(length);
            pickle.Write(bytes);
        }

        void Name(string module, string name) => pickle.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

        void Number(long number)
        {
            Span<byte> bytes = stackalloc byte[10];
            (bytes[0], bytes[1]) = (0x8a, 8);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[2..], number);
            pickle.Write(bytes);
        }

        void Tuple(long[] numbers)
        {
            pickle.WriteByte((byte)'(');
            foreach (long number in numbers)
                Number(number);
            pickle.WriteByte((byte)'t');
        }
    }
}
