using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Elementary functions of vectors, by polynomials with minimal maximum error.</summary>
/// <remarks>
/// | function | error, at most |
/// |---|---|
/// | Exp | 2e-7 of the result, for arguments from -87 to 88.37; arguments outside are clamped |
/// | Sigmoid | 2e-7 |
/// | Tanh | 3e-7 |
/// | Gelu | 2e-7 times the larger of 1 and |x| |
/// | Silu | 3e-7 times the larger of 1 and |x| |
/// | Log1pExp, log(1 + e^-|x|) | 2e-7 |
/// NaN gives NaN.
/// </remarks>
static class Functions<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>e^x = 2^n e^r with n = round(x / ln 2), and a polynomial of degree 5 for e^r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        // The sum with 1.5 * 2^23 rounds the fraction away and leaves n in the low bits.
        var magic = TVectors.Create(12582912f);
        x = TVectors.Max(TVectors.Create(-87f), TVectors.Min(TVectors.Create(88.37f), x));
        var shifted = TVectors.MultiplyAdd(x, TVectors.Create(1.44269504f), magic);
        var n = TVectors.Subtract(shifted, magic);
        // ln 2 in two parts. The first has few bits, so that its product with n is exact.
        var r = TVectors.MultiplyAdd(n, TVectors.Create(-0.693359375f), x);
        r = TVectors.MultiplyAdd(n, TVectors.Create(2.12194440e-4f), r);
        var p = TVectors.MultiplyAdd(TVectors.Create(0.00838110875f), r, TVectors.Create(0.0419175252f));
        p = TVectors.MultiplyAdd(p, r, TVectors.Create(0.166663259f));
        p = TVectors.MultiplyAdd(p, r, TVectors.Create(0.499988705f));
        p = TVectors.MultiplyAdd(p, r, TVectors.Create(1f));
        p = TVectors.MultiplyAdd(p, r, TVectors.Create(1f));
        return TVectors.Scale(p, shifted);
    }

    /// <summary>1 / (1 + e^-x)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        var one = TVectors.Create(1f);
        return TVectors.Divide(one, TVectors.Add(one, Exp(TVectors.Subtract(TVectors.Zero, x))));
    }

    /// <summary>1 - 2 / (1 + e^2x)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh(TVector x)
    {
        var one = TVectors.Create(1f);
        return TVectors.Subtract(one, TVectors.Divide(TVectors.Create(2f), TVectors.Add(one, Exp(TVectors.Add(x, x)))));
    }

    /// <summary>x F(x), where F is the standard normal distribution function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gelu(TVector x) => TVectors.Multiply(x, Normal(x));

    /// <summary>
    /// The standard normal distribution function, F(x) = 1/2 + x g(x^2) with a polynomial g of degree 14 for |x| up to 5.25, beyond which
    /// it is 0 or 1 to within 8e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Normal(TVector x)
    {
        const float Limit = 5.25f;
        var c = TVectors.Max(TVectors.Create(-Limit), TVectors.Min(TVectors.Create(Limit), x));
        // From -1 to 1, where the powers of the polynomial stay small.
        var s = TVectors.MultiplyAdd(TVectors.Multiply(c, c), TVectors.Create(2 / (Limit * Limit)), TVectors.Create(-1f));
        var p = TVectors.MultiplyAdd(TVectors.Create(0.000230040634f), s, TVectors.Create(-0.000647402892f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.0006926778f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.00106493896f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.00286215148f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.00542180287f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.00843356084f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.0127885509f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.0185346399f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.0250387657f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.0320318975f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.03976373f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.0496457666f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(-0.0671268031f));
        p = TVectors.MultiplyAdd(p, s, TVectors.Create(0.13465935f));
        return TVectors.MultiplyAdd(c, p, TVectors.Create(0.5f));
    }

    /// <summary>log(1 + e^-|x|) = 2 artanh(u / (2 + u)) with u = e^-|x|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Log1pExp(TVector x)
    {
        var u = Exp(TVectors.Subtract(TVectors.Zero, TVectors.Abs(x)));
        var s = TVectors.Divide(u, TVectors.Add(u, TVectors.Create(2f)));
        // s is at most 1/3, so the error of the truncated series is below 1e-8.
        var t = TVectors.Multiply(s, s);
        var p = TVectors.MultiplyAdd(TVectors.Create(2f / 15), t, TVectors.Create(2f / 13));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f / 11));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f / 9));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f / 7));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f / 5));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f / 3));
        p = TVectors.MultiplyAdd(p, t, TVectors.Create(2f));
        return TVectors.Multiply(p, s);
    }
}
