using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The sparse product over lanes. Inputs are stored as [input][lane], where a lane is a row, a token or a pixel, and a weight is
/// multiplied by many lanes at a time. Every sum begins with the bias and runs over the output's weights in one chain, as in
/// <see cref="SparseRow"/>.
/// </summary>
static unsafe class SparseProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    const int Ahead = 256;

    /// <param name="matrix">The active weights; their places are relative to <paramref name="x"/>.</param>
    /// <param name="x">The first lane of the inputs.</param>
    /// <param name="lanes">Lanes; whole vectors are computed.</param>
    /// <param name="y">[output][lane]; written.</param>
    /// <param name="stride">The distance between outputs, also of the residual.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public static void Multiply(in SparseArguments matrix, float* x, int lanes, float* y, nint stride, float* residual)
    {
        for (int lane = 0; lane < lanes;)
        {
            float* from = x + lane, to = y + lane, added = residual == null ? null : residual + lane;
            // 16 sums need 32 registers. Nothing is written beyond the last vector of the lanes.
            if (TVectors.Count == 16 && lanes - lane > 3 * TVectors.Count)
            {
                Lanes4(matrix, from, to, stride, added);
                lane += 4 * TVectors.Count;
            }
            else if (lanes - lane > TVectors.Count)
            {
                Lanes2(matrix, from, to, stride, added);
                lane += 2 * TVectors.Count;
            }
            else
            {
                Lanes1(matrix, from, to, stride, added);
                lane += TVectors.Count;
            }
        }
    }

    /// <summary>8 outputs by 1 vector of lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Lanes1(in SparseArguments matrix, float* x, float* y, nint stride, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        int* starts = matrix.Starts, order = matrix.Order, places = matrix.Places;
        int outputs = matrix.Outputs;
        for (int slot = 0; slot < outputs; slot += 8)
        {
            int group = slot / SparseMatrix.Group, start = starts[group] + (slot % SparseMatrix.Group), end = starts[group + 1];
            float* bias = biases + slot;
            int* output = order + slot;
            var s0 = TVectors.Create(bias[0]);
            var s1 = TVectors.Create(bias[1]);
            var s2 = TVectors.Create(bias[2]);
            var s3 = TVectors.Create(bias[3]);
            var s4 = TVectors.Create(bias[4]);
            var s5 = TVectors.Create(bias[5]);
            var s6 = TVectors.Create(bias[6]);
            var s7 = TVectors.Create(bias[7]);
            for (nint k = start; k < end; k += SparseMatrix.Group)
            {
                float* value = values + k;
                int* place = places + k;
                if (Sse.IsSupported)
                {
                    // A few tokens use weights faster than the processor prefetches them.
                    Sse.Prefetch0(value + Ahead);
                    Sse.Prefetch0(place + Ahead);
                }
                s0 = TVectors.MultiplyAdd(TVectors.Create(value[0]), TVectors.Load(x + place[0]), s0);
                s1 = TVectors.MultiplyAdd(TVectors.Create(value[1]), TVectors.Load(x + place[1]), s1);
                s2 = TVectors.MultiplyAdd(TVectors.Create(value[2]), TVectors.Load(x + place[2]), s2);
                s3 = TVectors.MultiplyAdd(TVectors.Create(value[3]), TVectors.Load(x + place[3]), s3);
                s4 = TVectors.MultiplyAdd(TVectors.Create(value[4]), TVectors.Load(x + place[4]), s4);
                s5 = TVectors.MultiplyAdd(TVectors.Create(value[5]), TVectors.Load(x + place[5]), s5);
                s6 = TVectors.MultiplyAdd(TVectors.Create(value[6]), TVectors.Load(x + place[6]), s6);
                s7 = TVectors.MultiplyAdd(TVectors.Create(value[7]), TVectors.Load(x + place[7]), s7);
            }
            int count = outputs - slot;
            Store(output[0] * stride, y, residual, s0);
            if (count > 1)
                Store(output[1] * stride, y, residual, s1);
            if (count > 2)
                Store(output[2] * stride, y, residual, s2);
            if (count > 3)
                Store(output[3] * stride, y, residual, s3);
            if (count > 4)
                Store(output[4] * stride, y, residual, s4);
            if (count > 5)
                Store(output[5] * stride, y, residual, s5);
            if (count > 6)
                Store(output[6] * stride, y, residual, s6);
            if (count > 7)
                Store(output[7] * stride, y, residual, s7);
        }
    }

    /// <summary>4 outputs by 2 vectors of lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Lanes2(in SparseArguments matrix, float* x, float* y, nint stride, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        int* starts = matrix.Starts, order = matrix.Order, places = matrix.Places;
        int outputs = matrix.Outputs;
        for (int slot = 0; slot < outputs; slot += 4)
        {
            int group = slot / SparseMatrix.Group, start = starts[group] + (slot % SparseMatrix.Group), end = starts[group + 1];
            float* bias = biases + slot;
            int* output = order + slot;
            TVector s00 = TVectors.Create(bias[0]), s01 = s00;
            TVector s10 = TVectors.Create(bias[1]), s11 = s10;
            TVector s20 = TVectors.Create(bias[2]), s21 = s20;
            TVector s30 = TVectors.Create(bias[3]), s31 = s30;
            for (nint k = start; k < end; k += SparseMatrix.Group)
            {
                float* value = values + k;
                int* place = places + k;
                var w = TVectors.Create(value[0]);
                float* from = x + place[0];
                s00 = TVectors.MultiplyAdd(w, TVectors.Load(from), s00);
                s01 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s01);
                w = TVectors.Create(value[1]);
                from = x + place[1];
                s10 = TVectors.MultiplyAdd(w, TVectors.Load(from), s10);
                s11 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s11);
                w = TVectors.Create(value[2]);
                from = x + place[2];
                s20 = TVectors.MultiplyAdd(w, TVectors.Load(from), s20);
                s21 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s21);
                w = TVectors.Create(value[3]);
                from = x + place[3];
                s30 = TVectors.MultiplyAdd(w, TVectors.Load(from), s30);
                s31 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s31);
            }
            int count = outputs - slot;
            Store(output[0] * stride, y, residual, s00, s01);
            if (count > 1)
                Store(output[1] * stride, y, residual, s10, s11);
            if (count > 2)
                Store(output[2] * stride, y, residual, s20, s21);
            if (count > 3)
                Store(output[3] * stride, y, residual, s30, s31);
        }
    }

    /// <summary>4 outputs by 4 vectors of lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Lanes4(in SparseArguments matrix, float* x, float* y, nint stride, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        int* starts = matrix.Starts, order = matrix.Order, places = matrix.Places;
        int outputs = matrix.Outputs;
        for (int slot = 0; slot < outputs; slot += 4)
        {
            int group = slot / SparseMatrix.Group, start = starts[group] + (slot % SparseMatrix.Group), end = starts[group + 1];
            float* bias = biases + slot;
            int* output = order + slot;
            TVector s00 = TVectors.Create(bias[0]), s01 = s00, s02 = s00, s03 = s00;
            TVector s10 = TVectors.Create(bias[1]), s11 = s10, s12 = s10, s13 = s10;
            TVector s20 = TVectors.Create(bias[2]), s21 = s20, s22 = s20, s23 = s20;
            TVector s30 = TVectors.Create(bias[3]), s31 = s30, s32 = s30, s33 = s30;
            for (nint k = start; k < end; k += SparseMatrix.Group)
            {
                float* value = values + k;
                int* place = places + k;
                var w = TVectors.Create(value[0]);
                float* from = x + place[0];
                s00 = TVectors.MultiplyAdd(w, TVectors.Load(from), s00);
                s01 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s01);
                s02 = TVectors.MultiplyAdd(w, TVectors.Load(from + (2 * TVectors.Count)), s02);
                s03 = TVectors.MultiplyAdd(w, TVectors.Load(from + (3 * TVectors.Count)), s03);
                w = TVectors.Create(value[1]);
                from = x + place[1];
                s10 = TVectors.MultiplyAdd(w, TVectors.Load(from), s10);
                s11 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s11);
                s12 = TVectors.MultiplyAdd(w, TVectors.Load(from + (2 * TVectors.Count)), s12);
                s13 = TVectors.MultiplyAdd(w, TVectors.Load(from + (3 * TVectors.Count)), s13);
                w = TVectors.Create(value[2]);
                from = x + place[2];
                s20 = TVectors.MultiplyAdd(w, TVectors.Load(from), s20);
                s21 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s21);
                s22 = TVectors.MultiplyAdd(w, TVectors.Load(from + (2 * TVectors.Count)), s22);
                s23 = TVectors.MultiplyAdd(w, TVectors.Load(from + (3 * TVectors.Count)), s23);
                w = TVectors.Create(value[3]);
                from = x + place[3];
                s30 = TVectors.MultiplyAdd(w, TVectors.Load(from), s30);
                s31 = TVectors.MultiplyAdd(w, TVectors.Load(from + TVectors.Count), s31);
                s32 = TVectors.MultiplyAdd(w, TVectors.Load(from + (2 * TVectors.Count)), s32);
                s33 = TVectors.MultiplyAdd(w, TVectors.Load(from + (3 * TVectors.Count)), s33);
            }
            int count = outputs - slot;
            Store(output[0] * stride, y, residual, s00, s01, s02, s03);
            if (count > 1)
                Store(output[1] * stride, y, residual, s10, s11, s12, s13);
            if (count > 2)
                Store(output[2] * stride, y, residual, s20, s21, s22, s23);
            if (count > 3)
                Store(output[3] * stride, y, residual, s30, s31, s32, s33);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(nint place, float* y, float* residual, TVector s0)
    {
        if (residual != null)
        {
            s0 = TVectors.Add(s0, TVectors.Load(residual + place));
        }
        TVectors.Store(s0, y + place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(nint place, float* y, float* residual, TVector s0, TVector s1)
    {
        if (residual != null)
        {
            s0 = TVectors.Add(s0, TVectors.Load(residual + place));
            s1 = TVectors.Add(s1, TVectors.Load(residual + place + TVectors.Count));
        }
        TVectors.Store(s0, y + place);
        TVectors.Store(s1, y + place + TVectors.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(nint place, float* y, float* residual, TVector s0, TVector s1, TVector s2, TVector s3)
    {
        if (residual != null)
        {
            s0 = TVectors.Add(s0, TVectors.Load(residual + place));
            s1 = TVectors.Add(s1, TVectors.Load(residual + place + TVectors.Count));
            s2 = TVectors.Add(s2, TVectors.Load(residual + place + (2 * TVectors.Count)));
            s3 = TVectors.Add(s3, TVectors.Load(residual + place + (3 * TVectors.Count)));
        }
        TVectors.Store(s0, y + place);
        TVectors.Store(s1, y + place + TVectors.Count);
        TVectors.Store(s2, y + place + (2 * TVectors.Count));
        TVectors.Store(s3, y + place + (3 * TVectors.Count));
    }
}
