using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>A sparse matrix times one vector.</summary>
/// <remarks>
/// Plain numbers in four chains: every entry needs a number from another place, and where that is so, AVX2's gather is no faster than loading one by one (measured on Zen 3,
/// as blocks of eight rows were). So there is one way for all machines, with one result.
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
        for (var r = first; r < end; r++)
        {
            float a = 0, b = 0, c = 0, d = 0;
            var (value, last) = ((nint)starts[r], (nint)starts[r + 1]);
            for (; value <= last - 4; value += 4)
            {
                a = float.MultiplyAddEstimate(values[value], vector[ColumnIndex.Of(indices + value)], a);
                b = float.MultiplyAddEstimate(values[value + 1], vector[ColumnIndex.Of(indices + value + 1)], b);
                c = float.MultiplyAddEstimate(values[value + 2], vector[ColumnIndex.Of(indices + value + 2)], c);
                d = float.MultiplyAddEstimate(values[value + 3], vector[ColumnIndex.Of(indices + value + 3)], d);
            }
            for (; value < last; value++)
                a = float.MultiplyAddEstimate(values[value], vector[ColumnIndex.Of(indices + value)], a);
            output[r] = a + b + (c + d) + (bias == null ? 0 : bias[r]);
        }
    }
}
