using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Tokens;

/// <summary>Similarities that are equal bit for bit on every machine, and equal to each other if they differ by rounding only.</summary>
/// <remarks>
/// Cosines are compared as q = cos |cos| = ab |ab| / (aa bb), which has the same order and needs no root. A product of two floats is exact
/// in double, and eight sums are computed side by side for any vector width, so that nothing depends on the width or on fused additions. q
/// is then rounded to 32 bits: tokens that are multiples of each other have exactly 1, as in mathematics.
/// </remarks>
static unsafe class ExactCosine
{
    /// <summary>2^21 + 1: with c = q * Split, c - (c - q) is q rounded to 53 - 21 bits (Veltkamp).</summary>
    public const double Split = (1 << 21) + 1;

    /// <summary>The number of free low bits of a rounded similarity.</summary>
    public const int FreeBits = 21;

    /// <param name="product">ab</param>
    /// <param name="a">aa, the squared norm; a token of zeros (0) has similarity 0 here.</param>
    /// <param name="b">bb</param>
    public static double Of(double product, double a, double b)
    {
        if (a == 0 || b == 0)
            return double.IsFinite(a + b) ? 0 : double.NaN; // NaN is similar to nothing, not even to zeros
        double q = product / a * (Math.Abs(product) / b), c = q * Split;
        return c - (c - q);
    }

    /// <summary>The dot product of two tokens.</summary>
    public static double Product(float* a, float* b, int width)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        int d = 0;
        for (; d <= width - 8; d += 8)
        {
            var (x, y) = (Vector256.Load(a + d), Vector256.Load(b + d));
            low = Vector256.MultiplyAddEstimate(Vector256.WidenLower(x), Vector256.WidenLower(y), low);
            high = Vector256.MultiplyAddEstimate(Vector256.WidenUpper(x), Vector256.WidenUpper(y), high);
        }
        low += high;
        var half = low.GetLower() + low.GetUpper();
        double sum = half.GetElement(0) + half.GetElement(1);
        for (; d < width; d++)
            sum += (double)a[d] * b[d];
        return sum;
    }
}
