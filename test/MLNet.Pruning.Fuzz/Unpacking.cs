using System.Buffers.Binary;
using System.IO.Compression;
using MLNet.Pruning.Images;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Fuzz;

/// <summary>How much a packed file holds, with the file itself. A file that cannot be unpacked to its end holds what came before.</summary>
static class Unpacking
{
    /// <summary>Of a gzip file, its content; of any other, nothing more.</summary>
    public static long Gzip(byte[] content) =>
        content.Length + (content is [0x1F, 0x8B, ..] ? Count(() => new GZipStream(new MemoryStream(content), CompressionMode.Decompress)) : 0);

    /// <summary>Of a zip file, its entries.</summary>
    public static long Zip(byte[] content)
    {
        long size = content.Length;
        try
        {
            using var zip = new ZipArchive(new MemoryStream(content), ZipArchiveMode.Read);
            foreach (var entry in zip.Entries)
                size += Count(entry.Open);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException or ArgumentException)
        {
        }
        return size;
    }

    /// <summary>Of a picture that is whole, a byte for each channel of each pixel.</summary>
    public static long Picture(byte[] content)
    {
        try
        {
            var (width, height, channels) = PngChunks.Recognizes(content) ? PngChunks.Check(content, "") : JpegMarkers.Check(content, "");
            return content.Length + ((long)width * height * channels);
        }
        catch (InvalidDataException)
        {
            return content.Length;
        }
    }

    /// <summary>Of a compressed model, four bytes for each weight that its layers announce and that the reader accepts.</summary>
    public static long Compressed(byte[] content)
    {
        const int Free = 1 << 22, PerByte = 1 << 10;
        Int128 weights = 0;
        try
        {
            var archive = Archive.Read(new MemoryStream(content), "it");
            foreach (var layer in archive.Entries.Where(entry => entry.Key.StartsWith("layer:", StringComparison.Ordinal)).Select(e => e.Value))
            {
                Int128 count = 1;
                int dimensions = layer.Length < 8 ? 0 : Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(layer.AsSpan(4)), 0, 8);
                for (int at = 8; at <= 8 * dimensions; at += 8)
                {
                    long size = at + 8 <= layer.Length ? BinaryPrimitives.ReadInt64LittleEndian(layer.AsSpan(at)) : 0;
                    count = Int128.Min(long.MaxValue, count * Math.Max(0, size));
                }
                weights += count;
            }
        }
        catch (InvalidDataException)
        {
        }
        return content.Length + (sizeof(float) * (long)Int128.Min(weights, Free + ((long)PerByte * content.Length)));
    }

    static long Count(Func<Stream> open)
    {
        long size = 0;
        try
        {
            using var stream = open();
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = stream.Read(buffer)) > 0;)
                size += read;
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException)
        {
        }
        return size;
    }
}
