using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

static unsafe class DenseRow<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    static int PanelWidth => DenseProduct<TVectors, TVector>.PanelWidth;

    /// <summary>
    /// One row by four panels, since the additions of a single sum would wait for each other. Missing panels repeat the last one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels<TCursor>(in ProductArguments p, int column, int panels)
        where TCursor : struct, IRowCursor<TCursor>
    {
        // The distance between panels, in numbers; and between their columns.
        nint one = panels > 1 ? p.PanelStride : 0, two = panels > 2 ? 2 * p.PanelStride : one, three = panels > 3 ? 3 * p.PanelStride
            : two;
        var b = TCursor.Of(p, column / PanelWidth, p.BStride);
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
        Store(p, s0, t0, column);
        if (panels > 1)
            Store(p, s1, t1, column + PanelWidth);
        if (panels > 2)
            Store(p, s2, t2, column + (2 * PanelWidth));
        if (panels > 3)
            Store(p, s3, t3, column + (3 * PanelWidth));
    }

    /// <summary>One row by the last panel if that has three vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Three<TCursor>(in ProductArguments p, int column)
        where TCursor : struct, IRowCursor<TCursor>
    {
        var b = TCursor.Of(p, column / PanelWidth, p.TripleStride);
        TVector s = TVectors.Zero, t = s, u = s;
        if (p.ColumnBias != null)
        {
            float* bias = p.ColumnBias + column;
            (s, t, u) = (TVectors.Load(bias), TVectors.Load(bias + TVectors.Count), TVectors.Load(bias + (2 * TVectors.Count)));
        }
        float* a = p.A;
        for (int k = p.Depth; k > 0; k--, a += p.DepthStride)
        {
            float* from = b.Next();
            var x = TVectors.Create(*a);
            s = TVectors.MultiplyAdd(x, TVectors.Load(from), s);
            t = TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t);
            u = TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u);
        }
        DenseTile<TVectors, TVector>.Store<ThreeVectors>(p, s, t, u, 0, column);
    }

    /// <summary>
    /// One row by a panel. The sums are split into parts of a block of k each, and four parts are computed at a time; the parts are added
    /// in order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Parts<TCursor, TColumns>(in ProductArguments p, int column, int block)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        int panel = column / PanelWidth;
        nint stride = TColumns.Three ? p.TripleStride : p.BStride;
        var sum = p;
        for (int k = 0; k < p.Depth; k += 4 * block)
        {
            // Missing parts repeat the first one and are not added. The last part may be shorter than the others.
            int count = Math.Min(4, (p.Depth - k + block - 1) / block), shortest = Math.Min(block, p.Depth - k - ((count - 1) * block));
            int k1 = count > 1 ? k + block : k, k2 = count > 2 ? k1 + block : k, k3 = count > 3 ? k2 + block : k;
            float* a0 = p.A + (k * p.DepthStride), a1 = p.A + (k1 * p.DepthStride), a2 = p.A + (k2 * p.DepthStride),
                a3 = p.A + (k3 * p.DepthStride);
            sum.Done = k;
            var b0 = TCursor.Of(sum, panel, stride);
            sum.Done = k1;
            var b1 = TCursor.Of(sum, panel, stride);
            sum.Done = k2;
            var b2 = TCursor.Of(sum, panel, stride);
            sum.Done = k3;
            var b3 = TCursor.Of(sum, panel, stride);
            float* bias = k > 0 ? null : p.ColumnBias;
            var s0 = bias == null ? TVectors.Zero : TVectors.Load(bias + column);
            var t0 = bias == null || !TColumns.Two ? TVectors.Zero : TVectors.Load(bias + column + TVectors.Count);
            var u0 = bias == null || !TColumns.Three ? TVectors.Zero : TVectors.Load(bias + column + (2 * TVectors.Count));
            TVector s1, s2, s3, t1, t2, t3, u1, u2, u3;
            s1 = s2 = s3 = t1 = t2 = t3 = u1 = u2 = u3 = TVectors.Zero;
            for (int i = shortest; i > 0; i--, a0 += p.DepthStride, a1 += p.DepthStride, a2 += p.DepthStride, a3 += p.DepthStride)
            {
                float* from = b0.Next();
                var x = TVectors.Create(*a0);
                s0 = TVectors.MultiplyAdd(x, TVectors.Load(from), s0);
                t0 = TColumns.Two ? TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t0) : t0;
                u0 = TColumns.Three ? TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u0) : u0;
                from = b1.Next();
                x = TVectors.Create(*a1);
                s1 = TVectors.MultiplyAdd(x, TVectors.Load(from), s1);
                t1 = TColumns.Two ? TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t1) : t1;
                u1 = TColumns.Three ? TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u1) : u1;
                from = b2.Next();
                x = TVectors.Create(*a2);
                s2 = TVectors.MultiplyAdd(x, TVectors.Load(from), s2);
                t2 = TColumns.Two ? TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t2) : t2;
                u2 = TColumns.Three ? TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u2) : u2;
                from = b3.Next();
                x = TVectors.Create(*a3);
                s3 = TVectors.MultiplyAdd(x, TVectors.Load(from), s3);
                t3 = TColumns.Two ? TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t3) : t3;
                u3 = TColumns.Three ? TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u3) : u3;
            }
            int rest = count > 1 ? block - shortest : 0;
            sum.ColumnBias = sum.RowBias = null;
            if (k == 0)
                sum.RowBias = p.RowBias;
            sum.Residual = k == 0 ? p.Residual : p.C;
            End<TCursor, TColumns>(sum, b0, a0, rest, s0, t0, u0, column);
            sum.RowBias = null;
            sum.Residual = p.C;
            if (count > 1)
                End<TCursor, TColumns>(sum, b1, a1, count > 2 ? rest : 0, s1, t1, u1, column);
            if (count > 2)
                End<TCursor, TColumns>(sum, b2, a2, count > 3 ? rest : 0, s2, t2, u2, column);
            if (count > 3)
                End<TCursor, TColumns>(sum, b3, a3, 0, s3, t3, u3, column);
        }
    }

    /// <summary>The terms by which a part is longer than the shortest, and the addition of the part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void End<TCursor, TColumns>(
        in ProductArguments p, TCursor b, float* a, int rest, TVector s, TVector t, TVector u, int column)
        where TCursor : struct, IRowCursor<TCursor>
        where TColumns : struct, IColumns
    {
        for (; rest > 0; rest--, a += p.DepthStride)
        {
            float* from = b.Next();
            var x = TVectors.Create(*a);
            s = TVectors.MultiplyAdd(x, TVectors.Load(from), s);
            t = TColumns.Two ? TVectors.MultiplyAdd(x, TVectors.Load(from + TVectors.Count), t) : t;
            u = TColumns.Three ? TVectors.MultiplyAdd(x, TVectors.Load(from + (2 * TVectors.Count)), u) : u;
        }
        DenseTile<TVectors, TVector>.Store<TColumns>(p, s, t, u, 0, column);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(in ProductArguments p, TVector first, TVector second, int column)
    {
        if (column + TVectors.Count < p.Columns)
            DenseTile<TVectors, TVector>.Store<TwoVectors>(p, first, second, second, 0, column);
        else if (column < p.Columns)
            DenseTile<TVectors, TVector>.Store<OneVector>(p, first, second, second, 0, column);
    }
}
