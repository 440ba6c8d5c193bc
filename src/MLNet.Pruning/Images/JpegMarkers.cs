using System.Buffers.Binary;
using static MLNet.Pruning.DataFile;

namespace MLNet.Pruning.Images;

/// <summary>Reads a JPEG file marker by marker before its pixels are decoded: whether it is complete, and its size.</summary>
static class JpegMarkers
{
    const int EndOfImage = 0xD9, StartOfScan = 0xDA;

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    /// <summary>The picture's width, height and channels (1 for grey).</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="anyColors">Whether four components, as of CMYK, are accepted.</param>
    /// <exception cref="InvalidDataException">
    /// The file ends before its end marker, is too short for the size that it announces, or has other than one or three components.
    /// </exception>
    public static (int Width, int Height, int Channels) Check(ReadOnlySpan<byte> file, string name, bool anyColors = false)
    {
        int at = 2;
        (int Width, int Height, int Channels)? found = null;
        while (true)
        {
            int marker = Next(file, ref at, name);
            if (marker == EndOfImage)
                return found ?? throw Broken(name, "ends without image data", "a frame and its scans");
            var segment = Segment(file, ref at, name);
            if (marker is >= 0xC0 and <= 0xCF and not 0xC4 and not 0xC8 and not 0xCC)
            {
                if (found is not null || segment.Length < 6)
                {
                    string wrong = found is null ? $"has a frame header of {segment.Length} bytes" : "has two frames";
                    throw Broken(name, wrong, "one, of 6 bytes or more");
                }
                int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
                PictureFile.CheckSize((uint)width, (uint)height, name);
                if (!anyColors && segment[5] is not (1 or 3))
                    throw Broken(name, $"has {segment[5]} colour components", "1 (grey) or 3");
                // A block of 8 x 8 takes at least a bit of the file, and up to 4 x 4 blocks may share their colours.
                if ((long)width * height > 8L * 8 * 16 * 8 * file.Length)
                    throw Broken(name, $"has {Format(file.Length)} bytes", $"enough for {width} x {height} pixels");
                found = (width, height, segment[5]);
            }
            else if (marker == StartOfScan)
            {
                SkipScan(file, ref at);
            }
        }
    }

    static int Next(ReadOnlySpan<byte> file, ref int at, string name)
    {
        if (at < file.Length && file[at] != 0xFF)
            throw Broken(name, $"has 0x{file[at]:X2} at byte {Format(at)}", "a marker (0xFF) there: it is damaged");
        while (at + 1 < file.Length && file[at + 1] == 0xFF)
            at++;
        if (at + 1 >= file.Length)
            throw Broken(name, $"ends after {Format(file.Length)} bytes", "an end marker (0xFFD9): it is cut short");
        at += 2;
        return file[at - 1];
    }

    static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> file, ref int at, string name)
    {
        var rest = file[at..];
        int length = rest.Length < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (length > rest.Length)
            throw Broken(name, $"ends after {Format(file.Length)} bytes", "the rest of a segment: it is cut short");
        if (length < 2)
            throw Broken(name, $"has a segment of length {length} at byte {Format(at)}", "2 or more");
        at += length;
        return rest[2..length];
    }

    // In a scan 0xFF is followed by a zero, by another 0xFF or by a restart marker (0xD0 to 0xD7).
    static void SkipScan(ReadOnlySpan<byte> file, ref int at)
    {
        while (at < file.Length)
        {
            int next = file[at..].IndexOf((byte)0xFF);
            at = next < 0 ? file.Length : at + next;
            if (at + 1 < file.Length && file[at + 1] is not (0 or 0xFF or (>= 0xD0 and <= 0xD7)))
                return;
            at += at + 1 < file.Length && file[at + 1] == 0xFF ? 1 : 2;
        }
        at = file.Length;
    }
}
