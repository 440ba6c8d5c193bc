using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace MLNet.Pruning;

/// <summary>Files of data sets, plain or gzipped: read whole and checked whole, or not at all.</summary>
static class DataFile
{
    const string Told = nameof(DataFile);

    /// <summary>
    /// Calls <paramref name="read"/> with the file's content and its length if known (a plain file); <paramref name="read"/> returns a
    /// value and how many bytes it read.
    /// </summary>
    /// <exception cref="InvalidDataException">The gzip file is damaged, or <paramref name="read"/> found the content broken.</exception>
    public static T Read<T>(string path, Func<Stream, long?, (T Value, long Length)> read)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        bool zipped = IsGzip(file);
        try
        {
            using Stream stream = zipped ? new GZipStream(file, CompressionMode.Decompress, leaveOpen: true) : file;
            var (value, length) = read(stream, zipped ? null : file.Length);
            if (zipped)
                CheckGzipTrailer(file, path, length);
            return value;
        }
        catch (InvalidDataException found) when (!IsTold(found))
        {
            throw Broken(path, $"is a damaged gzip file ({found.Message})", "a whole one", found);
        }
    }

    /// <summary>All bytes of the file, unpacked.</summary>
    public static byte[] ReadAll(string path) => Read(path, (stream, length) =>
    {
        if (length > Array.MaxLength)
            throw Broken(path, $"holds {Format(length.Value)} bytes", $"at most {Format(Array.MaxLength)}");
        byte[] all = length is { } known ? new byte[known] : Unpacked(stream, path);
        if (length is not null)
            stream.ReadExactly(all);
        return (all, all.Length);
    });

    /// <summary>All that a packed stream holds. Its size is not known before.</summary>
    static byte[] Unpacked(Stream stream, string path)
    {
        const int Piece = 1 << 20;
        var pieces = new List<byte[]>();
        long total = 0;
        for (int got = Piece; got == Piece; total += got)
        {
            var piece = new byte[Piece];
            got = stream.ReadAtLeast(piece, Piece, throwOnEndOfStream: false);
            pieces.Add(piece);
            if (total + got > Array.MaxLength)
                throw Broken(path, $"unpacks to {Format(total + got)} bytes or more", $"at most {Format(Array.MaxLength)}");
        }
        var all = new byte[total];
        for (int i = 0; i < pieces.Count; i++)
            pieces[i].AsSpan(0, (int)Math.Min(Piece, total - ((long)i * Piece))).CopyTo(all.AsSpan(i * Piece));
        return all;
    }

    /// <summary>The first of the names that <paramref name="directory"/> holds, plain or with .gz appended.</summary>
    public static string? Find(string directory, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            string plain = Path.Combine(directory, name);
            if (File.Exists(plain))
                return plain;
            if (File.Exists(plain + ".gz"))
                return plain + ".gz";
        }
        return null;
    }

    /// <summary>The exception for a broken file. It names the file, what was found and what was expected.</summary>
    public static InvalidDataException Broken(string path, string found, string wanted, Exception? inner = null) =>
        new($"'{path}' {found}; wanted {wanted}.", inner) { Data = { [Told] = true } };

    /// <summary>Whether an exception names its file already.</summary>
    public static bool IsTold(InvalidDataException exception) => exception.Data[Told] is not null;

    /// <summary>A number with thousands separators.</summary>
    public static string Format(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Throws if the folder does not exist or the split is unknown.</summary>
    public static void CheckArguments(string directory, DatasetSplit split, string dataset)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (split is not (DatasetSplit.Train or DatasetSplit.Test))
        {
            throw new ArgumentOutOfRangeException(
                nameof(split), split, $"There is no such split; wanted {DatasetSplit.Train} or {DatasetSplit.Test}.");
        }
        if (!Directory.Exists(directory))
            throw new DirectoryNotFoundException($"There is no folder '{directory}' to load {dataset} from.");
    }

    static bool IsGzip(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        bool zipped = file.ReadAtLeast(start, 2, throwOnEndOfStream: false) == 2 && start[0] == 0x1F && start[1] == 0x8B;
        file.Position = 0;
        return zipped;
    }

    /// <summary>
    /// A gzip file that is cut within its last eight bytes still unpacks, but its last four bytes are then not the unpacked length.
    /// </summary>
    static void CheckGzipTrailer(FileStream file, string path, long unpacked)
    {
        const int HeaderAndTrailer = 18;
        if (file.Length < HeaderAndTrailer)
            throw Broken(path, $"is a gzip file of {file.Length} bytes", $"{HeaderAndTrailer} or more");
        Span<byte> trailer = stackalloc byte[4];
        file.Position = file.Length - trailer.Length;
        file.ReadExactly(trailer);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (length != (uint)unpacked)
        {
            throw Broken(path, $"says in its gzip trailer that it unpacks to {Format(length)} bytes",
                $"{Format(unpacked)}, which is what it unpacked to: it is cut short or something was appended");
        }
    }
}

/// <summary>Which part of a data set to load.</summary>
public enum DatasetSplit
{
    /// <summary>The examples to train on.</summary>
    Train,

    /// <summary>The examples kept apart for the final test.</summary>
    Test,
}
