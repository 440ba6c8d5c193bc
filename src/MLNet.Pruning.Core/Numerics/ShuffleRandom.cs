using System.Numerics;

namespace MLNet.Pruning;

/// <summary>
/// xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64: the same numbers on every machine and every version of .NET.
/// </summary>
sealed class ShuffleRandom
{
    ulong s0, s1, s2, s3;

    public ShuffleRandom(long seed, long stream)
    {
        var x = (ulong)seed * 0x9E3779B97F4A7C15 ^ BitOperations.RotateLeft((ulong)stream * 0xD1342543DE82EF95, 32);
        (s0, s1, s2, s3) = (SplitMix(ref x), SplitMix(ref x), SplitMix(ref x), SplitMix(ref x));
    }

    static ulong SplitMix(ref ulong x)
    {
        var z = x += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        var t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, bound), without bias (Lemire, 2019).</summary>
    public int Below(int bound)
    {
        var product = (Next() >> 32) * (ulong)bound;
        var low = (uint)product;
        if (low < (uint)bound)
            for (var threshold = (uint)-bound % (uint)bound; low < threshold; low = (uint)product)
                product = (Next() >> 32) * (ulong)bound;
        return (int)(product >> 32);
    }

    public void Shuffle(Span<int> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
