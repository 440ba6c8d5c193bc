using System.Buffers.Binary;
using MLNet.Pruning.Datasets;

namespace MLNet.Pruning.Images;

/// <summary>
/// Reads JPEG files (ITU-T T.81 with JFIF's or Adobe's colours): sequential and progressive, Huffman-coded, 8 bits, grey or
/// three colours of any sampling, with or without restart markers. An EXIF orientation is left alone.
/// </summary>
sealed class JpegDecoder(ReadOnlyMemory<byte> data, string name)
{
    const int StartOfScan = 0xDA, EndOfImage = 0xD9;

    readonly ushort[]?[] quantizers = new ushort[]?[4];
    readonly JpegHuffman?[] dc = new JpegHuffman?[4], ac = new JpegHuffman?[4];
    JpegComponent[] components = [];
    int width, height, mcusWide, mcusHigh, mostHorizontal, mostVertical, restartInterval, at;
    bool progressive, isJfif;
    int adobe = -1;

    public static bool Recognizes(ReadOnlySpan<byte> start) => start.Length >= 3 && start[0] == 0xFF && start[1] == 0xD8 && start[2] == 0xFF;

    public Picture Decode()
    {
        at = 2;
        while (true)
        {
            int marker = NextMarker();
            if (marker == EndOfImage)
                break;
            var segment = Segment(marker);
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2:
                    ReadFrame(segment, marker == 0xC2);
                    break;
                case 0xC4:
                    ReadHuffman(segment);
                    break;
                case 0xDB:
                    ReadQuantizers(segment);
                    break;
                case 0xDD:
                    Need(segment, 2, "DRI");
                    restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                    break;
                case StartOfScan:
                    ReadScan(segment);
                    break;
                case 0xE0:
                    isJfif |= segment.StartsWith("JFIF\0"u8);
                    break;
                case 0xEE:
                    if (segment.Length >= 12 && segment.StartsWith("Adobe"u8))
                        adobe = segment[11];
                    break;
                case (>= 0xC3 and <= 0xCF) and not 0xC8 and not 0xCC:
                    throw Broken($"is coded in way {marker - 0xC0} (lossless, hierarchical or arithmetic)", "baseline, extended or progressive Huffman coding");
                default:
                    break;
            }
        }
        return Compose();
    }

    int NextMarker()
    {
        var file = data.Span;
        if (at < file.Length && file[at] != 0xFF)
            throw Broken($"has 0x{file[at]:X2} at byte {DataFile.Format(at)}", "a marker (0xFF) there: it is damaged");
        while (at + 1 < file.Length && file[at + 1] == 0xFF)
            at++;
        if (at + 1 >= file.Length)
            throw Broken($"ends after {DataFile.Format(file.Length)} bytes", "an end marker (0xFFD9): it is cut short");
        at += 2;
        return file[at - 1];
    }

    ReadOnlySpan<byte> Segment(int marker)
    {
        var rest = data.Span[at..];
        int length = rest.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length < 2 || length > rest.Length)
            throw Broken($"ends after {DataFile.Format(data.Length)} bytes, inside segment 0xFF{marker:X2}", "the rest of it: it is cut short");
        if (length < 2)
            throw Broken($"has a segment 0xFF{marker:X2} of length {length}", "2 or more");
        at += length;
        return rest[2..length];
    }

    void ReadFrame(ReadOnlySpan<byte> segment, bool isProgressive)
    {
        Need(segment, 6, "SOF");
        if (components.Length > 0)
            throw Broken("has two frames", "one");
        int count = segment[5];
        Need(segment, 6 + (3 * count), "SOF");
        if (segment[0] != 8)
            throw Broken($"has {segment[0]} bits a sample", "8");
        (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]));
        if (width == 0 || height == 0 || (long)width * height > PngDecoder.MostPixels)
            throw Broken($"announces {width} x {height} pixels", $"1 to {DataFile.Format(PngDecoder.MostPixels)} of them");
        if (count is not (1 or 3))
            throw Broken($"has {count} colour components", "1 (grey) or 3");
        var found = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            var one = segment[(6 + (3 * i))..];
            int horizontal = one[1] >> 4, vertical = one[1] & 15;
            if (horizontal is 0 or > 4 || vertical is 0 or > 4 || one[2] > 3)
                throw Broken($"has sampling {horizontal} x {vertical} and quantizer {one[2]} for component {i}", "1 to 4, 1 to 4 and 0 to 3");
            found[i] = count == 1 ? new JpegComponent(one[0], 1, 1, one[2]) : new JpegComponent(one[0], horizontal, vertical, one[2]);
        }
        progressive = isProgressive;
        (mostHorizontal, mostVertical) = (found.Max(one => one.Horizontal), found.Max(one => one.Vertical));
        (mcusWide, mcusHigh) = ((width + (8 * mostHorizontal) - 1) / (8 * mostHorizontal), (height + (8 * mostVertical) - 1) / (8 * mostVertical));
        // The first coefficient of every block takes a bit or more of the file: a lying header reserves little.
        if ((long)mcusWide * mcusHigh > 8L * data.Length)
            throw Broken($"has {DataFile.Format(data.Length)} bytes", $"enough for {width} x {height} pixels");
        foreach (var component in found)
            component.Size(width, height, mostHorizontal, mostVertical, mcusWide, mcusHigh);
        components = found;
    }

    void ReadQuantizers(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            int wide = segment[0] >> 4, number = segment[0] & 15;
            if (wide > 1 || number > 3)
                throw Broken($"has quantizer {number} of precision {wide}", "0 to 3 of precision 0 or 1");
            Need(segment, 1 + (64 << wide), "DQT");
            var quantizer = quantizers[number] = new ushort[64];
            for (int k = 0; k < 64; k++)
                quantizer[JpegScan.Zigzag[k]] = wide == 0 ? segment[1 + k] : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + (2 * k))..]);
            segment = segment[(1 + (64 << wide))..];
        }
    }

    void ReadHuffman(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            Need(segment, 17, "DHT");
            int kind = segment[0] >> 4, number = segment[0] & 15, count = 0;
            foreach (byte codes in segment[1..17])
                count += codes;
            if (kind > 1 || number > 3 || count > 256)
                throw Broken($"has Huffman table {number} of kind {kind} with {count} codes", "0 to 3 of kind 0 or 1 with at most 256");
            Need(segment, 17 + count, "DHT");
            (kind == 0 ? dc : ac)[number] = JpegHuffman.Make(segment[1..17], segment.Slice(17, count).ToArray())
                ?? throw Broken($"has more codes in Huffman table {number} than their lengths allow", "a prefix code");
            segment = segment[(17 + count)..];
        }
    }

    void ReadScan(ReadOnlySpan<byte> segment)
    {
        if (components.Length == 0)
            throw Broken("has a scan before its frame", "a frame (SOF) first");
        Need(segment, 1, "SOS");
        int count = segment[0];
        Need(segment, 4 + (2 * count), "SOS");
        var tail = segment[(1 + (2 * count))..];
        int first = tail[0], last = tail[1], high = tail[2] >> 4, low = tail[2] & 15;
        if (progressive && (first > last || last > 63 || low > 13 || (first == 0 ? last != 0 : count != 1) || (high != 0 && high != low + 1)))
            throw Broken($"has a scan of coefficients {first} to {last}, bits {high} to {low}, of {count} components", "what progressive coding allows");
        var scanned = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            byte id = segment[1 + (2 * i)], tables = segment[2 + (2 * i)];
            var component = scanned[i] = Array.Find(components, one => one.Id == id) ?? throw Broken($"scans component {id}", string.Join(", ", components.Select(one => one.Id)));
            if (tables >> 4 > 3 || (tables & 15) > 3 || scanned.AsSpan(0, i).Contains(component))
                throw Broken($"scans component {id} twice or with tables {tables >> 4} and {tables & 15}", "once, with tables 0 to 3");
            (component.Dc, component.Ac, component.Predictor) = (dc[tables >> 4], ac[tables & 15], 0);
            bool needsDc = !progressive || (first == 0 && high == 0), needsAc = !progressive || first > 0;
            if ((needsDc && component.Dc is null) || (needsAc && component.Ac is null))
                throw Broken($"has no Huffman table for component {id}", "its tables (DHT) before the scan");
            if (!component.TakeQuantizer(quantizers))
                throw Broken($"has no quantizer for component {id}", "its table (DQT) before the scan");
        }
        if (count == 0 || count > components.Length || (count > 1 && scanned.Sum(one => one.Horizontal * one.Vertical) > 10))
            throw Broken($"has a scan of {count} components with too many blocks", $"1 to {components.Length} components of 10 blocks at most");
        var scan = progressive ? new JpegScan(scanned, name, true, first, last, high, low) : new JpegScan(scanned, name, false, 0, 63, 0, 0);
        at = scan.Decode(data.Span, at, mcusWide, mcusHigh, restartInterval);
    }

    Picture Compose()
    {
        if (components.Length == 0 || Array.Exists(components, one => one.Quantizer is null))
            throw Broken("ends without image data", components.Length == 0 ? "a frame" : "a scan of each component");
        if (components.Length == 1)
            return new Picture(width, height, 1, JpegPlane.Full(components[0], width, height, 1, 1));
        var planes = Array.ConvertAll(components, one => JpegPlane.Full(one, width, height, mostHorizontal, mostVertical));
        var pixels = new byte[width * height * 3];
        bool named = components[0].Id == 'R' && components[1].Id == 'G' && components[2].Id == 'B';
        bool isRgb = !isJfif && (adobe >= 0 ? adobe == 0 : named);
        for (int i = 0; i < planes[0].Length; i++)
        {
            int y = planes[0][i], cb = planes[1][i], cr = planes[2][i];
            var pixel = pixels.AsSpan(3 * i, 3);
            if (isRgb)
                (pixel[0], pixel[1], pixel[2]) = ((byte)y, (byte)cb, (byte)cr);
            else
                ToRgb(y, cb - 128, cr - 128, pixel);
        }
        return new Picture(width, height, 3, pixels);
    }

    /// <summary>JFIF's colours (1.402, 0.344136, 0.714136, 1.772) in units of 1 / 65,536, rounded.</summary>
    static void ToRgb(int y, int cb, int cr, Span<byte> pixel)
    {
        pixel[0] = Byte(y + (((91881 * cr) + 32768) >> 16));
        pixel[1] = Byte(y + (((-22554 * cb) - (46802 * cr) + 32768) >> 16));
        pixel[2] = Byte(y + (((116130 * cb) + 32768) >> 16));
    }

    static byte Byte(int value) => (byte)Math.Clamp(value, 0, 255);

    void Need(ReadOnlySpan<byte> segment, int length, string kind)
    {
        if (segment.Length < length)
            throw Broken($"has {segment.Length} bytes in a segment {kind}", $"{length}");
    }

    InvalidDataException Broken(string found, string wanted) => DataFile.Broken(name, found, wanted);
}
