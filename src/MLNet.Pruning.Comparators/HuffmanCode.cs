namespace MLNet.Pruning.Comparators;

/// <summary>
/// An optimal prefix code (Huffman, 1952) in canonical form: shorter codes come first, and among equals lower symbols, so that the lengths
/// alone define the code. A symbol that never occurs has no code; a symbol that occurs alone needs no bits.
/// </summary>
public sealed class HuffmanCode
{
    // A longer code would need more symbols than a file can hold: the 60th Fibonacci number.
    const int Longest = 60, LengthBits = 6, Absent = 63;

    readonly int[] lengths;
    readonly ulong[] codes;
    readonly int[] ordered; // symbols by length, then number
    readonly ulong[] first = new ulong[Longest + 1]; // the first code of each length
    readonly int[] count = new int[Longest + 1];

    HuffmanCode(int[] lengths)
    {
        this.lengths = lengths;
        ordered = [.. Enumerable.Range(0, lengths.Length).Where(s => lengths[s] >= 0).OrderBy(s => lengths[s]).ThenBy(s => s)];
        codes = new ulong[lengths.Length];
        foreach (var symbol in ordered)
            count[lengths[symbol]]++;
        ulong code = 0;
        for (int length = 0, place = 0; length <= Longest; length++)
        {
            first[length] = code;
            for (var i = 0; i < count[length]; i++)
                codes[ordered[place++]] = code++;
            code <<= 1;
        }
    }

    /// <summary>The length of each symbol's code in bits; -1 for a symbol without one.</summary>
    public IReadOnlyList<int> Lengths => lengths;

    /// <summary>The code with the fewest bits for symbols of these frequencies.</summary>
    /// <param name="counts">The frequency of each symbol; at least one is above 0.</param>
    public static HuffmanCode For(ReadOnlySpan<long> counts)
    {
        var lengths = new int[counts.Length];
        var nodes = new List<(int Left, int Right, int Symbol)>();
        var open = new PriorityQueue<int, (long Count, int Node)>();
        for (var s = 0; s < counts.Length; s++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(counts[s], nameof(counts));
            lengths[s] = -1;
            if (counts[s] == 0)
                continue;
            open.Enqueue(nodes.Count, (counts[s], nodes.Count));
            nodes.Add((-1, -1, s));
        }
        if (nodes.Count == 0)
            throw new ArgumentException("No symbol ever comes, so there is nothing to make a code for.", nameof(counts));
        while (open.Count > 1)
        {
            open.TryDequeue(out var left, out var one);
            open.TryDequeue(out var right, out var other);
            open.Enqueue(nodes.Count, (checked(one.Count + other.Count), nodes.Count));
            nodes.Add((left, right, -1));
        }
        var depths = new int[nodes.Count];
        for (var n = nodes.Count - 1; n >= 0; n--)
        {
            var (left, right, symbol) = nodes[n];
            if (symbol >= 0)
                lengths[symbol] = depths[n] <= Longest ? depths[n]
                    : throw new ArgumentException($"Symbol {symbol} would need a code of {depths[n]} bits; codes have at most {Longest}.",
                    nameof(counts));
            else
                depths[left] = depths[right] = depths[n] + 1;
        }
        return new(lengths);
    }

    /// <summary>The number of bits for symbols of these frequencies.</summary>
    public long Bits(ReadOnlySpan<long> counts)
    {
        long bits = 0;
        for (var s = 0; s < counts.Length; s++)
            if (counts[s] > 0)
                bits += counts[s] * lengths[s];
        return bits;
    }

    /// <summary>The size of what <see cref="Write"/> writes.</summary>
    internal static int TableBits(int symbols) => symbols * LengthBits;

    internal void Encode(int symbol, BitWriter writer) => writer.Write(codes[symbol], lengths[symbol]);

    internal int Decode(BitReader reader)
    {
        ulong code = 0;
        for (int length = 0, place = 0; ; place += count[length++])
        {
            if (code - first[length] < (ulong)count[length] && code >= first[length])
                return ordered[place + (int)(code - first[length])];
            if (length == Longest)
                throw new InvalidDataException("There is no such code.");
            code = (code << 1) | (uint)reader.Read();
        }
    }

    internal void Write(BitWriter writer)
    {
        foreach (var length in lengths)
            writer.Write((ulong)(length < 0 ? Absent : length), LengthBits);
    }

    /// <summary>Reads the lengths of the symbols' codes.</summary>
    /// <exception cref="InvalidDataException">
    /// The code is not complete: some sequences of bits have no meaning (Kraft's sum is not 1).
    /// </exception>
    internal static HuffmanCode Read(BitReader reader, int symbols)
    {
        var lengths = new int[symbols];
        ulong kraft = 0;
        for (var s = 0; s < symbols; s++)
        {
            var length = (int)reader.Read(LengthBits);
            if (length > Longest && length != Absent)
                throw new InvalidDataException("A code is longer than any can be.");
            lengths[s] = length == Absent ? -1 : length;
            if (length != Absent)
                kraft += 1UL << (Longest - length);
            if (kraft > 1UL << Longest)
                break;
        }
        return kraft == 1UL << Longest ? new(lengths) : throw new InvalidDataException("The lengths are not those of a complete code.");
    }
}
