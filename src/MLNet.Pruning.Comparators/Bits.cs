namespace MLNet.Pruning.Comparators;

/// <summary>Writes bits, the highest of each number first. The last byte is filled with zeros.</summary>
sealed class BitWriter
{
    readonly List<byte> bytes = [];
    int free; // unused bits of the last byte

    public void Write(ulong bits, int count)
    {
        while (count > 0)
        {
            if (free == 0)
            {
                bytes.Add(0);
                free = 8;
            }
            var some = Math.Min(count, free);
            var part = (byte)((bits >> (count - some)) & ((1UL << some) - 1));
            bytes[^1] |= (byte)(part << (free - some));
            free -= some;
            count -= some;
        }
    }

    public byte[] ToArray() => [.. bytes];
}

/// <summary>Reads what <see cref="BitWriter"/> wrote.</summary>
sealed class BitReader(byte[] bytes, int start)
{
    int at = start;
    int left = 8; // unread bits of the current byte

    public int Read()
    {
        if (at >= bytes.Length)
            throw new InvalidDataException("The bits end before the weights do.");
        var bit = (bytes[at] >> --left) & 1;
        if (left == 0)
            (at, left) = (at + 1, 8);
        return bit;
    }

    public ulong Read(int count)
    {
        ulong bits = 0;
        for (; count > 0; count--)
            bits = (bits << 1) | (uint)Read();
        return bits;
    }

    /// <summary>Throws unless only the zeros that fill the last byte are left.</summary>
    public void End()
    {
        while (left < 8)
            if (Read() != 0)
                throw new InvalidDataException("The last byte is not filled with zeros.");
        if (at != bytes.Length)
            throw new InvalidDataException("There are more bits than weights.");
    }
}
