using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace MLNet.Pruning.Datasets;

/// <summary>
/// The IDX format of MNIST (two zero bytes, element type, number of dimensions, the dimensions as big-endian int32, then
/// the elements), plain or gzipped. A file is read whole and checked whole, or not at all.
/// </summary>
static class IdxFile
{
    const byte UnsignedByte = 0x08;

    /// <summary>Reads bytes of <paramref name="rank"/> dimensions from <paramref name="path"/>.</summary>
    /// <exception cref="InvalidDataException">The file is not what its header, or this call, says it is.</exception>
    public static (int[] Dimensions, byte[] Elements) Read(string path, int rank)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        bool zipped = IsGzip(file);
        try
        {
            using Stream stream = zipped ? new GZipStream(file, CompressionMode.Decompress, leaveOpen: true) : file;
            var dimensions = ReadHeader(stream, path, rank);
            int count = ElementCount(dimensions, path);
            int headerSize = 4 + (4 * rank);
            if (!zipped && file.Length - headerSize != count)
                throw Broken(path, $"holds {Format(file.Length - headerSize)} bytes after its header", $"{Format(count)} ({Describe(dimensions)})");
            byte[] elements = ReadElements(stream, path, count, dimensions);
            if (zipped)
                CheckGzipTrailer(file, path, headerSize + (long)count);
            return (dimensions, elements);
        }
        catch (InvalidDataException found) when (found.Data[nameof(IdxFile)] is null)
        {
            throw Broken(path, $"is a damaged gzip file ({found.Message})", "a whole one", found);
        }
    }

    static bool IsGzip(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        bool zipped = file.ReadAtLeast(start, 2, throwOnEndOfStream: false) == 2 && start[0] == 0x1F && start[1] == 0x8B;
        file.Position = 0;
        return zipped;
    }

    static int[] ReadHeader(Stream stream, string path, int rank)
    {
        Span<byte> header = stackalloc byte[4 + (4 * rank)];
        int length = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (length < 4)
            throw Broken(path, $"ends after {length} bytes", "an IDX header");
        if (header[0] != 0 || header[1] != 0 || header[2] != UnsignedByte || header[3] != rank)
        {
            throw Broken(
                path,
                $"starts with 0x{Convert.ToHexString(header[..4])}",
                $"0x0000{UnsignedByte:X2}{rank:X2} (IDX, unsigned bytes, {rank} {(rank == 1 ? "dimension: labels" : "dimensions: images")})");
        }
        if (length < header.Length)
            throw Broken(path, $"ends after {length} bytes", $"an IDX header of {header.Length}");
        var dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]);
            if (size is 0 or > int.MaxValue)
                throw Broken(path, $"gives dimension {i + 1} of {rank} as {Format(size)}", "1 or more");
            dimensions[i] = (int)size;
        }
        return dimensions;
    }

    static int ElementCount(int[] dimensions, string path)
    {
        Int128 count = 1;
        foreach (int size in dimensions)
            count *= size;
        return count <= Array.MaxLength
            ? (int)count
            : throw Broken(path, $"announces {Describe(dimensions)} elements", $"at most {Format(Array.MaxLength)}");
    }

    /// <summary>Reads in steps, so that a lying header costs no more memory than the file has data.</summary>
    static byte[] ReadElements(Stream stream, string path, int count, int[] dimensions)
    {
        const int Step = 1 << 24;
        var elements = new byte[Math.Min(count, Step)];
        int have = 0;
        while (true)
        {
            have += stream.ReadAtLeast(elements.AsSpan(have), elements.Length - have, throwOnEndOfStream: false);
            if (have < elements.Length)
                throw Broken(path, $"holds {Format(have)} bytes after its header", $"{Format(count)} ({Describe(dimensions)})");
            if (have == count)
                break;
            Array.Resize(ref elements, (int)Math.Min(count, Math.Max(2L * have, have + Step)));
        }
        return stream.ReadByte() < 0
            ? elements
            : throw Broken(path, $"goes on after {Format(count)} bytes", $"its end there ({Describe(dimensions)})");
    }

    /// <summary>
    /// A gzip file cut inside its last eight bytes still unpacks; its last four, the unpacked length, then are something else.
    /// </summary>
    static void CheckGzipTrailer(FileStream file, string path, long unpacked)
    {
        Span<byte> trailer = stackalloc byte[4];
        file.Position = Math.Max(0, file.Length - trailer.Length);
        file.ReadExactly(trailer);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (length != unpacked)
            throw Broken(path, $"says in its gzip trailer that it unpacks to {Format(length)} bytes", $"{Format(unpacked)}, which is what it unpacked to: it is cut short or something was appended");
    }

    /// <summary>The exception for a broken file: which, what was found there, what was wanted.</summary>
    public static InvalidDataException Broken(string path, string found, string wanted, Exception? inner = null) =>
        new($"'{path}' {found}; wanted {wanted}.", inner) { Data = { [nameof(IdxFile)] = true } };

    static string Describe(int[] dimensions) => string.Join(" x ", dimensions.Select(size => Format(size)));

    static string Format(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
