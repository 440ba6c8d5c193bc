using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The gradient of active weights over lanes: for each, the product of its output's gradient and its input, summed over all lanes. Products
/// of inactive weights are not computed.
/// </summary>
static unsafe class SampledProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    const int Group = SparseMatrix.Group;

    /// <param name="matrix">The active weights; values and bias are not read.</param>
    /// <param name="counts">The number of weights of each slot.</param>
    /// <param name="begins">Where the sums of each slot begin; there is room for its weights rounded up to eight.</param>
    /// <param name="dy">[output][lane]; zero behind the last lane.</param>
    /// <param name="x">[input][lane]; finite behind the last lane.</param>
    /// <param name="lanes">Lanes; whole vectors are read.</param>
    /// <param name="stride">The distance between outputs.</param>
    /// <param name="sums">Added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(in SparseArguments matrix, int* counts, int* begins, float* dy, float* x, int lanes, nint stride, float* sums)
    {
        int* starts = matrix.Starts, order = matrix.Order, places = matrix.Places;
        int outputs = matrix.Outputs;
        for (int slot = 0; slot < outputs; slot++)
        {
            float* gradient = dy + (order[slot] * stride);
            int start = starts[slot / Group] + (slot % Group);
            int* place = places + start;
            float* sum = sums + begins[slot];
            int left = counts[slot];
            for (; left > 4; left -= 8, place += 8 * Group, sum += 8)
            {
                // Missing weights repeat the last one.
                int last = (Math.Min(left, 8) - 1) * Group;
                float* x0 = x + place[0], x1 = x + place[Group], x2 = x + place[2 * Group], x3 = x + place[3 * Group];
                float* x4 = x + place[4 * Group], x5 = x + place[Math.Min(last, 5 * Group)];
                float* x6 = x + place[Math.Min(last, 6 * Group)], x7 = x + place[Math.Min(last, 7 * Group)];
                TVector s0 = TVectors.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                for (nint lane = 0; lane < lanes; lane += TVectors.Count)
                {
                    var g = TVectors.Load(gradient + lane);
                    s0 = TVectors.MultiplyAdd(g, TVectors.Load(x0 + lane), s0);
                    s1 = TVectors.MultiplyAdd(g, TVectors.Load(x1 + lane), s1);
                    s2 = TVectors.MultiplyAdd(g, TVectors.Load(x2 + lane), s2);
                    s3 = TVectors.MultiplyAdd(g, TVectors.Load(x3 + lane), s3);
                    s4 = TVectors.MultiplyAdd(g, TVectors.Load(x4 + lane), s4);
                    s5 = TVectors.MultiplyAdd(g, TVectors.Load(x5 + lane), s5);
                    s6 = TVectors.MultiplyAdd(g, TVectors.Load(x6 + lane), s6);
                    s7 = TVectors.MultiplyAdd(g, TVectors.Load(x7 + lane), s7);
                }
                AddSums(s0, s1, s2, s3, s4, s5, s6, s7, sum);
            }
            if (left > 0)
            {
                int last = (left - 1) * Group;
                float* x0 = x + place[0], x1 = x + place[Math.Min(last, Group)];
                float* x2 = x + place[Math.Min(last, 2 * Group)], x3 = x + place[last];
                TVector s0 = TVectors.Zero, s1 = s0, s2 = s0, s3 = s0;
                for (nint lane = 0; lane < lanes; lane += TVectors.Count)
                {
                    var g = TVectors.Load(gradient + lane);
                    s0 = TVectors.MultiplyAdd(g, TVectors.Load(x0 + lane), s0);
                    s1 = TVectors.MultiplyAdd(g, TVectors.Load(x1 + lane), s1);
                    s2 = TVectors.MultiplyAdd(g, TVectors.Load(x2 + lane), s2);
                    s3 = TVectors.MultiplyAdd(g, TVectors.Load(x3 + lane), s3);
                }
                AddSums(s0, s1, s2, s3, s0, s1, s2, s3, sum);
            }
        }
    }

    /// <summary>Adds the sums of the lanes of eight vectors, each in a fixed order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSums(TVector a, TVector b, TVector c, TVector d, TVector e, TVector f, TVector g, TVector h, float* to)
    {
        if (typeof(TVector) == typeof(Vector512<float>) && Avx512F.IsSupported)
        {
            // Halves, quarters and then pairs are added, of several vectors at a time: a third of the work of one after the other.
            Vector512<float> abcd = Quarters(Halves(a, b), Halves(c, d)), efgh = Quarters(Halves(e, f), Halves(g, h));
            var pairs = Avx512F.UnpackLow(abcd, efgh) + Avx512F.UnpackHigh(abcd, efgh);
            pairs += Avx512F.Shuffle(pairs, pairs, 0b01_00_11_10);
            var all = Avx512F.PermuteVar16x32(pairs, Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0)).GetLower();
            (Vector256.Load(to) + all).Store(to);
            return;
        }
        to[0] += TVectors.Sum(a);
        to[1] += TVectors.Sum(b);
        to[2] += TVectors.Sum(c);
        to[3] += TVectors.Sum(d);
        to[4] += TVectors.Sum(e);
        to[5] += TVectors.Sum(f);
        to[6] += TVectors.Sum(g);
        to[7] += TVectors.Sum(h);
    }

    /// <summary>[a a b b]</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Halves(TVector first, TVector second)
    {
        var (a, b) = ((Vector512<float>)(object)first!, (Vector512<float>)(object)second!);
        return Avx512F.Shuffle4x128(a, b, 0b01_00_01_00) + Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);
    }

    /// <summary>[a b c d]</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Quarters(Vector512<float> ab, Vector512<float> cd) =>
        Avx512F.Shuffle4x128(ab, cd, 0b10_00_10_00) + Avx512F.Shuffle4x128(ab, cd, 0b11_01_11_01);
}
