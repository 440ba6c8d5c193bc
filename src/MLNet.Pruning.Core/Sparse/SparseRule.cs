namespace MLNet.Pruning.Sparse;

/// <summary>
/// When a layer is computed by its active weights alone. A rule, not a measurement: a model then computes the same numbers when it was
/// saved and loaded, whatever else the machine does, and a row the same however many are scored with it. <c>./bench.sh sparse</c> measures
/// what the rule is made of.
/// </summary>
static class SparseRule
{
    /// <summary>Layers with more of their weights on are not looked at.</summary>
    public const double MostDensity = 0.5;

    /// <summary>Smaller layers take microseconds either way.</summary>
    public const long FewestWeights = 4096;

    /// <summary>Whether the active weights alone are faster, for one row as for many.</summary>
    /// <param name="isConvolution">Whether it is a convolution, not a linear layer.</param>
    /// <param name="density">The fraction of its weights that are on.</param>
    /// <param name="width">What the machine computes with.</param>
    public static bool IsFaster(bool isConvolution, double density, VectorWidth width) => density <= Limit(isConvolution, width);

    // A fifth, 15 % and a tenth, and what rounding a mask's count may add. AVX-512 and AVX2 give the same picture: at a fifth, a linear
    // layer from 784x1024 on is 1.1 to 2.2 times faster, at 30 % one row is slower (0.8); of convolutions, those of 8x8 images are even at
    // 15 %, larger ones 1.1 to 2.4 times faster. With 128 bits, many rows take twice as long, and LibTorch's own product does not.
    static double Limit(bool isConvolution, VectorWidth width) => (isConvolution, width) switch
    {
        (_, VectorWidth.Portable) => 0.105,
        (true, _) => 0.155,
        (false, _) => 0.205,
    };
}
