using System.Runtime.CompilerServices;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The dense product, panel by panel and tile by tile. Every sum runs over k from first to last in one chain, in blocks if there are many
/// terms, independent of the tile: a row gets the same bits alone or among others. Dense networks spend most of their time in the loops
/// over k of <see cref="DenseTile{TVectors,TVector}"/>.
/// </summary>
static unsafe class DenseProduct<TVectors, TVector>
    where TVectors : struct, IVectors<TVector>
{
    // Three vectors of this many k, 38 KiB, stay in the first-level cache while all rows are processed. Sums that are not much longer are
    // not split.
    const int DepthBlock = 200, WholeDepth = 384;

    // A distance between rows, in bytes, that makes them compete in the cache, and the rows of A from which copying them is worth it.
    const int Aliased = 1024, GatheredRows = 32;

    /// <summary>Columns of a panel.</summary>
    public static int PanelWidth => 2 * TVectors.Count;

    // 8 x 3 sums, three vectors of B and one of A fill most of the 32 registers of AVX-512; 4 x 3 fill the 16 registers that other
    // machines have.
    static int TileRows => TVectors.Count == 16 ? 8 : 4;

    /// <summary>Columns of a panel without its rows of zeros: 16 if that is a vector or two.</summary>
    public static int BlockWidth => TVectors.Count == 16 ? 16 : PanelWidth;

    public static void Multiply(in ProductArguments p)
    {
        if (p.PanelDepths != null)
        {
            for (int column = 0; column < p.Columns; column += BlockWidth)
            {
                if (TVectors.Count < 16 && p.Columns - column > TVectors.Count)
                    Panel<SkippingRows, TwoVectors>(p, column);
                else
                    Panel<SkippingRows, OneVector>(p, column);
            }
            return;
        }
        if (p.Depth <= WholeDepth)
        {
            Part(p);
            return;
        }
        int blocks = (p.Depth + DepthBlock - 1) / DepthBlock, block = (p.Depth + blocks - 1) / blocks;
        var part = p;
        if (p.Rows == 1)
        {
            // Columns that do not fill four panels: parts of their sums are computed side by side instead.
            part.Columns = p.Columns / (4 * PanelWidth) * 4 * PanelWidth;
            // A single vector behind them belongs to a panel of three.
            if (part.Columns > 0 && p.Columns > part.Columns && p.Columns <= part.Columns + TVectors.Count)
                part.Columns -= PanelWidth;
            Parts(p, part.Columns, block);
        }
        for (int k = 0; k < p.Depth; k += block)
        {
            part.Depth = Math.Min(block, p.Depth - k);
            Part(part);
            part.A += block * p.DepthStride;
            part.Done += block;
            // The rest of a sum is added to the present value.
            part.ColumnBias = part.RowBias = null;
            part.Residual = p.C;
        }
    }

    static void Parts(in ProductArguments p, int column, int block)
    {
        if (p.Offsets == null)
            Parts<StridedRows>(p, column, block);
        else
            Parts<ScatteredRows>(p, column, block);
    }

    static void Parts<TCursor>(in ProductArguments p, int column, int block)
        where TCursor : struct, IRowCursor<TCursor>
    {
        int vectors;
        for (; column < p.Columns; column += vectors * TVectors.Count)
        {
            int left = (p.Columns - column + TVectors.Count - 1) / TVectors.Count;
            vectors = left == 3 ? 3 : Math.Min(2, left);
            if (vectors == 3)
                DenseRow<TVectors, TVector>.Parts<TCursor, ThreeVectors>(p, column, block);
            else if (vectors == 2)
                DenseRow<TVectors, TVector>.Parts<TCursor, TwoVectors>(p, column, block);
            else
                DenseRow<TVectors, TVector>.Parts<TCursor, OneVector>(p, column, block);
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
        if (p.Offsets == null && p.Rows >= GatheredRows && p.BStride * sizeof(float) % Aliased == 0 && p.Depth > 8)
        {
            Gathered(p);
            return;
        }
        int vectors;
        for (int column = 0; column < p.Columns; column += vectors * TVectors.Count)
        {
            // A single vector would read all of A again for half as many sums, so the last one is computed with the two before it.
            int left = (p.Columns - column + TVectors.Count - 1) / TVectors.Count;
            vectors = left == 3 ? 3 : Math.Min(2, left);
            if (p.Rows == 1)
            {
                int panels = Math.Min(4, left % 2 == 1 && left > 1 ? (left - 3) / 2 : (left + 1) / 2);
                if (panels == 0)
                    DenseRow<TVectors, TVector>.Three<TCursor>(p, column);
                else
                    DenseRow<TVectors, TVector>.Panels<TCursor>(p, column, panels);
                vectors = panels == 0 ? 3 : 2 * panels;
            }
            else if (vectors == 3)
                Panel<TCursor, ThreeVectors>(p, column);
            else if (vectors == 2)
                Panel<TCursor, TwoVectors>(p, column);
            else
                Panel<TCursor, OneVector>(p, column);
        }
    }

    /// <summary>
    /// Rows of B at a distance of whole kilobytes compete for a few sets of the first-level cache. Each panel of them is first copied to
    /// where they lie side by side.
    /// </summary>
    [SkipLocalsInit]
    static void Gathered(in ProductArguments p)
    {
        float* room = stackalloc float[(3 * TVectors.Count * WholeDepth) + TVectors.Count];
        var part = p;
        part.B = (float*)(((nint)room + 63) & ~63);
        part.PanelStride = 0;
        part.Done = 0;
        int vectors;
        for (int column = 0; column < p.Columns; column += vectors * TVectors.Count)
        {
            int left = (p.Columns - column + TVectors.Count - 1) / TVectors.Count;
            vectors = left == 3 ? 3 : Math.Min(2, left);
            nint stride = vectors == 3 ? p.TripleStride : p.BStride;
            float* from = p.B + (column / PanelWidth * p.PanelStride) + (p.Done * stride), to = part.B;
            for (int k = 0; k < p.Depth; k++, from += stride)
                for (int vector = 0; vector < vectors; vector++, to += TVectors.Count)
                    TVectors.Store(TVectors.Load(from + (vector * TVectors.Count)), to);
            part.BStride = part.TripleStride = vectors * TVectors.Count;
            if (vectors == 3)
                Panel<StridedRows, ThreeVectors>(part, column);
            else if (vectors == 2)
                Panel<StridedRows, TwoVectors>(part, column);
            else
                Panel<StridedRows, OneVector>(part, column);
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
