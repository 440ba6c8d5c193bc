using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MLNet.Pruning.Persistence;

/// <summary>Named blobs with a checksum, little-endian: the format of model files and checkpoints.</summary>
/// <remarks>
/// Layout: 8 bytes "MLPRUNE\0"; int32 version; the kind, as a string; int32 count; for each entry its name, int64 length and bytes; and
/// finally the SHA-256 of everything before it. A string is an int32 length and UTF-8.
/// </remarks>
sealed class Archive(string kind)
{
    public const int Version = 1;
    const int MaximumName = 4096;
    const int MaximumEntries = 1 << 15;
    const string AnyKind = "file of MLNet.Pruning";

    static ReadOnlySpan<byte> Magic => "MLPRUNE\0"u8;

    readonly Dictionary<string, byte[]> entries = new(StringComparer.Ordinal);

    Archive(string kind, int count)
        : this(kind) => entries.EnsureCapacity(count);

    public string Kind => kind;

    public IReadOnlyDictionary<string, byte[]> Entries => entries;

    public void Add(string name, byte[] content) => entries.Add(name, content);

    public byte[] this[string name] => entries.TryGetValue(name, out var content)
        ? content
        : throw new InvalidDataException($"The {kind} file lacks its part '{name}'.");

    /// <summary>
    /// Reads a part. Errors name the file and the part: the checksum shows that the file is complete, not that its content makes sense.
    /// </summary>
    public T Part<T>(string name, string what, Func<byte[], T> read)
    {
        if (!entries.TryGetValue(name, out var content))
            throw new InvalidDataException($"{what} lacks its part '{name}'.");
        try
        {
            return read(content);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or IOException or ArgumentException or FormatException
            or OverflowException or NotSupportedException or ExternalException or OutOfMemoryException)
        {
            // LibTorch appends its call stack.
            throw new InvalidDataException(
                $"{what} cannot be read, because of its part '{name}': {e.Message.Split('\n')[0].TrimEnd()}", e);
        }
    }

    /// <summary>The same for a part that a <see cref="BinaryWriter"/> wrote.</summary>
    public void Part(string name, string what, Action<BinaryReader> read) => Part(name, what, content =>
    {
        using var reader = new BinaryReader(new MemoryStream(content));
        read(reader);
        return true;
    });

    /// <summary>The size of the file in bytes.</summary>
    public long Length => Magic.Length + (3 * sizeof(int)) + Encoding.UTF8.GetByteCount(kind) + SHA256.HashSizeInBytes
        + entries.Sum(entry => sizeof(int) + Encoding.UTF8.GetByteCount(entry.Key) + sizeof(long) + entry.Value.LongLength);

    public void Write(Stream stream)
    {
        if (entries.Count > MaximumEntries)
            throw new NotSupportedException($"A {kind} file has at most {MaximumEntries:N0} parts; these are {entries.Count:N0}.");
        using var hash = new OrderedHash();
        Put(Magic.ToArray());
        PutInt32(Version);
        PutString(kind);
        PutInt32(entries.Count);
        foreach (var (name, content) in entries)
        {
            PutString(name);
            PutInt64(content.LongLength);
            Put(content);
        }
        stream.Write(hash.Finish());

        void Put(byte[] bytes)
        {
            hash.Append(bytes);
            stream.Write(bytes);
        }

        void PutInt32(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            Put(bytes);
        }

        void PutInt64(long value)
        {
            var bytes = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            Put(bytes);
        }

        void PutString(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            PutInt32(bytes.Length);
            Put(bytes);
        }
    }

    /// <summary>Reads a whole archive and checks it.</summary>
    /// <param name="what">What error messages call the stream.</param>
    public static Archive Read(Stream stream, string kind, string what) => Read(stream, [kind], what);

    /// <summary>The same for an archive of one of some kinds; errors name the first.</summary>
    public static Archive Read(Stream stream, IReadOnlyList<string> kinds, string what) =>
        Read(stream, kinds, what, archive => archive);

    /// <summary>The same for an archive of any kind.</summary>
    public static Archive Read(Stream stream, string what) => Read(stream, null, what, archive => archive);

    /// <summary>
    /// Reads an archive and makes something of it, which is returned only if the checksum is right. Reading and making go on while the
    /// checksum is computed; <paramref name="make"/> must not change the entries.
    /// </summary>
    /// <param name="kinds">The kinds that are accepted; null for any.</param>
    public static T Read<T>(Stream stream, IReadOnlyList<string>? kinds, string what, Func<Archive, T> make) =>
        Read(stream, kinds is null ? AnyKind : $"{kinds[0]} file", what, kinds, make);

    static T Read<T>(Stream stream, string wanted, string what, IReadOnlyList<string>? only, Func<Archive, T> make)
    {
        using var hash = new OrderedHash();
        var few = new byte[MaximumName];
        var begun = stream.ReadAtLeast(few.AsSpan(0, Magic.Length), Magic.Length, throwOnEndOfStream: false);
        if (begun == 0 || !Magic.StartsWith(few.AsSpan(0, begun)))
            throw new InvalidDataException($"{what} is not a {wanted}: it does not begin as one.");
        if (begun < Magic.Length)
            throw new InvalidDataException($"{what} is truncated.");
        hash.AppendFew(Magic);
        var version = TakeInt32();
        if (version != Version)
            throw new InvalidDataException($"{what} has format version {version}; this build reads version {Version}.");
        var found = TakeString();
        if (only is not null && !only.Contains(found))
            throw new InvalidDataException($"{what} is a {found} file, not a {only[0]} file.");
        var count = TakeInt32();
        if (count is < 0 or > MaximumEntries)
            throw Damaged();
        var archive = new Archive(found, count);
        for (var i = 0; i < count; i++)
        {
            var name = TakeString();
            var length = BinaryPrimitives.ReadInt64LittleEndian(TakeFew(sizeof(long)));
            if (length < 0 || length > Array.MaxLength || !archive.entries.TryAdd(name, Take(length)))
                throw Damaged();
        }
        var checksum = TakeRaw(SHA256.HashSizeInBytes);
        T made;
        try
        {
            made = make(archive);
        }
        catch when (!IsWhole())
        {
            throw Damaged();
        }
        return IsWhole() ? made : throw Damaged();

        bool IsWhole() => checksum.AsSpan().SequenceEqual(hash.Finish());

        InvalidDataException Damaged() => new($"{what} is damaged: its checksum or its structure is wrong.");

        byte[] Take(long length)
        {
            var bytes = TakeRaw(length);
            hash.Append(bytes);
            return bytes;
        }

        // The length in a damaged file must not make us allocate more memory than the file has bytes.
        byte[] TakeRaw(long length)
        {
            const int chunk = 1 << 20;
            var known = stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : chunk;
            var bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, known));
            for (var filled = 0; filled < length;)
            {
                if (filled == bytes.Length)
                    Array.Resize(ref bytes, (int)Math.Min(length, Math.Min(bytes.LongLength * 2, Array.MaxLength)));
                var got = stream.Read(bytes, filled, bytes.Length - filled);
                if (got == 0)
                    throw new InvalidDataException($"{what} is truncated.");
                filled += got;
            }
            return bytes;
        }

        // Up to MaximumName bytes, until the next are taken.
        ReadOnlySpan<byte> TakeFew(int length)
        {
            if (stream.ReadAtLeast(few.AsSpan(0, length), length, throwOnEndOfStream: false) < length)
                throw new InvalidDataException($"{what} is truncated.");
            hash.AppendFew(few.AsSpan(0, length));
            return few.AsSpan(0, length);
        }

        int TakeInt32() => BinaryPrimitives.ReadInt32LittleEndian(TakeFew(sizeof(int)));

        string TakeString()
        {
            var length = TakeInt32();
            return length is >= 0 and <= MaximumName ? Encoding.UTF8.GetString(TakeFew(length)) : throw Damaged();
        }
    }
}

/// <summary>The SHA-256 of arrays one after another. Large ones are hashed while the caller goes on; they must not change.</summary>
sealed class OrderedHash : IDisposable
{
    // Handing over smaller arrays takes longer than hashing them.
    const int Large = 1 << 18;

    readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    Task behind = Task.CompletedTask;
    byte[]? finished;

    public void Append(byte[] bytes)
    {
        if (bytes.Length < Large && behind.IsCompleted)
            hash.AppendData(bytes);
        else
            behind = behind.ContinueWith(_ => hash.AppendData(bytes), TaskScheduler.Default);
    }

    /// <summary>The same for a few bytes, which may change afterwards.</summary>
    public void AppendFew(ReadOnlySpan<byte> bytes)
    {
        if (behind.IsCompleted)
            hash.AppendData(bytes);
        else
            Append(bytes.ToArray());
    }

    /// <summary>The hash of everything; nothing may be appended afterwards.</summary>
    public byte[] Finish()
    {
        behind.Wait();
        return finished ??= hash.GetHashAndReset();
    }

    public void Dispose()
    {
        behind.Wait();
        hash.Dispose();
    }
}

static class BinaryReading
{
    /// <summary>
    /// The product of extents, which cannot overflow: some number above the limit if it is larger, -1 if an extent is negative.
    /// </summary>
    public static Int128 Product(ReadOnlySpan<long> shape, long limit)
    {
        Int128 product = 1;
        foreach (var extent in shape)
        {
            if (extent < 0)
                return -1;
            product = product > limit && extent > 0 ? product : product * extent;
        }
        return product;
    }

    /// <summary>
    /// Reads a count. It cannot exceed the number of bytes left, so that a damaged count does not make us allocate memory.
    /// </summary>
    /// <param name="reader">A reader of a stream of known length.</param>
    /// <param name="size">The minimum size of each item in bytes; at least 1.</param>
    public static int ReadCount(this BinaryReader reader, int size = 1)
    {
        var count = reader.ReadInt32();
        return count >= 0 && count <= (reader.BaseStream.Length - reader.BaseStream.Position) / size ? count
            : throw new InvalidDataException(
                $"It says that {count} values follow, and has {reader.BaseStream.Length - reader.BaseStream.Position} bytes left.");
    }

    /// <summary>Reads bytes that are preceded by their count.</summary>
    public static byte[] ReadBlob(this BinaryReader reader) => reader.ReadBytes(reader.ReadCount());
}
