using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// Layer norm over the values of each token: (x - mean) / sqrt(variance + epsilon). Its weight and bias are part of the next layer's
/// weights.
/// </summary>
static unsafe class Normalization<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="x">[tokens][stride]</param>
    /// <param name="stride">The distance between tokens, in y too; at least the width, rounded up to whole vectors.</param>
    /// <param name="factors">
    /// [tokens], with room for a vector behind: written, 1 / sqrt(variance + epsilon) of each token, for the gradient. May be null.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(float* x, int tokens, int width, nint stride, float* y, float epsilon, float* factors = null)
    {
        int whole = width / TVectors.Count * TVectors.Count, rest = width - whole;
        var share = TVectors.Create(1f / width);
        for (int token = 0; token < tokens; token++, x += stride, y += stride)
        {
            TVector a = TVectors.Zero, b = TVectors.Zero;
            int d = 0;
            for (; d < whole - TVectors.Count; d += 2 * TVectors.Count)
            {
                a = TVectors.Add(a, TVectors.Load(x + d));
                b = TVectors.Add(b, TVectors.Load(x + d + TVectors.Count));
            }
            if (d < whole)
                a = TVectors.Add(a, TVectors.Load(x + d));
            if (rest > 0)
                b = TVectors.Add(b, TVectors.First(TVectors.Load(x + whole), rest, TVectors.Zero));
            var mean = TVectors.Multiply(TVectors.Create(TVectors.Sum(TVectors.Add(a, b))), share);
            a = b = TVectors.Zero;
            for (d = 0; d < whole - TVectors.Count; d += 2 * TVectors.Count)
            {
                var (u, v) = (TVectors.Subtract(TVectors.Load(x + d), mean),
                    TVectors.Subtract(TVectors.Load(x + d + TVectors.Count), mean));
                TVectors.Store(u, y + d);
                TVectors.Store(v, y + d + TVectors.Count);
                a = TVectors.MultiplyAdd(u, u, a);
                b = TVectors.MultiplyAdd(v, v, b);
            }
            if (d < whole)
            {
                var u = TVectors.Subtract(TVectors.Load(x + d), mean);
                TVectors.Store(u, y + d);
                a = TVectors.MultiplyAdd(u, u, a);
            }
            if (rest > 0)
            {
                var v = TVectors.First(TVectors.Subtract(TVectors.Load(x + whole), mean), rest, TVectors.Zero);
                TVectors.Store(v, y + whole);
                b = TVectors.MultiplyAdd(v, v, b);
            }
            var factor = Factor(TVectors.Create(TVectors.Sum(TVectors.Add(a, b))), share, epsilon);
            if (factors != null)
                TVectors.Store(factor, factors + token); // the next token's stands in the second lane
            for (d = 0; d < width; d += TVectors.Count)
                TVectors.Store(TVectors.Multiply(TVectors.Load(y + d), factor), y + d);
        }
    }

    /// <param name="x">[value][stride]</param>
    /// <param name="lanes">Tokens; whole vectors of them are computed.</param>
    /// <param name="factors">Written, whole vectors: the factor of each token, for the gradient. May be null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Lanes(float* x, int lanes, int width, nint stride, float* y, float epsilon, float* factors = null)
    {
        var share = TVectors.Create(1f / width);
        for (int lane = 0; lane < lanes; lane += TVectors.Count)
        {
            // Four sums side by side, as each addition waits for the previous one.
            TVector a = TVectors.Zero, b = a, c = a, e = a;
            float* from = x + lane;
            int d = 0;
            for (; d <= width - 4; d += 4, from += 4 * stride)
            {
                a = TVectors.Add(a, TVectors.Load(from));
                b = TVectors.Add(b, TVectors.Load(from + stride));
                c = TVectors.Add(c, TVectors.Load(from + (2 * stride)));
                e = TVectors.Add(e, TVectors.Load(from + (3 * stride)));
            }
            for (; d < width; d++, from += stride)
                a = TVectors.Add(a, TVectors.Load(from));
            var mean = TVectors.Multiply(TVectors.Add(TVectors.Add(a, b), TVectors.Add(c, e)), share);
            a = b = c = e = TVectors.Zero;
            from = x + lane;
            for (d = 0; d <= width - 4; d += 4, from += 4 * stride)
            {
                a = Square(TVectors.Load(from), mean, a);
                b = Square(TVectors.Load(from + stride), mean, b);
                c = Square(TVectors.Load(from + (2 * stride)), mean, c);
                e = Square(TVectors.Load(from + (3 * stride)), mean, e);
            }
            for (; d < width; d++, from += stride)
                a = Square(TVectors.Load(from), mean, a);
            var factor = Factor(TVectors.Add(TVectors.Add(a, b), TVectors.Add(c, e)), share, epsilon);
            if (factors != null)
                TVectors.Store(factor, factors + lane);
            from = x + lane;
            float* to = y + lane;
            for (d = 0; d < width; d++, from += stride, to += stride)
                TVectors.Store(TVectors.Multiply(TVectors.Subtract(TVectors.Load(from), mean), factor), to);
        }
    }

    /// <summary>Normalizes tokens in rows, with the same sums as <see cref="Lanes"/>: every fourth value is in the same sum.</summary>
    /// <param name="x">[tokens][stride]</param>
    /// <param name="stride">The distance between tokens, in y too; at least the width, rounded up to whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowsAsLanes(float* x, int tokens, int width, nint stride, float* y, float epsilon)
    {
        float share = 1f / width;
        for (int token = 0; token < tokens; token += 4, x += 4 * stride, y += 4 * stride)
        {
            // Four tokens side by side, as each addition waits for the previous one. Missing tokens repeat the last one.
            nint t1 = Math.Min(1, tokens - token - 1) * stride, t2 = Math.Min(2, tokens - token - 1) * stride,
                t3 = Math.Min(3, tokens - token - 1) * stride;
            Vector128<float> s0, s1, s2, s3;
            s0 = s1 = s2 = s3 = Vector128<float>.Zero;
            int d = 0;
            for (; d <= width - 4; d += 4)
            {
                s0 += Vector128.Load(x + d);
                s1 += Vector128.Load(x + t1 + d);
                s2 += Vector128.Load(x + t2 + d);
                s3 += Vector128.Load(x + t3 + d);
            }
            for (; d < width; d++)
            {
                s0 += Vector128.CreateScalar(x[d]);
                s1 += Vector128.CreateScalar(x[t1 + d]);
                s2 += Vector128.CreateScalar(x[t2 + d]);
                s3 += Vector128.CreateScalar(x[t3 + d]);
            }
            Vector128<float> m0 = Vector128.Create(Total(s0) * share), m1 = Vector128.Create(Total(s1) * share),
                m2 = Vector128.Create(Total(s2) * share), m3 = Vector128.Create(Total(s3) * share);
            s0 = s1 = s2 = s3 = Vector128<float>.Zero;
            for (d = 0; d <= width - 4; d += 4)
            {
                s0 = Squares(Vector128.Load(x + d) - m0, s0);
                s1 = Squares(Vector128.Load(x + t1 + d) - m1, s1);
                s2 = Squares(Vector128.Load(x + t2 + d) - m2, s2);
                s3 = Squares(Vector128.Load(x + t3 + d) - m3, s3);
            }
            for (; d < width; d++)
            {
                s0 = Squares(Vector128.CreateScalar(x[d] - m0.ToScalar()), s0);
                s1 = Squares(Vector128.CreateScalar(x[t1 + d] - m1.ToScalar()), s1);
                s2 = Squares(Vector128.CreateScalar(x[t2 + d] - m2.ToScalar()), s2);
                s3 = Squares(Vector128.CreateScalar(x[t3 + d] - m3.ToScalar()), s3);
            }
            Scale(x, width, m0.ToScalar(), Total(s0), share, y, epsilon);
            Scale(x + t1, width, m1.ToScalar(), Total(s1), share, y + t1, epsilon);
            Scale(x + t2, width, m2.ToScalar(), Total(s2), share, y + t2, epsilon);
            Scale(x + t3, width, m3.ToScalar(), Total(s3), share, y + t3, epsilon);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Squares(Vector128<float> centered, Vector128<float> sum) => Vectors128.MultiplyAdd(centered, centered, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Scale(float* x, int width, float mean, float squares, float share, float* y, float epsilon)
    {
        var (center, factor) = (TVectors.Create(mean), Factor(TVectors.Create(squares), TVectors.Create(share), epsilon));
        for (int d = 0; d < width; d += TVectors.Count)
            TVectors.Store(TVectors.Multiply(TVectors.Subtract(TVectors.Load(x + d), center), factor), y + d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Total(Vector128<float> sums) =>
        (sums.GetElement(0) + sums.GetElement(1)) + (sums.GetElement(2) + sums.GetElement(3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Square(TVector x, TVector mean, TVector sum)
    {
        var centered = TVectors.Subtract(x, mean);
        return TVectors.MultiplyAdd(centered, centered, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Factor(TVector squares, TVector share, float epsilon) =>
        TVectors.Divide(TVectors.Create(1f), TVectors.Sqrt(TVectors.MultiplyAdd(squares, share, TVectors.Create(epsilon))));
}
