using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The sparse product of a few rows: the lanes are outputs, a window of a row's inputs stays in registers, and a shuffle picks each
/// output's input. A vector of weights takes a shuffle and a multiply-add, so a weight costs about two dense ones, for any number of rows.
/// The sums are those of <see cref="SparseProduct{TVectors,TVector}"/> term by term, as long as all inputs are finite: the zeros that fill
/// up a matrix are multiplied by inputs of other weights.
/// </summary>
static unsafe class ShuffleProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <param name="x">[rows][xStride]; nothing after a row's inputs is read.</param>
    /// <param name="y">[rows][yStride]; written, whole vectors.</param>
    /// <param name="yStride">The distance between rows, also of the residual.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public static void Multiply(ShuffleMatrix matrix, float* x, int rows, nint xStride, float* y, nint yStride, float* residual)
    {
        // An incomplete window at the end of a row is copied first.
        const int MaximumRows = 8, MaximumInputs = 32;
        float* ends = stackalloc float[MaximumRows * MaximumInputs];
        int whole = matrix.Inputs / matrix.Window * matrix.Window, rest = matrix.Inputs - whole;
        int tile = TVectors.Count == 16 ? 8 : 4;
        while (rows > 0)
        {
            int count = Math.Min(rows, tile);
            for (int row = 0; rest > 0 && row < count; row++)
                new ReadOnlySpan<float>(x + (row * xStride) + whole, rest).CopyTo(new Span<float>(ends + (row * matrix.Window), rest));
            if (count == 1)
                OneRow(matrix, x, ends, y, residual);
            else if (count <= 4)
                FourRows(matrix, x, count, xStride, ends, y, yStride, residual);
            else
                EightRows(matrix, x, count, xStride, ends, y, yStride, residual);
            rows -= count;
            x += count * xStride;
            y += count * yStride;
            residual = residual == null ? null : residual + (count * yStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneRow(ShuffleMatrix matrix, float* x, float* end, float* y, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        byte* places = matrix.Places;
        int* starts = matrix.Starts;
        int window = matrix.Window, windows = matrix.Windows, whole = matrix.Inputs / window, groups = matrix.Groups;
        for (int group = 0; group < groups; group++)
        {
            var sum = TVectors.Load(biases + (group * TVectors.Count));
            for (int w = 0; w < windows; w++)
            {
                float* from = w < whole ? x + (w * window) : end;
                var (low, high) = (TVectors.Load(from), window > TVectors.Count ? TVectors.Load(from + TVectors.Count) : TVectors.Zero);
                nint k = *starts++, last = *starts;
                for (; k < last; k += TVectors.Count)
                    sum = TVectors.MultiplyAdd(TVectors.Load(values + k), TVectors.Pick(low, high, TVectors.LoadPlaces(places + k)), sum);
            }
            Store(sum, y, residual, group * TVectors.Count);
        }
    }

    /// <summary>Missing rows repeat the last one and are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourRows(ShuffleMatrix matrix, float* x, int rows, nint xStride, float* ends, float* y, nint yStride, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        byte* places = matrix.Places;
        int* starts = matrix.Starts;
        int window = matrix.Window, windows = matrix.Windows, whole = matrix.Inputs / window, groups = matrix.Groups;
        nint row1 = Math.Min(1, rows - 1), row2 = Math.Min(2, rows - 1), row3 = Math.Min(3, rows - 1);
        for (int group = 0; group < groups; group++)
        {
            TVector s0, s1, s2, s3;
            s0 = s1 = s2 = s3 = TVectors.Load(biases + (group * TVectors.Count));
            for (int w = 0; w < windows; w++)
            {
                float* from = w < whole ? x + (w * window) : ends;
                nint step = w < whole ? xStride : window, more = window > TVectors.Count ? TVectors.Count : 0;
                TVector low0 = TVectors.Load(from), high0 = TVectors.Load(from + more);
                TVector low1 = TVectors.Load(from + (row1 * step)), high1 = TVectors.Load(from + (row1 * step) + more);
                TVector low2 = TVectors.Load(from + (row2 * step)), high2 = TVectors.Load(from + (row2 * step) + more);
                TVector low3 = TVectors.Load(from + (row3 * step)), high3 = TVectors.Load(from + (row3 * step) + more);
                nint k = *starts++, last = *starts;
                for (; k < last; k += TVectors.Count)
                {
                    var (weights, place) = (TVectors.Load(values + k), TVectors.LoadPlaces(places + k));
                    s0 = TVectors.MultiplyAdd(weights, TVectors.Pick(low0, high0, place), s0);
                    s1 = TVectors.MultiplyAdd(weights, TVectors.Pick(low1, high1, place), s1);
                    s2 = TVectors.MultiplyAdd(weights, TVectors.Pick(low2, high2, place), s2);
                    s3 = TVectors.MultiplyAdd(weights, TVectors.Pick(low3, high3, place), s3);
                }
            }
            nint at = group * TVectors.Count;
            Store(s0, y, residual, at);
            if (rows > 1)
                Store(s1, y, residual, at + yStride);
            if (rows > 2)
                Store(s2, y, residual, at + (2 * yStride));
            if (rows > 3)
                Store(s3, y, residual, at + (3 * yStride));
        }
    }

    /// <summary>The same for eight rows, for which vectors of 512 bits have the registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void EightRows(ShuffleMatrix matrix, float* x, int rows, nint xStride, float* ends, float* y, nint yStride, float* residual)
    {
        float* values = matrix.Values, biases = matrix.Bias;
        byte* places = matrix.Places;
        int* starts = matrix.Starts;
        int window = matrix.Window, windows = matrix.Windows, whole = matrix.Inputs / window, groups = matrix.Groups;
        nint row5 = Math.Min(5, rows - 1), row6 = Math.Min(6, rows - 1), row7 = Math.Min(7, rows - 1);
        for (int group = 0; group < groups; group++)
        {
            TVector s0, s1, s2, s3, s4, s5, s6, s7;
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = TVectors.Load(biases + (group * TVectors.Count));
            for (int w = 0; w < windows; w++)
            {
                float* from = w < whole ? x + (w * window) : ends;
                nint step = w < whole ? xStride : window, more = window > TVectors.Count ? TVectors.Count : 0;
                TVector low0 = TVectors.Load(from), high0 = TVectors.Load(from + more);
                TVector low1 = TVectors.Load(from + step), high1 = TVectors.Load(from + step + more);
                TVector low2 = TVectors.Load(from + (2 * step)), high2 = TVectors.Load(from + (2 * step) + more);
                TVector low3 = TVectors.Load(from + (3 * step)), high3 = TVectors.Load(from + (3 * step) + more);
                TVector low4 = TVectors.Load(from + (4 * step)), high4 = TVectors.Load(from + (4 * step) + more);
                TVector low5 = TVectors.Load(from + (row5 * step)), high5 = TVectors.Load(from + (row5 * step) + more);
                TVector low6 = TVectors.Load(from + (row6 * step)), high6 = TVectors.Load(from + (row6 * step) + more);
                TVector low7 = TVectors.Load(from + (row7 * step)), high7 = TVectors.Load(from + (row7 * step) + more);
                nint k = *starts++, last = *starts;
                for (; k < last; k += TVectors.Count)
                {
                    var (weights, place) = (TVectors.Load(values + k), TVectors.LoadPlaces(places + k));
                    s0 = TVectors.MultiplyAdd(weights, TVectors.Pick(low0, high0, place), s0);
                    s1 = TVectors.MultiplyAdd(weights, TVectors.Pick(low1, high1, place), s1);
                    s2 = TVectors.MultiplyAdd(weights, TVectors.Pick(low2, high2, place), s2);
                    s3 = TVectors.MultiplyAdd(weights, TVectors.Pick(low3, high3, place), s3);
                    s4 = TVectors.MultiplyAdd(weights, TVectors.Pick(low4, high4, place), s4);
                    s5 = TVectors.MultiplyAdd(weights, TVectors.Pick(low5, high5, place), s5);
                    s6 = TVectors.MultiplyAdd(weights, TVectors.Pick(low6, high6, place), s6);
                    s7 = TVectors.MultiplyAdd(weights, TVectors.Pick(low7, high7, place), s7);
                }
            }
            nint at = group * TVectors.Count;
            Store(s0, y, residual, at);
            Store(s1, y, residual, at + yStride);
            Store(s2, y, residual, at + (2 * yStride));
            Store(s3, y, residual, at + (3 * yStride));
            Store(s4, y, residual, at + (4 * yStride));
            if (rows > 5)
                Store(s5, y, residual, at + (5 * yStride));
            if (rows > 6)
                Store(s6, y, residual, at + (6 * yStride));
            if (rows > 7)
                Store(s7, y, residual, at + (7 * yStride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(TVector sum, float* y, float* residual, nint at) =>
        TVectors.Store(residual == null ? sum : TVectors.Add(sum, TVectors.Load(residual + at)), y + at);
}
