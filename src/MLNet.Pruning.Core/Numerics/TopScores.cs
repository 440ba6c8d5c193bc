using System.Runtime.CompilerServices;

namespace MLNet.Pruning;

/// <summary>Exact selection of the largest of many scores, without sorting them.</summary>
static class TopScores
{
    // Scores are mapped to integers of the same order, and examined 12, 10 and 10 bits at a time: of millions, one in a thousand is left
    // after the first or second pass.
    const int First = 12, Second = 10, Third = 10;

    /// <summary>
    /// Marks the <paramref name="keep"/> largest as active and all others as inactive. Of equals, those with the lower index are active.
    /// </summary>
    /// <param name="scores">Larger stays.</param>
    /// <param name="keep">How many to keep; at least 0, at most as many as there are.</param>
    /// <param name="active">Receives -1 for active and 0 for inactive.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Keep(ReadOnlySpan<float> scores, int keep, Span<sbyte> active)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keep, scores.Length);
        if (keep == 0 || keep == scores.Length)
        {
            active[..scores.Length].Fill((sbyte)(keep == 0 ? 0 : -1));
            return;
        }
        var (threshold, ties, equal) = Smallest(scores, keep);
        // Without branches, which would be mispredicted.
        for (var i = 0; i < scores.Length; i++)
            active[i] = (sbyte)-(Key(scores[i]) >= threshold ? 1 : 0);
        for (var i = scores.Length - 1; equal > ties; i--)
            if (Key(scores[i]) == threshold)
            {
                active[i] = 0;
                equal--;
            }
    }

    /// <summary>The smallest of the <paramref name="keep"/> largest.</summary>
    /// <param name="scores">Scores.</param>
    /// <param name="keep">At least 1, at most as many as there are.</param>
    public static float Threshold(ReadOnlySpan<float> scores, int keep)
    {
        var key = Smallest(scores, keep).Key;
        return BitConverter.UInt32BitsToSingle((key & 0x8000_0000) != 0 ? key & 0x7FFF_FFFF : ~key);
    }

    /// <summary>The key of the smallest score that stays, how many of the scores equal to it stay, and how many there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static (uint Key, int Ties, int Equal) Smallest(ReadOnlySpan<float> scores, int keep)
    {
        // Two tables in turn: most scores fall into a few buckets, and increments of the same counter would wait for each other.
        Span<int> counts = stackalloc int[1 << First], others = stackalloc int[1 << First];
        counts.Clear();
        others.Clear();
        for (var i = 0; i < scores.Length - 1; i += 2)
        {
            counts[(int)(Key(scores[i]) >> (32 - First))]++;
            others[(int)(Key(scores[i + 1]) >> (32 - First))]++;
        }
        if (scores.Length % 2 > 0)
            counts[(int)(Key(scores[^1]) >> (32 - First))]++;
        for (var i = 0; i < others.Length; i++)
            counts[i] += others[i];
        var prefix = Bucket(counts, ref keep);
        // Few scores are in that bucket. Examine their full keys.
        var inside = new uint[counts[(int)prefix]];
        var count = 0;
        foreach (var score in scores)
            if (Key(score) is var key && key >> (32 - First) == prefix)
                inside[count++] = key;
        foreach (var (bits, shift) in ((int, int)[])[(Second, Third), (Third, 0)])
        {
            var some = counts[..(1 << bits)];
            some.Clear();
            foreach (var key in inside.AsSpan(0, count))
                some[(int)(key >> shift) & (some.Length - 1)]++;
            var part = Bucket(some, ref keep);
            prefix = (prefix << bits) | part;
            var left = 0;
            for (var i = 0; i < count; i++)
                if (inside[i] >> shift == prefix)
                    inside[left++] = inside[i];
            count = left;
        }
        return (prefix, keep, count);
    }

    /// <summary>The bucket that holds the keep-th largest; <paramref name="keep"/> becomes its place within the bucket.</summary>
    static uint Bucket(ReadOnlySpan<int> counts, ref int keep)
    {
        for (var bucket = counts.Length - 1; ; bucket--)
        {
            if (keep <= counts[bucket])
                return (uint)bucket;
            keep -= counts[bucket];
        }
    }

    // `+ 0f` turns -0 into +0. NaN counts as large: it stays, and the loss shows it.
    static uint Key(float score)
    {
        if (float.IsNaN(score))
            return uint.MaxValue; // whatever its sign
        var bits = BitConverter.SingleToUInt32Bits(score + 0f);
        return (bits & 0x8000_0000) == 0 ? bits | 0x8000_0000 : ~bits;
    }
}
