namespace MLNet.Pruning.Images;

/// <summary>The bits of one stretch of entropy-coded data, up to the next marker; the zero bytes stuffed after 0xFF are left out.</summary>
ref struct JpegBits(ReadOnlySpan<byte> file, int start)
{
    readonly ReadOnlySpan<byte> file = file;
    ulong window;
    int count, missing;

    /// <summary>Where the reader stands; after the last bits, at the marker's 0xFF or at the end of the file.</summary>
    public int Position { get; private set; } = start;

    /// <summary>Whether bits were taken that are not there.</summary>
    public readonly bool IsOverrun => missing > count;

    /// <summary>The next bits without taking them; beyond the end they are zero.</summary>
    public int Peek(int bits)
    {
        if (count < bits)
            Fill();
        return (int)(window >> (count - bits)) & ((1 << bits) - 1);
    }

    public void Skip(int bits) => count -= bits;

    public int Take(int bits)
    {
        if (bits == 0)
            return 0;
        int value = Peek(bits);
        count -= bits;
        return value;
    }

    /// <summary>A number of <paramref name="bits"/> bits of which those below half stand for negative ones (T.81, EXTEND).</summary>
    public int TakeSigned(int bits)
    {
        int value = Take(bits);
        return bits > 0 && value < 1 << (bits - 1) ? value - (1 << bits) + 1 : value;
    }

    void Fill()
    {
        while (count <= 48)
        {
            int next = 0;
            if (Position < file.Length && (file[Position] != 0xFF || (Position + 1 < file.Length && file[Position + 1] == 0)))
            {
                next = file[Position];
                Position += next == 0xFF ? 2 : 1;
            }
            else
            {
                missing += 8;
            }
            window = (window << 8) | (uint)next;
            count += 8;
        }
    }
}
