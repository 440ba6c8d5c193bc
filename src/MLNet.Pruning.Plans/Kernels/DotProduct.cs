using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// A few outputs of many inputs, by a dot product each: the inputs are the lanes. The order of a sum depends on the number of inputs
/// alone.
/// </summary>
static unsafe class DotProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="x">[rows][xStride]; nothing is read behind a row's inputs.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="xStride">Numbers from one row to the next.</param>
    /// <param name="weights">[outputs][inputs]</param>
    /// <param name="bias">[outputs]</param>
    /// <param name="outputs">Outputs.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="y">[rows][yStride]; written.</param>
    /// <param name="yStride">Numbers from one row to the next.</param>
    /// <param name="residual">Added; lies like y, or is y, or null.</param>
    public static void Multiply(
        float* x, int rows, nint xStride, float* weights, float* bias, int outputs, int inputs, float* y, nint yStride, float* residual)
    {
        for (int row = 0; row < rows; row += 4)
        {
            int count = Math.Min(4, rows - row);
            for (int o = 0; o < outputs; o++)
            {
                nint place = (row * yStride) + o;
                var sums = Vector128.Create(bias[o]);
                if (residual != null)
                    sums += Vector128.Create(residual[place], At(1), At(2), At(3));
                sums += Four(x + (row * xStride), count, xStride, weights + ((nint)o * inputs), inputs);
                for (int i = 0; i < count; i++)
                    y[place + (i * yStride)] = sums[i];

                float At(int i) => i < count ? residual[place + (i * yStride)] : 0;
            }
        }
    }

    /// <summary>One output of four rows, each in two sums. Rows that are not there are computed as the last one again.</summary>
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Finish(TVector sums, float* x, float* weights, int i, int inputs)
    {
        float sum = TVectors.Sum(sums);
        for (; i < inputs; i++)
            sum += x[i] * weights[i];
        return sum;
    }
}
