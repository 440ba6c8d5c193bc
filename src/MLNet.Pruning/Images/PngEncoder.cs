using System.Buffers.Binary;
using System.IO.Compression;

namespace MLNet.Pruning.Images;

/// <summary>Writes 8-bit grey and colour PNG files.</summary>
static class PngEncoder
{
    const int Filters = 5;

    public static byte[] Encode(Picture picture)
    {
        using var file = new MemoryStream();
        file.Write(PngFormat.Signature);
        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], picture.Height);
        header[8] = 8;
        header[9] = picture.Channels == 1 ? PngFormat.Grey : PngFormat.Colour;
        Chunk(file, "IHDR"u8, header);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            Filter(picture, zlib);
        Chunk(file, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [.. type, .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(chunk);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngFormat.Crc(chunk));
        file.Write(number);
    }

    /// <summary>Every row with the filter whose output, read as signed, is smallest in sum: the specification's advice.</summary>
    static void Filter(Picture picture, ZLibStream zlib)
    {
        int stride = picture.Width * picture.Channels, step = picture.Channels;
        byte[] above = new byte[stride], best = new byte[stride + 1], trial = new byte[stride + 1];
        for (int row = 0; row < picture.Height; row++)
        {
            var line = picture.Bytes.Slice(row * stride, stride);
            long least = long.MaxValue;
            for (byte filter = 0; filter < Filters; filter++)
            {
                trial[0] = filter;
                long sum = 0;
                for (int i = 0; i < stride; i++)
                {
                    int left = i < step ? 0 : line[i - step], corner = i < step ? 0 : above[i - step];
                    int guess = filter switch { 0 => 0, 1 => left, 2 => above[i], 3 => (left + above[i]) / 2, _ => PngFormat.Paeth(left, above[i], corner) };
                    trial[i + 1] = (byte)(line[i] - guess);
                    sum += Math.Abs((int)(sbyte)trial[i + 1]);
                }
                if (sum < least)
                {
                    least = sum;
                    (best, trial) = (trial, best);
                }
            }
            zlib.Write(best);
            line.CopyTo(above);
        }
    }
}
