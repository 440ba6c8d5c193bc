using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>One head of attention over at most eight tokens, from logits to mixed values in registers.</summary>
static unsafe class FewKeysAttention<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    public const int MaximumKeys = 8;

    /// <param name="queries">[headSize][lanes], divided by the root of the head's size.</param>
    /// <param name="lanes">The distance between values, in the result too; whole vectors of queries are computed.</param>
    /// <param name="keys">Value d of token j is at keys + d * valueStep + j * tokenStep; likewise for values.</param>
    /// <param name="logSizes">[tokens]: added to the logits of each key; null for none.</param>
    /// <param name="tokens">1 to <see cref="MaximumKeys"/>.</param>
    /// <param name="mixed">[headSize][lanes]; written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(
        float* queries, nint lanes, float* keys, float* values, nint valueStep, nint tokenStep, float* logSizes, int tokens,
        int headSize, float* mixed)
    {
        // Missing tokens repeat the last one, with a logit that gives them no weight.
        nint j1 = Math.Min(1, tokens - 1) * tokenStep, j2 = Math.Min(2, tokens - 1) * tokenStep, j3 = Math.Min(3, tokens - 1) * tokenStep;
        nint j4 = Math.Min(4, tokens - 1) * tokenStep, j5 = Math.Min(5, tokens - 1) * tokenStep, j6 = Math.Min(6, tokens - 1) * tokenStep;
        nint j7 = Math.Min(7, tokens - 1) * tokenStep;
        float* bias = stackalloc float[MaximumKeys];
        for (int j = 0; j < MaximumKeys; j++)
            bias[j] = j >= tokens ? float.NegativeInfinity : logSizes == null ? 0 : logSizes[j];
        for (int lane = 0; lane < tokens; lane += TVectors.Count)
        {
            TVector s0 = TVectors.Create(bias[0]), s1 = TVectors.Create(bias[1]), s2 = TVectors.Create(bias[2]),
                s3 = TVectors.Create(bias[3]);
            TVector s4 = TVectors.Create(bias[4]), s5 = TVectors.Create(bias[5]), s6 = TVectors.Create(bias[6]),
                s7 = TVectors.Create(bias[7]);
            float* from = queries + lane, at = keys;
            for (int d = headSize; d > 0; d--, from += lanes, at += valueStep)
            {
                var query = TVectors.Load(from);
                s0 = TVectors.MultiplyAdd(query, TVectors.Create(at[0]), s0);
                s1 = TVectors.MultiplyAdd(query, TVectors.Create(at[j1]), s1);
                s2 = TVectors.MultiplyAdd(query, TVectors.Create(at[j2]), s2);
                s3 = TVectors.MultiplyAdd(query, TVectors.Create(at[j3]), s3);
                s4 = TVectors.MultiplyAdd(query, TVectors.Create(at[j4]), s4);
                s5 = TVectors.MultiplyAdd(query, TVectors.Create(at[j5]), s5);
                s6 = TVectors.MultiplyAdd(query, TVectors.Create(at[j6]), s6);
                s7 = TVectors.MultiplyAdd(query, TVectors.Create(at[j7]), s7);
            }
            var maximum = TVectors.Max(TVectors.Max(TVectors.Max(s0, s1), TVectors.Max(s2, s3)),
                TVectors.Max(TVectors.Max(s4, s5), TVectors.Max(s6, s7)));
            s0 = Power(s0, maximum);
            s1 = Power(s1, maximum);
            s2 = Power(s2, maximum);
            s3 = Power(s3, maximum);
            s4 = Power(s4, maximum);
            s5 = Power(s5, maximum);
            s6 = Power(s6, maximum);
            s7 = Power(s7, maximum);
            var sum = TVectors.Add(TVectors.Add(TVectors.Add(s0, s1), TVectors.Add(s2, s3)),
                TVectors.Add(TVectors.Add(s4, s5), TVectors.Add(s6, s7)));
            var factor = TVectors.Divide(TVectors.Create(1f), sum);
            float* to = mixed + lane;
            at = values;
            for (int d = headSize; d > 0; d--, to += lanes, at += valueStep)
            {
                // Two chains of additions, since each addition waits for the previous one.
                var a = TVectors.Multiply(s0, TVectors.Create(at[0]));
                var b = TVectors.Multiply(s1, TVectors.Create(at[j1]));
                a = TVectors.MultiplyAdd(s2, TVectors.Create(at[j2]), a);
                b = TVectors.MultiplyAdd(s3, TVectors.Create(at[j3]), b);
                a = TVectors.MultiplyAdd(s4, TVectors.Create(at[j4]), a);
                b = TVectors.MultiplyAdd(s5, TVectors.Create(at[j5]), b);
                a = TVectors.MultiplyAdd(s6, TVectors.Create(at[j6]), a);
                b = TVectors.MultiplyAdd(s7, TVectors.Create(at[j7]), b);
                TVectors.Store(TVectors.Multiply(TVectors.Add(a, b), factor), to);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Power(TVector logit, TVector maximum) => Functions<TVectors, TVector>.Exp(TVectors.Subtract(logit, maximum));
}
