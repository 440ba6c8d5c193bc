using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>The dense product of one row.</summary>
static unsafe class DenseRow<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    static int PanelWidth => DenseProduct<TVectors, TVector>.PanelWidth;

    /// <summary>
    /// One row by four panels, since a sum alone would wait for itself. Panels that are not there are computed as the last one again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels<TCursor>(in ProductArguments p, int column, int panels)
        where TCursor : struct, IRowCursor<TCursor>
    {
        // What lies between the panels, in numbers; and between their columns.
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

    /// <summary>One row by the last panel where that has three vectors.</summary>
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(in ProductArguments p, TVector first, TVector second, int column)
    {
        if (column + TVectors.Count < p.Columns)
            DenseTile<TVectors, TVector>.Store<TwoVectors>(p, first, second, second, 0, column);
        else if (column < p.Columns)
            DenseTile<TVectors, TVector>.Store<OneVector>(p, first, second, second, 0, column);
    }
}
