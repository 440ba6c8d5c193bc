using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>The gradient of a layer norm over the values of each token.</summary>
static unsafe class NormGradient<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>Adds to the gradient of x: factor * (g - mean(g) - y * mean(g * y)).</summary>
    /// <param name="y">What <see cref="Normalization{TVectors,TVector}.Rows"/> gave.</param>
    /// <param name="factors">The factors that it gave.</param>
    /// <param name="gradient">g, of y: [tokens][stride].</param>
    /// <param name="tokens">The number of tokens.</param>
    /// <param name="width">The values of a token.</param>
    /// <param name="stride">The distance between tokens, everywhere.</param>
    /// <param name="result">Added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(float* y, float* factors, float* gradient, int tokens, int width, nint stride, float* result)
    {
        int whole = width / TVectors.Count * TVectors.Count, rest = width - whole;
        float share = 1f / width;
        for (int token = 0; token < tokens; token++, y += stride, gradient += stride, result += stride)
        {
            TVector sum = TVectors.Zero, products = TVectors.Zero;
            for (int d = 0; d < whole; d += TVectors.Count)
            {
                var g = TVectors.Load(gradient + d);
                sum = TVectors.Add(sum, g);
                products = TVectors.MultiplyAdd(g, TVectors.Load(y + d), products);
            }
            if (rest > 0)
            {
                var g = TVectors.First(TVectors.Load(gradient + whole), rest, TVectors.Zero);
                sum = TVectors.Add(sum, g);
                products = TVectors.MultiplyAdd(g, TVectors.Load(y + whole), products);
            }
            TVector mean = TVectors.Create(-share * TVectors.Sum(sum)), slope = TVectors.Create(-share * TVectors.Sum(products)),
                factor = TVectors.Create(factors[token]);
            for (int d = 0; d < width; d += TVectors.Count)
            {
                var change = TVectors.Add(TVectors.MultiplyAdd(TVectors.Load(y + d), slope, TVectors.Load(gradient + d)), mean);
                TVectors.Store(TVectors.MultiplyAdd(change, factor, TVectors.Load(result + d)), result + d);
            }
        }
    }

    /// <summary>The same over lanes, [value][stride]; whole vectors of tokens are computed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Lanes(float* y, float* factors, float* gradient, int lanes, int width, nint stride, float* result)
    {
        var share = TVectors.Create(-1f / width);
        for (int lane = 0; lane < lanes; lane += TVectors.Count)
        {
            // Two sums side by side of each kind, as each addition waits for the previous one.
            TVector sum = TVectors.Zero, products = sum, sum2 = sum, products2 = sum;
            float* g = gradient + lane, normed = y + lane;
            int d = 0;
            for (; d <= width - 2; d += 2, g += 2 * stride, normed += 2 * stride)
            {
                var (one, two) = (TVectors.Load(g), TVectors.Load(g + stride));
                sum = TVectors.Add(sum, one);
                products = TVectors.MultiplyAdd(one, TVectors.Load(normed), products);
                sum2 = TVectors.Add(sum2, two);
                products2 = TVectors.MultiplyAdd(two, TVectors.Load(normed + stride), products2);
            }
            if (d < width)
            {
                sum = TVectors.Add(sum, TVectors.Load(g));
                products = TVectors.MultiplyAdd(TVectors.Load(g), TVectors.Load(normed), products);
            }
            TVector mean = TVectors.Multiply(TVectors.Add(sum, sum2), share),
                slope = TVectors.Multiply(TVectors.Add(products, products2), share), factor = TVectors.Load(factors + lane);
            float* to = result + lane;
            g = gradient + lane;
            normed = y + lane;
            for (d = 0; d < width; d++, g += stride, normed += stride, to += stride)
            {
                var change = TVectors.Add(TVectors.MultiplyAdd(TVectors.Load(normed), slope, TVectors.Load(g)), mean);
                TVectors.Store(TVectors.MultiplyAdd(change, factor, TVectors.Load(to)), to);
            }
        }
    }

    /// <summary>Adds the sum over the lanes of each of x's values; whole vectors are read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddLanes(float* x, int lanes, int width, nint stride, float* sums)
    {
        for (int d = 0; d < width; d++, x += stride)
        {
            TVector a = TVectors.Zero, b = a;
            int lane = 0;
            for (; lane < lanes - TVectors.Count; lane += 2 * TVectors.Count)
            {
                a = TVectors.Add(a, TVectors.Load(x + lane));
                b = TVectors.Add(b, TVectors.Load(x + lane + TVectors.Count));
            }
            if (lane < lanes)
                a = TVectors.Add(a, TVectors.Load(x + lane));
            sums[d] += TVectors.Sum(TVectors.Add(a, b));
        }
    }

    /// <summary>Adds the rows of x to the sums; whole vectors are read and written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRows(float* x, int rows, int width, nint stride, float* sums)
    {
        for (int d = 0; d < width; d += TVectors.Count)
        {
            // Four sums side by side, as each addition waits for the previous one.
            TVector a = TVectors.Load(sums + d), b = TVectors.Zero, c = b, e = b;
            float* from = x + d;
            int row = 0;
            for (; row <= rows - 4; row += 4, from += 4 * stride)
            {
                a = TVectors.Add(a, TVectors.Load(from));
                b = TVectors.Add(b, TVectors.Load(from + stride));
                c = TVectors.Add(c, TVectors.Load(from + (2 * stride)));
                e = TVectors.Add(e, TVectors.Load(from + (3 * stride)));
            }
            for (; row < rows; row++, from += stride)
                a = TVectors.Add(a, TVectors.Load(from));
            TVectors.Store(TVectors.Add(TVectors.Add(a, b), TVectors.Add(c, e)), sums + d);
        }
    }
}
