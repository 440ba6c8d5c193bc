using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>
/// A sparse matrix times a tile of vectors that lie side by side, so that an entry is multiplied with a whole tile at a time. Tiles are four or two machine vectors wide; whichever
/// it is, every sum has its terms in the same order.
/// </summary>
static unsafe class TileProduct
{
    /// <summary>The most vectors in a tile.</summary>
    public static int Widest(VectorWidth width) => 4 * Count(width);

    /// <summary>How wide the tile is for so many vectors that are left.</summary>
    public static int For(int vectors, VectorWidth width) => vectors <= 2 * Count(width) ? 2 * Count(width) : Widest(width);

    static int Count(VectorWidth width) => width switch
    {
        VectorWidth.Widest => Vectors512.Count,
        VectorWidth.Wide => Vectors256.Count,
        _ => Vectors128.Count,
    };

    /// <summary>Computes the rows from <paramref name="first"/> to <paramref name="end"/>.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="tile">For each column, a number of each vector.</param>
    /// <param name="size">Vectors in the tile, from <see cref="For"/>.</param>
    /// <param name="bias">A number a row, added to it; null for none.</param>
    /// <param name="output">Receives for each row, from the first on, a number of each vector.</param>
    /// <param name="first">The first row to compute.</param>
    /// <param name="end">The row behind the last.</param>
    /// <param name="width">What to compute with.</param>
    public static void Multiply(SparseRows matrix, float* tile, int size, float* bias, float* output, int first, int end, VectorWidth width)
    {
        fixed (int* starts = matrix.Starts)
        fixed (float* values = matrix.Values)
        fixed (ushort* narrow = matrix.NarrowIndices)
        fixed (int* wide = matrix.WideIndices)
        {
            if (matrix.Columns <= SparseRows.NarrowColumns)
                Multiply(starts, values, narrow, tile, size, size, bias, output, first, end, width);
            else
                Multiply(starts, values, wide, tile, size, size, bias, output, first, end, width);
        }
    }

    /// <summary>The same where a tile's numbers for an entry lie anywhere.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="places">For each entry, how far behind <paramref name="tile"/>.</param>
    /// <param name="tile">What places are counted from.</param>
    /// <param name="size">Vectors in the tile, from <see cref="For"/>.</param>
    /// <param name="bias">A number a row, added to it; null for none.</param>
    /// <param name="output">Receives for each row, from the first on, a number of each vector.</param>
    /// <param name="first">The first row to compute.</param>
    /// <param name="end">The row behind the last.</param>
    /// <param name="width">What to compute with.</param>
    public static void Multiply(SparseRows matrix, int* places, float* tile, int size, float* bias, float* output, int first, int end, VectorWidth width)
    {
        fixed (int* starts = matrix.Starts)
        fixed (float* values = matrix.Values)
            Multiply(starts, values, places, tile, 1, size, bias, output, first, end, width);
    }

    static void Multiply<TIndex>(int* starts, float* values, TIndex* indices, float* tile, nint scale, int size, float* bias, float* output, int first, int end, VectorWidth width)
        where TIndex : unmanaged
    {
        switch (width)
        {
            case VectorWidth.Widest:
                Multiply<Vectors512, Vector512<float>, TIndex>(starts, values, indices, tile, scale, size, bias, output, first, end);
                break;
            case VectorWidth.Wide:
                Multiply<Vectors256, Vector256<float>, TIndex>(starts, values, indices, tile, scale, size, bias, output, first, end);
                break;
            default:
                Multiply<Vectors128, Vector128<float>, TIndex>(starts, values, indices, tile, scale, size, bias, output, first, end);
                break;
        }
    }

    static void Multiply<TVectors, TVector, TIndex>(int* starts, float* values, TIndex* indices, float* tile, nint scale, int size, float* bias, float* output, int first, int end)
        where TVectors : struct, IVectors<TVector>
        where TIndex : unmanaged
    {
        if (size == 4 * TVectors.Count)
            Four<TVectors, TVector, TIndex>(starts, values, indices, tile, scale, bias, output, first, end);
        else
            Two<TVectors, TVector, TIndex>(starts, values, indices, tile, scale, bias, output, first, end);
    }

    // Entries with even numbers are added up apart from those with odd ones: two chains for each vector keep the multipliers busy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Four<TVectors, TVector, TIndex>(int* starts, float* values, TIndex* indices, float* tile, nint scale, float* bias, float* output, int first, int end)
        where TVectors : struct, IVectors<TVector>
        where TIndex : unmanaged
    {
        for (var r = first; r < end; r++, output += 4 * TVectors.Count)
        {
            var a0 = TVectors.Broadcast(0);
            var (a1, a2, a3, b0, b1, b2, b3) = (a0, a0, a0, a0, a0, a0, a0);
            var (n, last) = ((nint)starts[r], (nint)starts[r + 1]);
            for (; n <= last - 2; n += 2)
            {
                var (even, odd) = (TVectors.Broadcast(values[n]), TVectors.Broadcast(values[n + 1]));
                var p = tile + ColumnIndex.Of(indices + n) * scale;
                var q = tile + ColumnIndex.Of(indices + n + 1) * scale;
                a0 = TVectors.MultiplyAdd(even, TVectors.Load(p), a0);
                a1 = TVectors.MultiplyAdd(even, TVectors.Load(p + TVectors.Count), a1);
                a2 = TVectors.MultiplyAdd(even, TVectors.Load(p + 2 * TVectors.Count), a2);
                a3 = TVectors.MultiplyAdd(even, TVectors.Load(p + 3 * TVectors.Count), a3);
                b0 = TVectors.MultiplyAdd(odd, TVectors.Load(q), b0);
                b1 = TVectors.MultiplyAdd(odd, TVectors.Load(q + TVectors.Count), b1);
                b2 = TVectors.MultiplyAdd(odd, TVectors.Load(q + 2 * TVectors.Count), b2);
                b3 = TVectors.MultiplyAdd(odd, TVectors.Load(q + 3 * TVectors.Count), b3);
            }
            if (n < last)
            {
                var even = TVectors.Broadcast(values[n]);
                var p = tile + ColumnIndex.Of(indices + n) * scale;
                a0 = TVectors.MultiplyAdd(even, TVectors.Load(p), a0);
                a1 = TVectors.MultiplyAdd(even, TVectors.Load(p + TVectors.Count), a1);
                a2 = TVectors.MultiplyAdd(even, TVectors.Load(p + 2 * TVectors.Count), a2);
                a3 = TVectors.MultiplyAdd(even, TVectors.Load(p + 3 * TVectors.Count), a3);
            }
            var shift = TVectors.Broadcast(bias == null ? 0 : bias[r]);
            TVectors.Store(TVectors.Add(TVectors.Add(a0, b0), shift), output);
            TVectors.Store(TVectors.Add(TVectors.Add(a1, b1), shift), output + TVectors.Count);
            TVectors.Store(TVectors.Add(TVectors.Add(a2, b2), shift), output + 2 * TVectors.Count);
            TVectors.Store(TVectors.Add(TVectors.Add(a3, b3), shift), output + 3 * TVectors.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Two<TVectors, TVector, TIndex>(int* starts, float* values, TIndex* indices, float* tile, nint scale, float* bias, float* output, int first, int end)
        where TVectors : struct, IVectors<TVector>
        where TIndex : unmanaged
    {
        for (var r = first; r < end; r++, output += 2 * TVectors.Count)
        {
            var a0 = TVectors.Broadcast(0);
            var (a1, b0, b1) = (a0, a0, a0);
            var (n, last) = ((nint)starts[r], (nint)starts[r + 1]);
            for (; n <= last - 2; n += 2)
            {
                var (even, odd) = (TVectors.Broadcast(values[n]), TVectors.Broadcast(values[n + 1]));
                var p = tile + ColumnIndex.Of(indices + n) * scale;
                var q = tile + ColumnIndex.Of(indices + n + 1) * scale;
                a0 = TVectors.MultiplyAdd(even, TVectors.Load(p), a0);
                a1 = TVectors.MultiplyAdd(even, TVectors.Load(p + TVectors.Count), a1);
                b0 = TVectors.MultiplyAdd(odd, TVectors.Load(q), b0);
                b1 = TVectors.MultiplyAdd(odd, TVectors.Load(q + TVectors.Count), b1);
            }
            if (n < last)
            {
                var even = TVectors.Broadcast(values[n]);
                var p = tile + ColumnIndex.Of(indices + n) * scale;
                a0 = TVectors.MultiplyAdd(even, TVectors.Load(p), a0);
                a1 = TVectors.MultiplyAdd(even, TVectors.Load(p + TVectors.Count), a1);
            }
            var shift = TVectors.Broadcast(bias == null ? 0 : bias[r]);
            TVectors.Store(TVectors.Add(TVectors.Add(a0, b0), shift), output);
            TVectors.Store(TVectors.Add(TVectors.Add(a1, b1), shift), output + TVectors.Count);
        }
    }
}
