using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The gradient of a convolution's weights: for each output and each tap of an input, the sum over pixels of gradient times input. A sum is
/// a vector of partial sums until all images are added.
/// </summary>
static unsafe class PlaneDots<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="dy">[outputs][stride]: the gradient of outputs; zero behind the last pixel, up to a whole vector.</param>
    /// <param name="outputs">The number of outputs.</param>
    /// <param name="stride">The distance between them.</param>
    /// <param name="x">The framed input.</param>
    /// <param name="offsets">Where the pixels of each term begin in it.</param>
    /// <param name="terms">Inputs times taps: a multiple of 3.</param>
    /// <param name="pixels">The number of pixels, with the frame between rows.</param>
    /// <param name="sums">[outputs][terms][lanes]; added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* dy, int outputs, nint stride, float* x, int* offsets, int terms, int pixels, float* sums)
    {
        nint row = (nint)terms * TVectors.Count;
        for (int o = 0; o < outputs; o += 4, dy += 4 * stride, sums += 4 * row)
        {
            // 4 x 3 sums, three inputs and one gradient fill 16 registers. Missing outputs repeat the last one and are not stored.
            int rows = Math.Min(4, outputs - o);
            float* y1 = rows > 1 ? dy + stride : dy;
            float* y2 = rows > 2 ? y1 + stride : y1;
            float* y3 = rows > 3 ? y2 + stride : y2;
            for (int term = 0; term < terms; term += 3)
            {
                float* x0 = x + offsets[term], x1 = x + offsets[term + 1], x2 = x + offsets[term + 2];
                TVector s0 = TVectors.Zero, t0 = TVectors.Zero, u0 = TVectors.Zero;
                TVector s1 = TVectors.Zero, t1 = TVectors.Zero, u1 = TVectors.Zero;
                TVector s2 = TVectors.Zero, t2 = TVectors.Zero, u2 = TVectors.Zero;
                TVector s3 = TVectors.Zero, t3 = TVectors.Zero, u3 = TVectors.Zero;
                for (nint pixel = 0; pixel < pixels; pixel += TVectors.Count)
                {
                    var (a, b, c) = (TVectors.Load(x0 + pixel), TVectors.Load(x1 + pixel), TVectors.Load(x2 + pixel));
                    var g = TVectors.Load(dy + pixel);
                    s0 = TVectors.MultiplyAdd(g, a, s0);
                    t0 = TVectors.MultiplyAdd(g, b, t0);
                    u0 = TVectors.MultiplyAdd(g, c, u0);
                    g = TVectors.Load(y1 + pixel);
                    s1 = TVectors.MultiplyAdd(g, a, s1);
                    t1 = TVectors.MultiplyAdd(g, b, t1);
                    u1 = TVectors.MultiplyAdd(g, c, u1);
                    g = TVectors.Load(y2 + pixel);
                    s2 = TVectors.MultiplyAdd(g, a, s2);
                    t2 = TVectors.MultiplyAdd(g, b, t2);
                    u2 = TVectors.MultiplyAdd(g, c, u2);
                    g = TVectors.Load(y3 + pixel);
                    s3 = TVectors.MultiplyAdd(g, a, s3);
                    t3 = TVectors.MultiplyAdd(g, b, t3);
                    u3 = TVectors.MultiplyAdd(g, c, u3);
                }
                float* to = sums + ((nint)term * TVectors.Count);
                Store(s0, t0, u0, to);
                if (rows > 1)
                    Store(s1, t1, u1, to + row);
                if (rows > 2)
                    Store(s2, t2, u2, to + (2 * row));
                if (rows > 3)
                    Store(s3, t3, u3, to + (3 * row));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(TVector s, TVector t, TVector u, float* to)
    {
        TVectors.Store(TVectors.Add(TVectors.Load(to), s), to);
        TVectors.Store(TVectors.Add(TVectors.Load(to + TVectors.Count), t), to + TVectors.Count);
        TVectors.Store(TVectors.Add(TVectors.Load(to + (2 * TVectors.Count)), u), to + (2 * TVectors.Count));
    }

    /// <summary>Adds each sum to a number, and empties it.</summary>
    public static void Take(float* sums, long count, float* to)
    {
        for (long i = 0; i < count; i++, sums += TVectors.Count)
        {
            to[i] += TVectors.Sum(TVectors.Load(sums));
            TVectors.Store(TVectors.Zero, sums);
        }
    }
}
