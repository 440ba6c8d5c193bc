using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The dense product, in tiles that stay in registers. Every sum runs over k from first to last in one chain, and in blocks where there
/// are many, whatever the tile: a row gets the same bits alone or among others. Most of the time of dense networks is spent in the loops
/// over k.
/// </summary>
static unsafe class DenseProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    // A panel of so many k, 32 KiB, stays in the first-level cache while all rows pass by. Sums that are not much longer stay whole.
    const int DepthBlock = 256, WholeDepth = 384;

    /// <summary>Columns of a panel.</summary>
    public static int PanelWidth => 2 * TVectors.Count;

    // 8 x 2 sums fill half of the 32 registers of AVX-512; elsewhere there are 16.
    static int TileRows => TVectors.Count == 16 ? 8 : 4;

    public static void Multiply(in ProductArguments p)
    {
        if (p.Depth <= WholeDepth)
        {
            Part(p);
            return;
        }
        var part = p;
        for (int k = 0; k < p.Depth; k += DepthBlock)
        {
            part.Depth = Math.Min(DepthBlock, p.Depth - k);
            Part(part);
            part.A += DepthBlock * p.DepthStride;
            part.B += p.Offsets == null ? DepthBlock * p.BStride : 0;
            part.Offsets += p.Offsets == null ? 0 : DepthBlock;
            // The rest of a sum is added to what is there already.
            part.ColumnBias = part.RowBias = null;
            part.Residual = p.C;
        }
    }

    static void Part(in ProductArguments p)
    {
        if (p.Offsets == null)
            Multiply<StridedRows>(p);
        else
            Multiply<ScatteredRows>(p);
    }

    static void Multiply<TCursor>(in ProductArguments p)
        where TCursor : struct, IRowCursor<TCursor>
    {
        if (p.Rows == 1)
        {
            for (int column = 0; column < p.Columns; column += 4 * PanelWidth)
                Row<TCursor>(p, column);
            return;
        }
        for (int column = 0; column < p.Columns; column += PanelWidth)
        {
            if (p.Columns - column > TVectors.Count)
                Panel<TCursor, TwoVectors>(p, column);
            else
                Panel<TCursor, OneVector>(p, column);
        }
    }

    static void Panel<TCursor, TColumns>(in ProductArguments p, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        for (int row = 0; row < p.Rows;)
        {
            int rows = Math.Min(p.Rows - row, TileRows);
            if (rows > 4)
                Tile8<TCursor, TColumns>(p, row, rows, column);
            else
                Tile4<TCursor, TColumns>(p, row, rows, column);
            row += rows;
        }
    }

    /// <summary>
    /// One row by four panels, since a sum alone would wait for itself. Panels that are not there are computed as the last one again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Row<TCursor>(in ProductArguments p, int column)
        where TCursor : struct, IRowCursor<TCursor>
    {
        int panels = Math.Min(4, (p.Columns - column + PanelWidth - 1) / PanelWidth);
        // What lies between the panels, in numbers; and between their columns.
        nint one = panels > 1 ? p.PanelStride : 0, two = panels > 2 ? 2 * p.PanelStride : one, three = panels > 3 ? 3 * p.PanelStride
            : two;
        var b = TCursor.Of(p, column / PanelWidth * p.PanelStride);
        TVector s0, s1, s2, s3, t0, t1, t2, t3;
        s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = TVectors.Zero;
        if (p.ColumnBias != null)
        {
            float* bias = p.ColumnBias + column;
            (s0, t0) = (TVectors.Load(bias), TVectors.Load(bias + TVectors.Count));
            bias += panels > 1 ? PanelWidth : 0;
            (s1, t1) = (TVectors.Load(bias), TVectors.Load(bias + TVectors.Count));
            bias += panels > 2 ? PanelWidth : 0;
            (s2, t2) = (TVectors.Load(bias), TVectors.Load(bias + TVectors.Count));
            bias += panels > 3 ? PanelWidth : 0;
            (s3, t3) = (TVectors.Load(bias), TVectors.Load(bias + TVectors.Count));
        }
        float* a = p.A;
        for (int k = p.Depth; k > 0; k--, a += p.DepthStride)
        {
            float* from = b.Next();
            var x = TVectors.Create(*a);
            s0 = TVectors.MultiplyAdd(x, TVectors.Load(from), s0);
            t0 = TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t0);
            s1 = TVectors.MultiplyAdd(x, TVectors.Load(from + one), s1);
            t1 = TVectors.MultiplyAdd(x, TVectors.Load(from + one + TVectors.Count), t1);
            s2 = TVectors.MultiplyAdd(x, TVectors.Load(from + two), s2);
            t2 = TVectors.MultiplyAdd(x, TVectors.Load(from + two + TVectors.Count), t2);
            s3 = TVectors.MultiplyAdd(x, TVectors.Load(from + three), s3);
            t3 = TVectors.MultiplyAdd(x, TVectors.Load(from + three + TVectors.Count), t3);
        }
        StoreRow(p, s0, t0, column);
        StoreRow(p, s1, t1, column + PanelWidth);
        StoreRow(p, s2, t2, column + (2 * PanelWidth));
        StoreRow(p, s3, t3, column + (3 * PanelWidth));
    }

    /// <summary>Weights of small batches come from the second-level cache faster than the processor asks for them by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(float* from)
    {
        const int Ahead = 16;
        if (Sse.IsSupported && TVectors.Count == 16)
        {
            Sse.Prefetch0(from + (Ahead * PanelWidth));
            Sse.Prefetch0(from + (Ahead * PanelWidth) + TVectors.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreRow(in ProductArguments p, TVector first, TVector second, int column)
    {
        if (column + TVectors.Count < p.Columns)
            Store<TwoVectors>(p, first, second, 0, column);
        else if (column < p.Columns)
            Store<OneVector>(p, first, second, 0, column);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store<TColumns>(in ProductArguments p, TVector first, TVector second, int row, int column)
        where TColumns : struct, IColumns
    {
        nint place = (row * p.CStride) + column;
        if (p.RowBias != null)
        {
            var bias = TVectors.Create(p.RowBias[row]);
            first = TVectors.Add(first, bias);
            second = TVectors.Add(second, bias);
        }
        if (p.Residual != null)
        {
            first = TVectors.Add(first, TVectors.Load(p.Residual + place));
            if (TColumns.Two)
                second = TVectors.Add(second, TVectors.Load(p.Residual + place + TVectors.Count));
        }
        TVectors.Store(first, p.C + place);
        if (TColumns.Two)
            TVectors.Store(second, p.C + place + TVectors.Count);
    }

    /// <summary>
    /// Eight rows by one or two vectors of columns. Rows that are not there are computed as the last one again, and not stored.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile8<TCursor, TColumns>(in ProductArguments p, int row, int rows, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
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
        TVector s0 = first, t0 = second;
        TVector s1 = first, t1 = second;
        TVector s2 = first, t2 = second;
        TVector s3 = first, t3 = second;
        TVector s4 = first, t4 = second;
        TVector s5 = first, t5 = second;
        TVector s6 = first, t6 = second;
        TVector s7 = first, t7 = second;
        var b = TCursor.Of(p, column / PanelWidth * p.PanelStride);
        nint at = 0, step = p.DepthStride;
        for (int k = p.Depth; k > 0; k--, at += step)
        {
            float* from = b.Next();
            Prefetch(from);
            var u = TVectors.Load(from);
            var v = TColumns.Two ? TVectors.Load(from + TVectors.Count) : TVectors.Zero;
            var x = TVectors.Create(a0[at]);
            s0 = TVectors.MultiplyAdd(x, u, s0);
            if (TColumns.Two)
                t0 = TVectors.MultiplyAdd(x, v, t0);
            x = TVectors.Create(a1[at]);
            s1 = TVectors.MultiplyAdd(x, u, s1);
            if (TColumns.Two)
                t1 = TVectors.MultiplyAdd(x, v, t1);
            x = TVectors.Create(a2[at]);
            s2 = TVectors.MultiplyAdd(x, u, s2);
            if (TColumns.Two)
                t2 = TVectors.MultiplyAdd(x, v, t2);
            x = TVectors.Create(a3[at]);
            s3 = TVectors.MultiplyAdd(x, u, s3);
            if (TColumns.Two)
                t3 = TVectors.MultiplyAdd(x, v, t3);
            x = TVectors.Create(a4[at]);
            s4 = TVectors.MultiplyAdd(x, u, s4);
            if (TColumns.Two)
                t4 = TVectors.MultiplyAdd(x, v, t4);
            x = TVectors.Create(a5[at]);
            s5 = TVectors.MultiplyAdd(x, u, s5);
            if (TColumns.Two)
                t5 = TVectors.MultiplyAdd(x, v, t5);
            x = TVectors.Create(a6[at]);
            s6 = TVectors.MultiplyAdd(x, u, s6);
            if (TColumns.Two)
                t6 = TVectors.MultiplyAdd(x, v, t6);
            x = TVectors.Create(a7[at]);
            s7 = TVectors.MultiplyAdd(x, u, s7);
            if (TColumns.Two)
                t7 = TVectors.MultiplyAdd(x, v, t7);
        }
        Store<TColumns>(p, s0, t0, row, column);
        if (rows > 1)
            Store<TColumns>(p, s1, t1, row + 1, column);
        if (rows > 2)
            Store<TColumns>(p, s2, t2, row + 2, column);
        if (rows > 3)
            Store<TColumns>(p, s3, t3, row + 3, column);
        if (rows > 4)
            Store<TColumns>(p, s4, t4, row + 4, column);
        if (rows > 5)
            Store<TColumns>(p, s5, t5, row + 5, column);
        if (rows > 6)
            Store<TColumns>(p, s6, t6, row + 6, column);
        if (rows > 7)
            Store<TColumns>(p, s7, t7, row + 7, column);
    }

    /// <summary>
    /// Four rows by one or two vectors of columns. Rows that are not there are computed as the last one again, and not stored.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile4<TCursor, TColumns>(in ProductArguments p, int row, int rows, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        float* a0 = p.A + (row * p.RowStride);
        float* a1 = rows > 1 ? a0 + p.RowStride : a0;
        float* a2 = rows > 2 ? a1 + p.RowStride : a1;
        float* a3 = rows > 3 ? a2 + p.RowStride : a2;
        var first = p.ColumnBias == null ? TVectors.Zero : TVectors.Load(p.ColumnBias + column);
        var second = p.ColumnBias == null || !TColumns.Two ? TVectors.Zero : TVectors.Load(p.ColumnBias + column + TVectors.Count);
        TVector s0 = first, t0 = second;
        TVector s1 = first, t1 = second;
        TVector s2 = first, t2 = second;
        TVector s3 = first, t3 = second;
        var b = TCursor.Of(p, column / PanelWidth * p.PanelStride);
        nint at = 0, step = p.DepthStride;
        for (int k = p.Depth; k > 0; k--, at += step)
        {
            float* from = b.Next();
            Prefetch(from);
            var u = TVectors.Load(from);
            var v = TColumns.Two ? TVectors.Load(from + TVectors.Count) : TVectors.Zero;
            var x = TVectors.Create(a0[at]);
            s0 = TVectors.MultiplyAdd(x, u, s0);
            if (TColumns.Two)
                t0 = TVectors.MultiplyAdd(x, v, t0);
            x = TVectors.Create(a1[at]);
            s1 = TVectors.MultiplyAdd(x, u, s1);
            if (TColumns.Two)
                t1 = TVectors.MultiplyAdd(x, v, t1);
            x = TVectors.Create(a2[at]);
            s2 = TVectors.MultiplyAdd(x, u, s2);
            if (TColumns.Two)
                t2 = TVectors.MultiplyAdd(x, v, t2);
            x = TVectors.Create(a3[at]);
            s3 = TVectors.MultiplyAdd(x, u, s3);
            if (TColumns.Two)
                t3 = TVectors.MultiplyAdd(x, v, t3);
        }
        Store<TColumns>(p, s0, t0, row, column);
        if (rows > 1)
            Store<TColumns>(p, s1, t1, row + 1, column);
        if (rows > 2)
            Store<TColumns>(p, s2, t2, row + 2, column);
        if (rows > 3)
            Store<TColumns>(p, s3, t3, row + 3, column);
    }

    interface IColumns
    {
        static abstract bool Two { get; }
    }

    readonly struct OneVector : IColumns
    {
        public static bool Two => false;
    }

    readonly struct TwoVectors : IColumns
    {
        public static bool Two => true;
    }
}

/// <summary>Gives the rows of B one after the other.</summary>
unsafe interface IRowCursor<TSelf>
{
    /// <summary>Begins so many numbers behind the first panel.</summary>
    static abstract TSelf Of(in ProductArguments p, nint behind);

    float* Next();
}

/// <summary>Rows at equal distances.</summary>
unsafe struct StridedRows(float* first, nint stride) : IRowCursor<StridedRows>
{
    float* at = first;

    public static StridedRows Of(in ProductArguments p, nint behind) => new(p.B + behind, p.BStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next()
    {
        float* now = at;
        at += stride;
        return now;
    }
}

/// <summary>Rows that lie as a list says.</summary>
unsafe struct ScatteredRows(float* origin, int* offsets) : IRowCursor<ScatteredRows>
{
    int* next = offsets;

    public static ScatteredRows Of(in ProductArguments p, nint behind) => new(p.B + behind, p.Offsets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Next() => origin + *next++;
}
