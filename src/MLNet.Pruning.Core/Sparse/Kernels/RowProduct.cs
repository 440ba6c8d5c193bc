using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>A sparse matrix times one vector.</summary>
/// <remarks>
/// Plain numbers: every entry needs a number from another place, and where that is so, AVX2's gather is no faster than loading one by one
/// (measured on Zen 3, as blocks of eight rows were). Entries with even numbers are added up apart from those with odd ones, as <see
/// cref="TileProduct"/> does, so that a single row gives the same bits as one among others; two rows of the matrix at a time make four
/// chains, which keep the multipliers busy.
/// </remarks>
static unsafe class RowProduct
{
    /// <summary>Computes the rows from <paramref name="first"/> to <paramref name="end"/>.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="vector">A number a column.</param>
    /// <param name="bias">A number a row, added to it; null for none.</param>
    /// <param name="output">Receives a number a row.</param>
    /// <param name="first">The first row to compute.</param>
    /// <param name="end">The row behind the last.</param>
    public static void Multiply(SparseRows matrix, float* vector, float* bias, float* output, int first, int end)
    {
        fixed (int* starts = matrix.Starts)
        fixed (float* values = matrix.Values)
        fixed (ushort* narrow = matrix.NarrowIndices)
        fixed (int* wide = matrix.WideIndices)
        {
            if (matrix.Columns <= SparseRows.NarrowColumns)
                Rows(starts, values, narrow, vector, bias, output, first, end);
            else
                Rows(starts, values, wide, vector, bias, output, first, end);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Rows<TIndex>(int* starts, float* values, TIndex* indices, float* vector, float* bias, float* output, int first, int end)
        where TIndex : unmanaged
    {
        var r = first;
        for (; r < end - 1; r += 2)
        {
            float a = 0, b = 0, c = 0, d = 0;
            nint n = starts[r], last = starts[r + 1], m = last, lastOfNext = starts[r + 2];
            for (; n <= last - 2 && m <= lastOfNext - 2; n += 2, m += 2)
            {
                a = float.MultiplyAddEstimate(values[n], vector[ColumnIndex.Of(indices + n)], a);
                b = float.MultiplyAddEstimate(values[n + 1], vector[ColumnIndex.Of(indices + n + 1)], b);
                c = float.MultiplyAddEstimate(values[m], vector[ColumnIndex.Of(indices + m)], c);
                d = float.MultiplyAddEstimate(values[m + 1], vector[ColumnIndex.Of(indices + m + 1)], d);
            }
            output[r] = Rest(values, indices, vector, n, last, a, b) + (bias == null ? 0 : bias[r]);
            output[r + 1] = Rest(values, indices, vector, m, lastOfNext, c, d) + (bias == null ? 0 : bias[r + 1]);
        }
        if (r < end)
            output[r] = Rest(values, indices, vector, starts[r], starts[r + 1], 0, 0) + (bias == null ? 0 : bias[r]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Rest<TIndex>(float* values, TIndex* indices, float* vector, nint n, nint last, float even, float odd)
        where TIndex : unmanaged
    {
        for (; n <= last - 2; n += 2)
        {
            even = float.MultiplyAddEstimate(values[n], vector[ColumnIndex.Of(indices + n)], even);
            odd = float.MultiplyAddEstimate(values[n + 1], vector[ColumnIndex.Of(indices + n + 1)], odd);
        }
        if (n < last)
            even = float.MultiplyAddEstimate(values[n], vector[ColumnIndex.Of(indices + n)], even);
        return even + odd;
    }
}
