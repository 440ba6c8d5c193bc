using System.Buffers.Binary;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Images;

/// <summary>Reads a PNG file chunk by chunk before its pixels are decoded: whether it is complete, and its size.</summary>
static class PngChunks
{
    static readonly uint[] crcs = [.. Enumerable.Range(0, 256).Select(Entry)];

    static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>The picture's width, height and channels (1 for grey).</summary>
    /// <exception cref="InvalidDataException">The file is cut short, or a checksum or the size is wrong.</exception>
    public static (int Width, int Height, int Channels) Check(ReadOnlySpan<byte> file, string name)
    {
        int at = Signature.Length;
        var header = Next(file, ref at, name, out var type);
        if (!type.SequenceEqual("IHDR"u8) || header.Length != 13)
            throw Broken(name, "does not start with a header", "a chunk IHDR of 13 bytes");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header), height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        PictureFile.CheckSize(width, height, name);
        long packed = 0;
        for (; !type.SequenceEqual("IEND"u8);)
        {
            var data = Next(file, ref at, name, out type);
            if (type.SequenceEqual("IDAT"u8))
                packed += data.Length;
        }
        var (depth, colour) = (header[8], header[9]);
        int samples = colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        // Deflate compresses by at most 1,032 to 1.
        if ((((long)width * samples * depth / 8) + 1) * height > 1032 * (packed + 1))
            throw Broken(name, $"has {Format(packed)} bytes of image data", $"enough for {width} x {height} pixels");
        return ((int)width, (int)height, colour is 0 or 4 ? 1 : 3);
    }

    static ReadOnlySpan<byte> Next(ReadOnlySpan<byte> file, ref int at, string name, out ReadOnlySpan<byte> type)
    {
        var rest = file[at..];
        if (rest.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(rest) > rest.Length - 12)
            throw Broken(name, $"ends after {Format(file.Length)} bytes", "chunks up to IEND: it is cut short");
        int length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest);
        type = rest.Slice(4, 4);
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + length)..]), own = Crc(rest.Slice(4, 4 + length));
        if (crc != own)
            throw Broken(name, $"is damaged: the CRC of the chunk at byte {Format(at)} is 0x{own:X8}", $"0x{crc:X8}");
        at += 12 + length;
        return rest.Slice(8, length);
    }

    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = crcs[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    static uint Entry(int index)
    {
        uint value = (uint)index;
        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
        return value;
    }
}
