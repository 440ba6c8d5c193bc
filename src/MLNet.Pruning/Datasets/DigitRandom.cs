namespace MLNet.Pruning.Datasets;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): one stream a digit, so that digit i is the same whoever draws it, on any
/// machine and with any number of threads. System.Random promises no such thing across versions.
/// </summary>
struct DigitRandom(ulong seed, ulong stream)
{
    const ulong Golden = 0x9E3779B97F4A7C15UL;
    ulong state = Mix(Mix(seed + Golden) ^ (stream * 0xD1B54A32D192ED03UL));

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(state += Golden);

    /// <summary>Uniform in [0, 1): 24 bits, each a float exactly.</summary>
    public float Uniform() => (Next() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [low, high).</summary>
    public float Uniform(float low, float high) => low + ((high - low) * Uniform());

    /// <summary>Uniform in 0 .. count - 1. The bias of a 32-bit multiply is below 1e-8 for the small counts here.</summary>
    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);

    /// <summary>Bell-shaped with mean 0 and deviation 1: four uniforms summed. No logarithm, so bit-exact everywhere; never beyond 3.5.</summary>
    public float Bell()
    {
        ulong bits = Next();
        int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
        // Variance of a sum of four uniforms on [0, 1) is 4 / 12, hence the square root of three.
        return ((sum * (1f / 65536f)) - 2f) * 1.7320508f;
    }

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
