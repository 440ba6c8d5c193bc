using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>e^x divided by its sum, in place.</summary>
static unsafe class Softmax<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>Over the rows of a matrix, for each column separately: each column is a query, each row a key.</summary>
    /// <param name="x">[count][stride]</param>
    /// <param name="lanes">Columns; whole vectors of them are computed.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Lanes(float* x, int count, int lanes, nint stride)
    {
        for (int lane = 0; lane < lanes; lane += TVectors.Count)
        {
            float* at = x + lane;
            var maximum = TVectors.Load(at);
            for (int k = 1; k < count; k++)
                maximum = TVectors.Max(maximum, TVectors.Load(at + (k * stride)));
            var sum = TVectors.Zero;
            int i = 0;
            for (; i < count - 1; i += 2)
            {
                // Two vectors at a time, as each addition waits for the previous one.
                float* one = at + (i * stride), other = one + stride;
                var a = Functions<TVectors, TVector>.Exp(TVectors.Subtract(TVectors.Load(one), maximum));
                var b = Functions<TVectors, TVector>.Exp(TVectors.Subtract(TVectors.Load(other), maximum));
                TVectors.Store(a, one);
                TVectors.Store(b, other);
                sum = TVectors.Add(TVectors.Add(sum, a), b);
            }
            if (i < count)
            {
                var a = Functions<TVectors, TVector>.Exp(TVectors.Subtract(TVectors.Load(at + (i * stride)), maximum));
                TVectors.Store(a, at + (i * stride));
                sum = TVectors.Add(sum, a);
            }
            var factor = TVectors.Divide(TVectors.Create(1f), sum);
            for (int k = 0; k < count; k++)
                TVectors.Store(TVectors.Multiply(TVectors.Load(at + (k * stride)), factor), at + (k * stride));
        }
    }

    /// <summary>Over the numbers of each row.</summary>
    /// <param name="x">[rows][stride]</param>
    /// <param name="stride">The distance between rows; at least the count, rounded up to whole vectors, which are written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(float* x, int rows, int count, nint stride)
    {
        var none = TVectors.Create(float.NegativeInfinity);
        for (int row = 0; row < rows; row++, x += stride)
        {
            var largest = none;
            for (int i = 0; i < count; i += TVectors.Count)
                largest = TVectors.Max(largest, TVectors.First(TVectors.Load(x + i), count - i, none));
            var (maximum, sums) = (TVectors.Create(TVectors.Largest(largest)), TVectors.Zero);
            for (int i = 0; i < count; i += TVectors.Count)
            {
                var power = Functions<TVectors, TVector>.Exp(TVectors.Subtract(TVectors.Load(x + i), maximum));
                sums = TVectors.Add(sums, TVectors.First(power, count - i, TVectors.Zero));
                TVectors.Store(power, x + i);
            }
            var sum = TVectors.Create(TVectors.Sum(sums));
            for (int i = 0; i < count; i += TVectors.Count)
                TVectors.Store(TVectors.Divide(TVectors.Load(x + i), sum), x + i);
        }
    }
}
