using System.Numerics;

namespace Microsoft.ML;

/// <summary>
/// Three Tausworthe generators and a linear congruential one, combined by xor (Howes and Thomas, GPU Gems 3, chapter 37).
/// Seeded as the real library seeds it, so that a seed means the same sequence on both.
/// </summary>
internal sealed class TauswortheHybrid : Random
{
    private uint _z1;
    private uint _z2;
    private uint _z3;
    private uint _z4;

    public TauswortheHybrid(uint seed)
    {
        _z1 = seed;
        _z2 = MurmurRound(_z1, seed);
        _z3 = MurmurRound(_z2, seed);
        _z4 = MurmurRound(_z3, seed);
    }

    public TauswortheHybrid(Random random)
    {
        _z1 = SeedFrom(random, 128);
        _z2 = SeedFrom(random, 128);
        _z3 = SeedFrom(random, 128);
        _z4 = SeedFrom(random, 0);
    }

    public override int Next() => (int)(NextBits() & 0x7fffffff);

    public override int Next(int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxValue);
        return (int)(((ulong)NextBits() * (ulong)maxValue) >> 32);
    }

    public override int Next(int minValue, int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        long range = (long)maxValue - minValue;
        return (int)((long)(NextDouble() * range) + minValue);
    }

    // Nine bits are dropped: rounding to 24 could give exactly 1.
    public override float NextSingle() => (NextBits() >> 9) * (1f / (1 << 23));

    public override double NextDouble() => NextBits() * (1.0 / (1L << 32));

    public override void NextBytes(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)Next();
    }

    protected override double Sample() => NextDouble();

    internal int NextSigned() => (int)NextBits();

    private uint NextBits()
    {
        _z1 = Step(_z1, 13, 19, 12, ~0x1u);
        _z2 = Step(_z2, 2, 25, 4, ~0x7u);
        _z3 = Step(_z3, 3, 11, 17, ~0xfu);
        _z4 = (1664525 * _z4) + 1013904223;
        return _z1 ^ _z2 ^ _z3 ^ _z4;
    }

    private static uint Step(uint z, int s1, int s2, int s3, uint mask) => ((z & mask) << s3) ^ (((z << s1) ^ z) >> s2);

    // A Tausworthe state below 128 lies outside the generators' long cycles.
    private static uint SeedFrom(Random random, uint minimum)
    {
        while (true)
        {
            uint seed = ((uint)random.Next(0x10000) << 16) | (uint)random.Next(0x10000);
            if (seed >= minimum)
                return seed;
        }
    }

    private static uint MurmurRound(uint hash, uint chunk)
    {
        chunk = BitOperations.RotateLeft(chunk * 0xCC9E2D51, 15) * 0x1B873593;
        return (BitOperations.RotateLeft(hash ^ chunk, 13) * 5) + 0xE6546B64;
    }
}

internal static class RandomUtils
{
    public static TauswortheHybrid Create() => new(new Random());

    public static TauswortheHybrid Create(int? seed) => seed is int value ? Create(value) : Create();

    public static TauswortheHybrid Create(int seed) => new((uint)seed);

    public static TauswortheHybrid Create(uint seed) => new(seed);

    public static TauswortheHybrid Create(Random seed) => new(seed);

    public static int NextSigned(this Random random)
        => random is TauswortheHybrid hybrid ? hybrid.NextSigned() : random.Next(int.MinValue, int.MaxValue);
}
