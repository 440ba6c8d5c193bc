using MLNet.Pruning.Datasets;

namespace MLNet.Pruning.Images;

/// <summary>
/// Decodes one scan into the components' coefficients: sequential ones at once, progressive ones (T.81, annex G) by
/// <paramref name="first"/> to <paramref name="last"/> coefficient and bit by bit down to <paramref name="low"/>.
/// </summary>
sealed class JpegScan(JpegComponent[] components, string name, bool progressive, int first, int last, int high, int low)
{
    int endOfBand;

    /// <summary>Coefficient k of the zigzag, as row x 8 + column.</summary>
    public static ReadOnlySpan<byte> Zigzag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    /// <summary>Decodes from <paramref name="position"/> and returns where the scan's data end.</summary>
    public int Decode(ReadOnlySpan<byte> file, int position, int mcusWide, int mcusHigh, int restartInterval)
    {
        bool alone = components.Length == 1;
        int wide = alone ? components[0].BlocksWide : mcusWide, total = wide * (alone ? components[0].BlocksHigh : mcusHigh);
        var bits = new JpegBits(file, position);
        for (int mcu = 0, restarts = 0; mcu < total; mcu++)
        {
            if (restartInterval > 0 && mcu > 0 && mcu % restartInterval == 0)
            {
                bits = Restart(file, bits, restarts++ & 7);
            }
            foreach (var component in components)
            {
                int across = alone ? 1 : component.Horizontal, down = alone ? 1 : component.Vertical;
                for (int y = 0; y < down; y++)
                {
                    for (int x = 0; x < across; x++)
                        Block(ref bits, component, component.Block((mcu % wide * across) + x, (mcu / wide * down) + y));
                }
            }
            if (bits.IsOverrun)
                throw Broken($"has no more image data after {DataFile.Format(mcu)} of {DataFile.Format(total)} blocks", "all of them: it is cut short or damaged");
        }
        return bits.Position;
    }

    JpegBits Restart(ReadOnlySpan<byte> file, JpegBits bits, int number)
    {
        int at = bits.Position;
        // Any number of fill bytes may stand before a marker.
        while (at + 2 < file.Length && file[at] == 0xFF && file[at + 1] == 0xFF)
            at++;
        if (at + 1 >= file.Length || file[at] != 0xFF || file[at + 1] != 0xD0 + number)
            throw Broken($"has no restart marker at byte {DataFile.Format(at)}", $"0xFF{0xD0 + number:X2} there: it is cut short or damaged");
        endOfBand = 0;
        foreach (var component in components)
            component.Predictor = 0;
        return new JpegBits(file, at + 2);
    }

    void Block(ref JpegBits bits, JpegComponent component, Span<short> block)
    {
        if (!progressive)
        {
            Dc(ref bits, component, block);
            Band(ref bits, component.Ac!, block, 1, 63);
        }
        else if (first == 0)
        {
            if (high == 0)
                Dc(ref bits, component, block);
            else if (bits.Take(1) != 0)
                block[0] |= (short)(1 << low);
        }
        else if (high == 0)
        {
            Band(ref bits, component.Ac!, block, first, last);
        }
        else
        {
            Refine(ref bits, component.Ac!, block);
        }
    }

    void Dc(ref JpegBits bits, JpegComponent component, Span<short> block)
    {
        int size = Code(component.Dc!, ref bits);
        if (size > 15)
            throw Broken($"has a difference of {size} bits", "15 at most");
        component.Predictor += bits.TakeSigned(size);
        block[0] = (short)(component.Predictor << low);
    }

    /// <summary>Coefficients from their first bits on: how many zeros, then a value; or how many blocks stay zero from here.</summary>
    void Band(ref JpegBits bits, JpegHuffman table, Span<short> block, int from, int to)
    {
        if (endOfBand > 0)
        {
            endOfBand--;
            return;
        }
        for (int k = from; k <= to; k++)
        {
            int code = Code(table, ref bits), zeros = code >> 4, size = code & 15;
            if (size == 0)
            {
                if (zeros < 15)
                {
                    if (progressive)
                        endOfBand = (1 << zeros) + bits.Take(zeros) - 1;
                    return;
                }
                k += 15;
                continue;
            }
            k += zeros;
            if (k > to)
                throw Broken($"has coefficient {k} in a block", $"{from} to {to}");
            block[Zigzag[k]] = (short)(bits.TakeSigned(size) << low);
        }
    }

    /// <summary>One more bit of the coefficients that are not zero, and the first bit of others (T.81, G.1.2.3).</summary>
    void Refine(ref JpegBits bits, JpegHuffman table, Span<short> block)
    {
        int k = first;
        if (endOfBand == 0)
        {
            while (k <= last)
            {
                int code = Code(table, ref bits), zeros = code >> 4, size = code & 15, value = 0;
                if (size == 0 && zeros < 15)
                {
                    endOfBand = (1 << zeros) + bits.Take(zeros);
                    break;
                }
                if (size > 1)
                    throw Broken($"refines a coefficient by {size} bits", "one");
                if (size == 1)
                    value = bits.Take(1) != 0 ? 1 << low : -(1 << low);
                for (; k <= last; k++)
                {
                    ref short coefficient = ref block[Zigzag[k]];
                    if (coefficient != 0)
                        Correct(ref bits, ref coefficient);
                    else if (zeros-- == 0)
                        break;
                }
                if (value != 0)
                {
                    if (k > last)
                        throw Broken($"has coefficient {k} in a block", $"{first} to {last}");
                    block[Zigzag[k]] = (short)value;
                }
                k++;
            }
        }
        if (endOfBand > 0)
        {
            for (; k <= last; k++)
            {
                ref short coefficient = ref block[Zigzag[k]];
                if (coefficient != 0)
                    Correct(ref bits, ref coefficient);
            }
            endOfBand--;
        }
    }

    void Correct(ref JpegBits bits, ref short coefficient)
    {
        if (bits.Take(1) != 0 && (coefficient & (1 << low)) == 0)
            coefficient += (short)(coefficient > 0 ? 1 << low : -(1 << low));
    }

    int Code(JpegHuffman table, ref JpegBits bits)
    {
        int value = table.Next(ref bits);
        return value >= 0 ? value : throw Broken($"has a code before byte {DataFile.Format(bits.Position)} that its tables lack", "codes of its Huffman tables: it is damaged");
    }

    InvalidDataException Broken(string found, string wanted) => DataFile.Broken(name, found, wanted);
}
