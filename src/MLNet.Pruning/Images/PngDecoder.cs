using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MLNet.Pruning.Datasets;

namespace MLNet.Pruning.Images;

/// <summary>
/// Reads PNG files of every colour type and depth, interlaced or not. Checks the CRC of every chunk. Transparency is left out,
/// 16 bits keep their upper 8, fewer bits are stretched to 8.
/// </summary>
sealed class PngDecoder(ReadOnlyMemory<byte> file, string name)
{
    /// <summary>More pixels than any data set's picture has, and few enough that one lying header does not take all memory.</summary>
    internal const long MostPixels = 1 << 27;

    int width, height, depth;
    byte colour;
    bool interlaced;
    byte[] palette = [];
    int at;

    int Samples => colour switch { PngFormat.Colour => 3, PngFormat.GreyAlpha => 2, PngFormat.ColourAlpha => 4, _ => 1 };

    public static bool Recognizes(ReadOnlySpan<byte> start) => start.SequenceEqual(PngFormat.Signature);

    public Picture Decode()
    {
        at = PngFormat.Signature.Length;
        ReadHeader();
        using var packed = new MemoryStream();
        while (true)
        {
            var data = NextChunk(out string type);
            switch (type)
            {
                case "IDAT":
                    packed.Write(data);
                    break;
                case "PLTE":
                    if (data.Length is 0 or > 768 || data.Length % 3 != 0)
                        throw Broken($"has a palette of {data.Length} bytes", "3 to 768, three a colour");
                    palette = data.ToArray();
                    break;
                case "IEND":
                    return Unpack(packed);
                default:
                    // A lower-case first letter marks what can be left out.
                    if (char.IsAsciiLetterUpper(type[0]))
                        throw Broken($"has a chunk '{type}'", "only those that the PNG specification names");
                    break;
            }
        }
    }

    ReadOnlySpan<byte> NextChunk(out string type)
    {
        var rest = file.Span[at..];
        if (rest.Length < 12)
            throw Broken($"ends after {DataFile.Format(file.Length)} bytes", "chunks up to IEND");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        type = Encoding.Latin1.GetString(rest.Slice(4, 4));
        if (!type.All(char.IsAsciiLetter))
            throw Broken($"has a chunk of type 0x{Convert.ToHexString(rest.Slice(4, 4))} at byte {DataFile.Format(at)}", "four letters");
        if (length > rest.Length - 12)
            throw Broken($"ends after {DataFile.Format(file.Length)} bytes, inside chunk {type} at byte {DataFile.Format(at)}", $"{DataFile.Format(length)} bytes of data in it");
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]), own = PngFormat.Crc(rest.Slice(4, 4 + (int)length));
        if (crc != own)
            throw Broken($"is damaged: the CRC of chunk {type} at byte {DataFile.Format(at)} is 0x{own:X8}", $"0x{crc:X8}");
        at += 12 + (int)length;
        return rest.Slice(8, (int)length);
    }

    void ReadHeader()
    {
        var data = NextChunk(out string type);
        if (type != "IHDR" || data.Length != 13)
            throw Broken($"starts with chunk {type} of {data.Length} bytes", "IHDR of 13");
        uint wide = BinaryPrimitives.ReadUInt32BigEndian(data), high = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (wide is 0 or > int.MaxValue || high is 0 or > int.MaxValue || (ulong)wide * high > MostPixels)
            throw Broken($"announces {DataFile.Format(wide)} x {DataFile.Format(high)} pixels", $"1 to {DataFile.Format(MostPixels)} of them");
        (width, height, depth, colour) = ((int)wide, (int)high, data[8], data[9]);
        int[] depths = colour switch
        {
            PngFormat.Grey => [1, 2, 4, 8, 16],
            PngFormat.Palette => [1, 2, 4, 8],
            PngFormat.Colour or PngFormat.GreyAlpha or PngFormat.ColourAlpha => [8, 16],
            _ => throw Broken($"has colour type {colour}", "0, 2, 3, 4 or 6"),
        };
        if (!depths.Contains(depth))
            throw Broken($"has {depth} bits a sample in colour type {colour}", string.Join(", ", depths));
        if (data[10] != 0 || data[11] != 0 || data[12] > 1)
            throw Broken($"has compression {data[10]}, filter {data[11]} and interlace {data[12]}", "0, 0 and 0 or 1");
        interlaced = data[12] == 1;
    }

    Picture Unpack(MemoryStream packed)
    {
        if (colour == PngFormat.Palette && palette.Length == 0)
            throw Broken("has no palette", "a chunk PLTE before the image");
        var passes = PngPass.Of(width, height, interlaced);
        long length = passes.Sum(pass => (1 + pass.RowBytes(Samples * depth)) * pass.Height);
        // Deflate packs at most 1,032 to 1, so a short file cannot make this reserve much memory.
        if (length > Array.MaxLength || length > 1032L * (packed.Length + 1))
            throw Broken($"has {DataFile.Format(packed.Length)} bytes of image data", $"enough for {width} x {height} pixels");
        var raw = new byte[length];
        Inflate(packed, raw);

        int channels = colour is PngFormat.Grey or PngFormat.GreyAlpha ? 1 : 3;
        var pixels = new byte[(long)width * height * channels];
        int offset = 0;
        foreach (var pass in passes)
        {
            int rowBytes = (int)pass.RowBytes(Samples * depth);
            Span<byte> above = new byte[rowBytes];
            for (int row = 0; row < pass.Height; row++)
            {
                var line = raw.AsSpan(offset + 1, rowBytes);
                if (raw[offset] > 4)
                    throw Broken($"has filter {raw[offset]} on a row", "0 to 4");
                PngRows.Unfilter(raw[offset], line, above, Math.Max(1, Samples * depth / 8));
                Place(line, pass, row, pixels, channels);
                above = line;
                offset += 1 + rowBytes;
            }
        }
        return new Picture(width, height, channels, pixels);
    }

    void Inflate(MemoryStream packed, byte[] raw)
    {
        packed.Position = 0;
        try
        {
            using var zlib = new ZLibStream(packed, CompressionMode.Decompress);
            int have = zlib.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false);
            if (have < raw.Length)
                throw Broken($"has {DataFile.Format(have)} bytes of image rows", DataFile.Format(raw.Length));
            if (zlib.ReadByte() >= 0)
                throw Broken("has image rows after the last one", $"{DataFile.Format(raw.Length)} bytes of them");
        }
        catch (InvalidDataException found) when (!DataFile.IsTold(found))
        {
            throw Broken($"has damaged image data ({found.Message})", "a whole zlib stream", found);
        }
    }

    /// <summary>One row's samples to where they belong, as bytes.</summary>
    void Place(ReadOnlySpan<byte> line, PngPass pass, int row, byte[] pixels, int channels)
    {
        int to = (((pass.Top + (row * pass.Down)) * width) + pass.Left) * channels, step = pass.Right * channels;
        for (int x = 0; x < pass.Width; x++, to += step)
        {
            if (colour == PngFormat.Palette)
            {
                int entry = 3 * PngRows.Sample(line, x, depth);
                if (entry >= palette.Length)
                    throw Broken($"uses colour {entry / 3} of its palette", $"0 to {(palette.Length / 3) - 1}");
                palette.AsSpan(entry, 3).CopyTo(pixels.AsSpan(to));
            }
            else
            {
                for (int channel = 0; channel < channels; channel++)
                    pixels[to + channel] = PngRows.Stretched(line, (x * Samples) + channel, depth);
            }
        }
    }

    InvalidDataException Broken(string found, string wanted, Exception? inner = null) => DataFile.Broken(name, found, wanted, inner);
}
