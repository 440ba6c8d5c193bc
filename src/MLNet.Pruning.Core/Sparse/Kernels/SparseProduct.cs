namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>Rows of inputs times a sparse matrix: what a linear layer computes. What a row gives depends neither on the rows beside it,
/// nor on the number of threads, nor on the machine's vectors.</summary>
static unsafe class SparseProduct
{
    // Rows of the matrix whose results are kept before they go to their places: a cache line's worth.
    const int Block = 16;
    // Below so many multiplications a second thread costs more than it brings; one by one they take ten times as long.
    const long WorkPerThread = 1 << 20, SingleWorkPerThread = 1 << 17;

    /// <param name="weights">A row for each number to compute.</param>
    /// <param name="input">[rows x columns of weights].</param>
    /// <param name="rows">How many.</param>
    /// <param name="bias">A number for each to compute; null for none.</param>
    /// <param name="output">[rows x rows of weights].</param>
    /// <param name="threads">At most so many threads.</param>
    /// <param name="width">What to compute with.</param>
    public static void Multiply(SparseRows weights, float* input, int rows, float* bias, float* output, int threads, VectorWidth width)
    {
        if (rows == 1)
        {
            var parts = (int)Math.Clamp(weights.Count / SingleWorkPerThread, 1, threads);
            ParallelFor.Run(parts, parts, parts, part => RowProduct.Multiply(weights, input, bias, output, Cut(weights.Rows, part, parts), Cut(weights.Rows, part + 1, parts)));
            return;
        }
        var widest = TileProduct.Widest(width);
        var tiles = (rows + widest - 1) / widest;
        var worth = Math.Max(1, weights.Count * (long)rows / WorkPerThread);
        var useful = (int)Math.Min(threads, worth);
        // Where there are fewer tiles than threads, each shares out its rows of the matrix.
        var shares = tiles >= useful ? 1 : (useful + tiles - 1) / tiles;
        ParallelFor.Run(tiles * shares, worth, threads, unit =>
        {
            var (tile, share) = (unit / shares, unit % shares);
            var first = tile * widest;
            Tile(weights, input + (nint)first * weights.Columns, Math.Min(widest, rows - first), bias, output + (nint)first * weights.Rows,
                Cut(weights.Rows, share, shares), Cut(weights.Rows, share + 1, shares), width);
        });
    }

    /// <summary>Where a part of equal parts begins.</summary>
    public static int Cut(int count, int part, int parts) => (int)((long)count * part / parts);

    static void Tile(SparseRows weights, float* input, int count, float* bias, float* output, int first, int end, VectorWidth width)
    {
        var size = TileProduct.For(count, width);
        using var turned = new Scratch<float>((long)weights.Columns * size);
        using var results = new Scratch<float>(Block * size);
        if (count < size)
            new Span<float>(turned.Pointer, weights.Columns * size).Clear();
        Turning.Turn(input, weights.Columns, turned.Pointer, size, count, weights.Columns);
        for (; first < end; first += Block)
        {
            var last = Math.Min(first + Block, end);
            TileProduct.Multiply(weights, turned.Pointer, size, bias, results.Pointer, first, last, width);
            Turning.Turn(results.Pointer, size, output + first, weights.Rows, last - first, count);
        }
    }
}
