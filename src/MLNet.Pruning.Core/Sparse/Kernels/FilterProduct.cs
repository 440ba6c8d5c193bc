namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>Images under sparse filters: what a convolution computes. An entry of a filter is multiplied with neighbouring pixels by vectors, as they lie in the image.</summary>
static unsafe class FilterProduct
{
    // As in SparseProduct.
    const int Block = 16;
    const long WorkPerThread = 1 << 20;

    /// <param name="filters">A row for each channel to compute, a column for each tap.</param>
    /// <param name="grid">How an image lies.</param>
    /// <param name="input">[images x channels x height x width].</param>
    /// <param name="images">How many.</param>
    /// <param name="bias">A number for each channel to compute; null for none.</param>
    /// <param name="output">[images x rows of filters x output height x output width].</param>
    /// <param name="threads">At most so many threads.</param>
    /// <param name="width">What to compute with.</param>
    public static void Multiply(SparseRows filters, ImageGrid grid, float* input, int images, float* bias, float* output, int threads, VectorWidth width)
    {
        var worth = Math.Max(1, (long)filters.Count * grid.Positions * images / WorkPerThread);
        var useful = (int)Math.Min(threads, worth);
        // Where there are fewer images than threads, each shares out its filters.
        var shares = images >= useful ? 1 : (useful + images - 1) / images;
        using var places = new Scratch<int>(filters.Count);
        Places(filters, grid, places.Pointer);
        var at = places.Pointer;
        ParallelFor.Run(images * shares, worth, threads, unit =>
        {
            var (image, share) = (unit / shares, unit % shares);
            Image(filters, grid, at, input + (nint)image * grid.Channels * grid.Height * grid.Width, bias,
                output + (nint)image * filters.Rows * grid.OutputHeight * grid.OutputWidth, SparseProduct.Cut(filters.Rows, share, shares), SparseProduct.Cut(filters.Rows, share + 1, shares), width);
        });
    }

    static void Places(SparseRows filters, ImageGrid grid, int* places)
    {
        for (var n = 0; n < filters.Count; n++)
            places[n] = grid.Offsets[filters.Columns <= SparseRows.NarrowColumns ? filters.NarrowIndices[n] : filters.WideIndices[n]];
    }

    static void Image(SparseRows filters, ImageGrid grid, int* places, float* input, float* bias, float* output, int first, int end, VectorWidth width)
    {
        var size = TileProduct.For(grid.Positions, width);
        // The last tile reads beyond the last output.
        using var planes = new Scratch<float>(grid.Size + size);
        using var results = new Scratch<float>(Block * size);
        new Span<float>(planes.Pointer, grid.Size + size).Clear();
        grid.Lay(input, planes.Pointer);
        for (; first < end; first += Block)
        {
            var last = Math.Min(first + Block, end);
            for (var position = 0; position < grid.Positions; position += size)
            {
                TileProduct.Multiply(filters, places, planes.Pointer + position, size, bias, results.Pointer, first, last, width);
                Give(grid, results.Pointer, size, position, output + (nint)first * grid.OutputHeight * grid.OutputWidth, last - first);
            }
        }
    }

    // Leaves out what is behind the end of a row.
    static void Give(ImageGrid grid, float* results, int size, int position, float* output, int channels)
    {
        for (int at = position, end = Math.Min(position + size, grid.Positions); at < end;)
        {
            var (y, x) = Math.DivRem(at, grid.PlaneWidth);
            var length = Math.Min(grid.OutputWidth - x, end - at);
            if (length > 0)
            {
                for (var c = 0; c < channels; c++)
                    new ReadOnlySpan<float>(results + c * size + at - position, length).CopyTo(new(output + ((nint)c * grid.OutputHeight + y) * grid.OutputWidth + x, length));
            }
            at += Math.Min(grid.PlaneWidth - x, end - at);
        }
    }
}
