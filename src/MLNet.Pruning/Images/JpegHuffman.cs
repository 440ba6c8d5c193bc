namespace MLNet.Pruning.Images;

/// <summary>A Huffman table: codes of up to 16 bits, shorter ones first, counting upwards (ITU-T T.81, annex C).</summary>
sealed class JpegHuffman
{
    const int LookupBits = 9;

    readonly byte[] values;
    readonly int[] lastCode = new int[18], offset = new int[17];

    /// <summary>For every beginning of nine bits: 256 x length + value; 0 for longer codes.</summary>
    readonly ushort[] lookup = new ushort[1 << LookupBits];

    JpegHuffman(byte[] values) => this.values = values;

    /// <summary>Makes the table; null if there are more codes of a length than bits can tell apart.</summary>
    public static JpegHuffman? Make(ReadOnlySpan<byte> counts, byte[] values)
    {
        var table = new JpegHuffman(values);
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++)
        {
            table.offset[length] = index - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                if (length > LookupBits)
                    continue;
                int spare = LookupBits - length;
                if (code >> length != 0)
                    return null;
                table.lookup.AsSpan(code << spare, 1 << spare).Fill((ushort)((length << 8) | values[index]));
            }
            if (code > 1 << length)
                return null;
            // One past the last code of this length; what lies at or beyond it is the start of a longer one.
            table.lastCode[length] = code;
            code <<= 1;
        }
        table.lastCode[17] = int.MaxValue;
        return table;
    }

    /// <summary>The next value; -1 if no code begins so.</summary>
    public int Next(ref JpegBits bits)
    {
        int peek = bits.Peek(16);
        int entry = lookup[peek >> (16 - LookupBits)];
        if (entry != 0)
        {
            bits.Skip(entry >> 8);
            return entry & 0xFF;
        }
        for (int length = 1; length <= 16; length++)
        {
            int code = peek >> (16 - length);
            if (code < lastCode[length])
            {
                bits.Skip(length);
                return values[code + offset[length]];
            }
        }
        return -1;
    }
}
