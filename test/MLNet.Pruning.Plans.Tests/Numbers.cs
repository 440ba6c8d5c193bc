namespace MLNet.Pruning.Plans.Tests;

/// <summary>Random numbers, and comparisons with what a plain loop in double precision gives.</summary>
static class Numbers
{
    public static float[] Random(int count, int seed, double scale = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = (float)(scale * ((2 * random.NextDouble()) - 1));
        return values;
    }

    /// <summary>Random numbers of which only so many, as a fraction, are not zero.</summary>
    public static float[] Sparse(int count, int seed, double density, double scale = 1)
    {
        var (values, random) = (Random(count, seed, scale), new Random(seed + 1));
        foreach (ref float value in values.AsSpan())
            value = random.NextDouble() < density ? value : 0;
        return values;
    }

    public static AlignedBuffer<float> Buffer(ReadOnlySpan<float> values) => new(values);

    /// <summary>Asserts that a result is there to a tolerance, relative to the larger of 1 and the wanted number.</summary>
    public static void AreClose(double wanted, double found, double tolerance, string what) =>
        Assert.IsLessThanOrEqualTo(tolerance * Math.Max(1, Math.Abs(wanted)), Math.Abs(found - wanted),
            $"{what}: wanted {wanted}, found {found}.");

    /// <summary>The error function by a series whose terms are all positive.</summary>
    public static double Erf(double x)
    {
        double term = x, sum = x;
        for (int n = 1; n < 300 && Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    public static double Activate(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(0, x),
        Activation.LeakyRelu => x > 0 ? x : 0.01 * x,
        Activation.Gelu => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        _ => 1 / (1 + Math.Exp(-x)),
    };
}
