using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Tiles of C, [rows x one, two or three vectors], whose sums stay in registers while k runs.</summary>
static unsafe class DenseTile<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    /// <summary>Eight rows by one, two or three vectors of columns. Missing rows repeat the last one and are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightRows<TCursor, TColumns>(in ProductArguments p, int row, int rows, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        // Half of the usual width if rows are skipped: see DenseProduct.BlockWidth. No call may stand between here and the loop: it would
        // force all sums into memory.
        int panel = column / (TCursor.Skips && !TColumns.Two && TVectors.Count == 16 ? TVectors.Count : 2 * TVectors.Count);
        float* a0 = p.A + (row * p.RowStride);
        float* a1 = rows > 1 ? a0 + p.RowStride : a0;
        float* a2 = rows > 2 ? a1 + p.RowStride : a1;
        float* a3 = rows > 3 ? a2 + p.RowStride : a2;
        float* a4 = rows > 4 ? a3 + p.RowStride : a3;
        float* a5 = rows > 5 ? a4 + p.RowStride : a4;
        float* a6 = rows > 6 ? a5 + p.RowStride : a5;
        float* a7 = rows > 7 ? a6 + p.RowStride : a6;
        var first = p.ColumnBias == null ? TVectors.Zero : TVectors.Load(p.ColumnBias + column);
        var second = p.ColumnBias == null || !TColumns.Two ? TVectors.Zero : TVectors.Load(p.ColumnBias + column + TVectors.Count);
        var third = p.ColumnBias == null || !TColumns.Three ? TVectors.Zero : TVectors.Load(p.ColumnBias + column + (2 * TVectors.Count));
        TVector s0 = first, t0 = second, u0 = third;
        TVector s1 = first, t1 = second, u1 = third;
        TVector s2 = first, t2 = second, u2 = third;
        TVector s3 = first, t3 = second, u3 = third;
        TVector s4 = first, t4 = second, u4 = third;
        TVector s5 = first, t5 = second, u5 = third;
        TVector s6 = first, t6 = second, u6 = third;
        TVector s7 = first, t7 = second, u7 = third;
        var b = TCursor.Of(p, panel, TColumns.Three ? p.TripleStride : p.BStride);
        nint at = 0, step = p.DepthStride;
        for (int k = TCursor.Count(p, panel); k > 0; k--, at += step)
        {
            if (TCursor.Skips)
                at = b.Depth * step;
            float* from = b.Next();
            Prefetch(from);
            var b0 = TVectors.Load(from);
            var b1 = TColumns.Two ? TVectors.Load(from + TVectors.Count) : TVectors.Zero;
            var b2 = TColumns.Three ? TVectors.Load(from + (2 * TVectors.Count)) : TVectors.Zero;
            var x = TVectors.Create(a0[at]);
            s0 = TVectors.MultiplyAdd(x, b0, s0);
            if (TColumns.Two)
                t0 = TVectors.MultiplyAdd(x, b1, t0);
            if (TColumns.Three)
                u0 = TVectors.MultiplyAdd(x, b2, u0);
            x = TVectors.Create(a1[at]);
            s1 = TVectors.MultiplyAdd(x, b0, s1);
            if (TColumns.Two)
                t1 = TVectors.MultiplyAdd(x, b1, t1);
            if (TColumns.Three)
                u1 = TVectors.MultiplyAdd(x, b2, u1);
            x = TVectors.Create(a2[at]);
            s2 = TVectors.MultiplyAdd(x, b0, s2);
            if (TColumns.Two)
                t2 = TVectors.MultiplyAdd(x, b1, t2);
            if (TColumns.Three)
                u2 = TVectors.MultiplyAdd(x, b2, u2);
            x = TVectors.Create(a3[at]);
            s3 = TVectors.MultiplyAdd(x, b0, s3);
            if (TColumns.Two)
                t3 = TVectors.MultiplyAdd(x, b1, t3);
            if (TColumns.Three)
                u3 = TVectors.MultiplyAdd(x, b2, u3);
            x = TVectors.Create(a4[at]);
            s4 = TVectors.MultiplyAdd(x, b0, s4);
            if (TColumns.Two)
                t4 = TVectors.MultiplyAdd(x, b1, t4);
            if (TColumns.Three)
                u4 = TVectors.MultiplyAdd(x, b2, u4);
            x = TVectors.Create(a5[at]);
            s5 = TVectors.MultiplyAdd(x, b0, s5);
            if (TColumns.Two)
                t5 = TVectors.MultiplyAdd(x, b1, t5);
            if (TColumns.Three)
                u5 = TVectors.MultiplyAdd(x, b2, u5);
            x = TVectors.Create(a6[at]);
            s6 = TVectors.MultiplyAdd(x, b0, s6);
            if (TColumns.Two)
                t6 = TVectors.MultiplyAdd(x, b1, t6);
            if (TColumns.Three)
                u6 = TVectors.MultiplyAdd(x, b2, u6);
            x = TVectors.Create(a7[at]);
            s7 = TVectors.MultiplyAdd(x, b0, s7);
            if (TColumns.Two)
                t7 = TVectors.MultiplyAdd(x, b1, t7);
            if (TColumns.Three)
                u7 = TVectors.MultiplyAdd(x, b2, u7);
        }
        Store<TColumns>(p, s0, t0, u0, row, column);
        if (rows > 1)
            Store<TColumns>(p, s1, t1, u1, row + 1, column);
        if (rows > 2)
            Store<TColumns>(p, s2, t2, u2, row + 2, column);
        if (rows > 3)
            Store<TColumns>(p, s3, t3, u3, row + 3, column);
        if (rows > 4)
            Store<TColumns>(p, s4, t4, u4, row + 4, column);
        if (rows > 5)
            Store<TColumns>(p, s5, t5, u5, row + 5, column);
        if (rows > 6)
            Store<TColumns>(p, s6, t6, u6, row + 6, column);
        if (rows > 7)
            Store<TColumns>(p, s7, t7, u7, row + 7, column);
    }

    /// <summary>Four rows by one, two or three vectors of columns. Missing rows repeat the last one and are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows<TCursor, TColumns>(in ProductArguments p, int row, int rows, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        // Half of the usual width if rows are skipped: see DenseProduct.BlockWidth. No call may stand between here and the loop: it would
        // force all sums into memory.
        int panel = column / (TCursor.Skips && !TColumns.Two && TVectors.Count == 16 ? TVectors.Count : 2 * TVectors.Count);
        float* a0 = p.A + (row * p.RowStride);
        float* a1 = rows > 1 ? a0 + p.RowStride : a0;
        float* a2 = rows > 2 ? a1 + p.RowStride : a1;
        float* a3 = rows > 3 ? a2 + p.RowStride : a2;
        var first = p.ColumnBias == null ? TVectors.Zero : TVectors.Load(p.ColumnBias + column);
        var second = p.ColumnBias == null || !TColumns.Two ? TVectors.Zero : TVectors.Load(p.ColumnBias + column + TVectors.Count);
        var third = p.ColumnBias == null || !TColumns.Three ? TVectors.Zero : TVectors.Load(p.ColumnBias + column + (2 * TVectors.Count));
        TVector s0 = first, t0 = second, u0 = third;
        TVector s1 = first, t1 = second, u1 = third;
        TVector s2 = first, t2 = second, u2 = third;
        TVector s3 = first, t3 = second, u3 = third;
        var b = TCursor.Of(p, panel, TColumns.Three ? p.TripleStride : p.BStride);
        nint at = 0, step = p.DepthStride;
        for (int k = TCursor.Count(p, panel); k > 0; k--, at += step)
        {
            if (TCursor.Skips)
                at = b.Depth * step;
            float* from = b.Next();
            Prefetch(from);
            var b0 = TVectors.Load(from);
            var b1 = TColumns.Two ? TVectors.Load(from + TVectors.Count) : TVectors.Zero;
            var b2 = TColumns.Three ? TVectors.Load(from + (2 * TVectors.Count)) : TVectors.Zero;
            var x = TVectors.Create(a0[at]);
            s0 = TVectors.MultiplyAdd(x, b0, s0);
            if (TColumns.Two)
                t0 = TVectors.MultiplyAdd(x, b1, t0);
            if (TColumns.Three)
                u0 = TVectors.MultiplyAdd(x, b2, u0);
            x = TVectors.Create(a1[at]);
            s1 = TVectors.MultiplyAdd(x, b0, s1);
            if (TColumns.Two)
                t1 = TVectors.MultiplyAdd(x, b1, t1);
            if (TColumns.Three)
                u1 = TVectors.MultiplyAdd(x, b2, u1);
            x = TVectors.Create(a2[at]);
            s2 = TVectors.MultiplyAdd(x, b0, s2);
            if (TColumns.Two)
                t2 = TVectors.MultiplyAdd(x, b1, t2);
            if (TColumns.Three)
                u2 = TVectors.MultiplyAdd(x, b2, u2);
            x = TVectors.Create(a3[at]);
            s3 = TVectors.MultiplyAdd(x, b0, s3);
            if (TColumns.Two)
                t3 = TVectors.MultiplyAdd(x, b1, t3);
            if (TColumns.Three)
                u3 = TVectors.MultiplyAdd(x, b2, u3);
        }
        Store<TColumns>(p, s0, t0, u0, row, column);
        if (rows > 1)
            Store<TColumns>(p, s1, t1, u1, row + 1, column);
        if (rows > 2)
            Store<TColumns>(p, s2, t2, u2, row + 2, column);
        if (rows > 3)
            Store<TColumns>(p, s3, t3, u3, row + 3, column);
    }

    /// <summary>Adds the biases and the residual to one row of a tile, and stores it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TColumns>(in ProductArguments p, TVector first, TVector second, TVector third, int row, int column)
        where TColumns : struct, IColumns
    {
        nint place = (row * p.CStride) + column;
        if (p.RowBias != null)
        {
            var bias = TVectors.Create(p.RowBias[row]);
            first = TVectors.Add(first, bias);
            second = TVectors.Add(second, bias);
            third = TVectors.Add(third, bias);
        }
        if (p.Residual != null)
        {
            first = TVectors.Add(first, TVectors.Load(p.Residual + place));
            if (TColumns.Two)
                second = TVectors.Add(second, TVectors.Load(p.Residual + place + TVectors.Count));
            if (TColumns.Three)
                third = TVectors.Add(third, TVectors.Load(p.Residual + place + (2 * TVectors.Count)));
        }
        TVectors.Store(first, p.C + place);
        if (TColumns.Two)
            TVectors.Store(second, p.C + place + TVectors.Count);
        if (TColumns.Three)
            TVectors.Store(third, p.C + place + (2 * TVectors.Count));
    }

    /// <summary>Prefetches weights of small batches from the second-level cache, faster than the processor does by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* from)
    {
        const int Ahead = 16;
        if (Sse.IsSupported && TVectors.Count == 16)
        {
            Sse.Prefetch0(from + (Ahead * 2 * TVectors.Count));
            Sse.Prefetch0(from + (Ahead * 2 * TVectors.Count) + TVectors.Count);
        }
    }
}

/// <summary>The number of vectors of columns in a tile: one, two, or three at the end.</summary>
interface IColumns
{
    static abstract bool Two { get; }

    static abstract bool Three { get; }
}

readonly struct OneVector : IColumns
{
    public static bool Two => false;

    public static bool Three => false;
}

readonly struct TwoVectors : IColumns
{
    public static bool Two => true;

    public static bool Three => false;
}

readonly struct ThreeVectors : IColumns
{
    public static bool Two => true;

    public static bool Three => true;
}
