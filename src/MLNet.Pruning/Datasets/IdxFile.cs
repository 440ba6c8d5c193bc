using System.Buffers.Binary;

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
    public static (int[] Dimensions, byte[] Elements) Read(string path, int rank) =>
        DataFile.Read(path, (stream, length) =>
        {
            var dimensions = ReadHeader(stream, path, rank);
            int count = ElementCount(dimensions, path);
            int headerSize = 4 + (4 * rank);
            if (length is { } bytes && bytes - headerSize != count)
                throw DataFile.Broken(path, $"holds {DataFile.Format(bytes - headerSize)} bytes after its header", $"{DataFile.Format(count)} ({Describe(dimensions)})");
            byte[] elements = ReadElements(stream, path, count, dimensions);
            return ((dimensions, elements), headerSize + (long)count);
        });

    static int[] ReadHeader(Stream stream, string path, int rank)
    {
        Span<byte> header = stackalloc byte[4 + (4 * rank)];
        int length = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (length < 4)
            throw DataFile.Broken(path, $"ends after {length} bytes", "an IDX header");
        if (header[0] != 0 || header[1] != 0 || header[2] != UnsignedByte || header[3] != rank)
        {
            throw DataFile.Broken(
                path,
                $"starts with 0x{Convert.ToHexString(header[..4])}",
                $"0x0000{UnsignedByte:X2}{rank:X2} (IDX, unsigned bytes, {rank} {(rank == 1 ? "dimension: labels" : "dimensions: images")})");
        }
        if (length < header.Length)
            throw DataFile.Broken(path, $"ends after {length} bytes", $"an IDX header of {header.Length}");
        var dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]);
            if (size is 0 or > int.MaxValue)
                throw DataFile.Broken(path, $"gives dimension {i + 1} of {rank} as {DataFile.Format(size)}", "1 or more");
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
            : throw DataFile.Broken(path, $"announces {Describe(dimensions)} elements", $"at most {DataFile.Format(Array.MaxLength)}");
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
                throw DataFile.Broken(path, $"holds {DataFile.Format(have)} bytes after its header", $"{DataFile.Format(count)} ({Describe(dimensions)})");
            if (have == count)
                break;
            Array.Resize(ref elements, (int)Math.Min(count, Math.Max(2L * have, have + Step)));
        }
        return stream.ReadByte() < 0
            ? elements
            : throw DataFile.Broken(path, $"goes on after {DataFile.Format(count)} bytes", $"its end there ({Describe(dimensions)})");
    }

    static string Describe(int[] dimensions) => string.Join(" x ", dimensions.Select(size => DataFile.Format(size)));
}
