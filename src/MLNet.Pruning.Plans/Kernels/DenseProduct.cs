namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The dense product, panel by panel and tile by tile. Every sum runs over k from first to last in one chain, and in blocks where there
/// are many, whatever the tile: a row gets the same bits alone or among others. Most of the time of dense networks is spent in the loops
/// over k of <see cref="DenseTile{TVectors,TVector}"/>.
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
                DenseRow<TVectors, TVector>.Multiply<TCursor>(p, column);
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
                DenseTile<TVectors, TVector>.EightRows<TCursor, TColumns>(p, row, rows, column);
            else
                DenseTile<TVectors, TVector>.FourRows<TCursor, TColumns>(p, row, rows, column);
            row += rows;
        }
    }
}
