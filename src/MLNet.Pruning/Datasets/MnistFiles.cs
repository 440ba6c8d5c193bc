using System.Buffers.Binary;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Datasets;

/// <summary>The four files of MNIST, and of data sets that use its format, under their published names.</summary>
static class MnistFiles
{
    const int Side = 28;
    const int Classes = 10;

    /// <summary>The labels of Fashion-MNIST in its authors' order.</summary>
    static readonly string[] Fashion =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public static ByteImageView Load(string directory, DatasetSplit split) => Load(directory, split, "MNIST", classNames: null);

    public static ByteImageView LoadFashion(string directory, DatasetSplit split) => Load(directory, split, "Fashion-MNIST", Fashion);

    public static bool HasFashion(string directory, DatasetSplit split)
    {
        string prefix = split == DatasetSplit.Train ? "train" : "t10k";
        return new[] { ("images", "idx3-ubyte"), ("labels", "idx1-ubyte") }
            .All(file => Find(directory, $"{prefix}-{file.Item1}", file.Item2) is not null);
    }

    /// <summary>Reads one split from <paramref name="directory"/>, which must hold its two files, each plain or gzipped.</summary>
    static ByteImageView Load(string directory, DatasetSplit split, string dataset, string[]? classNames)
    {
        DataFile.CheckArguments(directory, split, dataset);
        string prefix = split == DatasetSplit.Train ? "train" : "t10k";
        string imageFile = Require(directory, prefix + "-images", "idx3-ubyte");
        string labelFile = Require(directory, prefix + "-labels", "idx1-ubyte");

        var (labelShape, labels) = IdxFile.Read(labelFile, rank: 1);
        var (shape, pixels) = IdxFile.Read(imageFile, rank: 3);
        if (shape[1] != Side || shape[2] != Side)
            throw Broken(imageFile, $"holds images of {shape[1]} x {shape[2]} pixels", $"{Side} x {Side}");
        if (shape[0] != labelShape[0])
            throw Broken(imageFile, $"holds {shape[0]} images", $"{labelShape[0]}, for as many labels are in '{labelFile}'");
        int bad = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        return bad < 0
            ? new ByteImageView(new PixelStore(pixels, Side * Side), labels, classNames)
            : throw Broken(labelFile, $"gives image {bad} the label {labels[bad]}", $"0 to {Classes - 1}");
    }

    /// <summary>The published name has a dash before idx; some tools unpack it with a dot there.</summary>
    static string? Find(string directory, string stem, string kind) => DataFile.Find(directory, $"{stem}-{kind}", $"{stem}.{kind}");

    static string Require(string directory, string stem, string kind) => Find(directory, stem, kind)
        ?? throw new FileNotFoundException(
                $"'{directory}' holds neither {stem}-{kind} nor {stem}-{kind}.gz.", Path.Combine(directory, $"{stem}-{kind}"));
}

/// <summary>
/// The IDX format of MNIST (two zero bytes, element type, number of dimensions, the dimensions as big-endian int32, then the elements),
/// plain or gzipped. A file is read and checked as a whole, or not at all.
/// </summary>
static class IdxFile
{
    const byte UnsignedByte = 0x08;

    /// <summary>Reads bytes of <paramref name="rank"/> dimensions from <paramref name="path"/>.</summary>
    /// <exception cref="InvalidDataException">The file does not match its header or this call.</exception>
    public static (int[] Dimensions, byte[] Elements) Read(string path, int rank) =>
        DataFile.Read(path, (stream, length) =>
        {
            var dimensions = ReadHeader(stream, path, rank);
            int count = ElementCount(dimensions, path);
            int headerSize = 4 + (4 * rank);
            if (length is { } bytes && bytes - headerSize != count)
            {
                string wanted = $"{Format(count)} ({Describe(dimensions)})";
                throw Broken(path, $"holds {Format(bytes - headerSize)} bytes after its header", wanted);
            }
            byte[] elements = ReadElements(stream, path, count, dimensions);
            return ((dimensions, elements), headerSize + (long)count);
        });

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
                $"0x0000{UnsignedByte:X2}{rank:X2} (IDX, unsigned bytes, "
                + $"{rank} {(rank == 1 ? "dimension: labels" : "dimensions: images")})");
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

    /// <summary>Reads in steps, so that a wrong header does not make us allocate more memory than the file has data.</summary>
    static byte[] ReadElements(Stream stream, string path, int count, int[] dimensions)
    {
        const int Step = 1 << 20;
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

    static string Describe(int[] dimensions) => string.Join(" x ", dimensions.Select(size => Format(size)));
}
