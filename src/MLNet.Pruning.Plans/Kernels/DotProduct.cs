using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// A few outputs of many inputs as dot products, with the inputs in the lanes. The order of a sum depends on the number of inputs only.
/// </summary>
static unsafe class DotProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="x">[rows][xStride]; nothing after a row's inputs is read.</param>
    /// <param name="weights">[outputs][inputs]</param>
    /// <param name="bias">[outputs]</param>
    /// <param name="y">[rows][yStride]; written.</param>
    /// <param name="residual">Added; has the layout of y, may be y, or null.</param>
    public static void Multiply(
        float* x, int rows, nint xStride, float* weights, float* bias, int outputs, int inputs, float* y, nint yStride, float* residual)
    {
        for (int row = 0; row < rows; row += 4, x += 4 * xStride, y += 4 * yStride)
        {
            float* added = residual == null ? null : residual + (row * yStride);
            int count = Math.Min(4, rows - row), o = 0;
            // With 32 registers, four rows by two outputs share what they read.
            for (; TVectors.Count == 16 && o < outputs - 1; o += 2)
            {
                var one = FourByTwo(x, count, xStride, weights + ((nint)o * inputs), inputs, out var other);
                Store(one, count, bias[o], y + o, yStride, added == null ? null : added + o);
                Store(other, count, bias[o + 1], y + o + 1, yStride, added == null ? null : added + o + 1);
            }
            for (; o < outputs; o++)
            {
                var sums = Four(x, count, xStride, weights + ((nint)o * inputs), inputs);
                Store(sums, count, bias[o], y + o, yStride, added == null ? null : added + o);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector128<float> sums, int rows, float bias, float* y, nint yStride, float* residual)
    {
        for (int i = 0; i < rows; i++)
            y[i * yStride] = bias + (residual == null ? 0 : residual[i * yStride]) + sums[i];
    }

    /// <summary>One output of four rows, each in two sums. Missing rows repeat the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static Vector128<float> Four(float* x, int rows, nint xStride, float* weights, int inputs)
    {
        float* x1 = rows > 1 ? x + xStride : x;
        float* x2 = rows > 2 ? x1 + xStride : x1;
        float* x3 = rows > 3 ? x2 + xStride : x2;
        TVector s0 = TVectors.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        int i = 0;
        for (; i <= inputs - (2 * TVectors.Count); i += 2 * TVectors.Count)
        {
            int j = i + TVectors.Count;
            var (u, v) = (TVectors.Load(weights + i), TVectors.Load(weights + j));
            s0 = TVectors.MultiplyAdd(TVectors.Load(x + i), u, s0);
            t0 = TVectors.MultiplyAdd(TVectors.Load(x + j), v, t0);
            s1 = TVectors.MultiplyAdd(TVectors.Load(x1 + i), u, s1);
            t1 = TVectors.MultiplyAdd(TVectors.Load(x1 + j), v, t1);
            s2 = TVectors.MultiplyAdd(TVectors.Load(x2 + i), u, s2);
            t2 = TVectors.MultiplyAdd(TVectors.Load(x2 + j), v, t2);
            s3 = TVectors.MultiplyAdd(TVectors.Load(x3 + i), u, s3);
            t3 = TVectors.MultiplyAdd(TVectors.Load(x3 + j), v, t3);
        }
        return Vector128.Create(
            Finish(TVectors.Add(s0, t0), x, weights, i, inputs), Finish(TVectors.Add(s1, t1), x1, weights, i, inputs),
            Finish(TVectors.Add(s2, t2), x2, weights, i, inputs), Finish(TVectors.Add(s3, t3), x3, weights, i, inputs));
    }

    /// <summary>Two outputs of four rows, with the same sums as <see cref="Four"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static Vector128<float> FourByTwo(float* x, int rows, nint xStride, float* weights, int inputs, out Vector128<float> other)
    {
        float* x1 = rows > 1 ? x + xStride : x;
        float* x2 = rows > 2 ? x1 + xStride : x1;
        float* x3 = rows > 3 ? x2 + xStride : x2;
        float* second = weights + inputs;
        TVector s0 = TVectors.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        TVector p0 = s0, p1 = s0, p2 = s0, p3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
        int i = 0;
        for (; i <= inputs - (2 * TVectors.Count); i += 2 * TVectors.Count)
        {
            int j = i + TVectors.Count;
            var (u, v) = (TVectors.Load(weights + i), TVectors.Load(weights + j));
            var (w, z) = (TVectors.Load(second + i), TVectors.Load(second + j));
            var (a, b) = (TVectors.Load(x + i), TVectors.Load(x + j));
            s0 = TVectors.MultiplyAdd(a, u, s0);
            t0 = TVectors.MultiplyAdd(b, v, t0);
            p0 = TVectors.MultiplyAdd(a, w, p0);
            q0 = TVectors.MultiplyAdd(b, z, q0);
            (a, b) = (TVectors.Load(x1 + i), TVectors.Load(x1 + j));
            s1 = TVectors.MultiplyAdd(a, u, s1);
            t1 = TVectors.MultiplyAdd(b, v, t1);
            p1 = TVectors.MultiplyAdd(a, w, p1);
            q1 = TVectors.MultiplyAdd(b, z, q1);
            (a, b) = (TVectors.Load(x2 + i), TVectors.Load(x2 + j));
            s2 = TVectors.MultiplyAdd(a, u, s2);
            t2 = TVectors.MultiplyAdd(b, v, t2);
            p2 = TVectors.MultiplyAdd(a, w, p2);
            q2 = TVectors.MultiplyAdd(b, z, q2);
            (a, b) = (TVectors.Load(x3 + i), TVectors.Load(x3 + j));
            s3 = TVectors.MultiplyAdd(a, u, s3);
            t3 = TVectors.MultiplyAdd(b, v, t3);
            p3 = TVectors.MultiplyAdd(a, w, p3);
            q3 = TVectors.MultiplyAdd(b, z, q3);
        }
        other = Vector128.Create(
            Finish(TVectors.Add(p0, q0), x, second, i, inputs), Finish(TVectors.Add(p1, q1), x1, second, i, inputs),
            Finish(TVectors.Add(p2, q2), x2, second, i, inputs), Finish(TVectors.Add(p3, q3), x3, second, i, inputs));
        return Vector128.Create(
            Finish(TVectors.Add(s0, t0), x, weights, i, inputs), Finish(TVectors.Add(s1, t1), x1, weights, i, inputs),
            Finish(TVectors.Add(s2, t2), x2, weights, i, inputs), Finish(TVectors.Add(s3, t3), x3, weights, i, inputs));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Finish(TVector sums, float* x, float* weights, int i, int inputs)
    {
        float sum = TVectors.Sum(sums);
        for (; i < inputs; i++)
            sum += x[i] * weights[i];
        return sum;
    }
}
