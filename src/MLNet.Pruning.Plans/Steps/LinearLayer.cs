using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>A linear layer over rows, [rows x inputs] -> [rows x outputs].</summary>
sealed unsafe class LinearLayer
{
    // With at least this many rows, the sparse kernel works on lanes of rows, unless shuffling is as fast.
    const int MinimumLanes = 4, MinimumLanesBesideShuffles = 12;

    // Fewer weights are packed by one thread.
    const int PackedByOne = 1 << 20;

    readonly KernelSet kernels;
    readonly AlignedBuffer<float>? panels, bias, rest;
    readonly AlignedBuffer<int>? panelDepths, panelStarts;
    readonly SparseMatrix? sparse;
    readonly ShuffleMatrix? shuffle;
    readonly Int8Matrix? int8;
    readonly int blockStride, blockRows, columns, minimumLanes;

    /// <param name="precision">The precision if the layer is dense.</param>
    public LinearLayer(
        KernelSet kernels, LinearWeights weights, bool isSparse, int blockRows, ScoringPrecision precision = ScoringPrecision.Float)
    {
        this.kernels = kernels;
        (Inputs, Outputs) = (weights.Inputs, weights.Outputs);
        blockStride = kernels.Padded(blockRows);
        Step = new(weights.Name, isSparse ? "sparse rows" : "dense rows", Outputs, Inputs, weights.Density);
        if (isSparse)
        {
            sparse = new(weights.Weight, weights.Bias, i => i, i => i * blockStride);
            bool shuffles = KernelRule.Shuffles(weights, kernels, out bool always);
            shuffle = shuffles ? new(weights.Weight, weights.Bias, kernels.Lanes, kernels.Window) : null;
            minimumLanes = always ? int.MaxValue : shuffles ? MinimumLanesBesideShuffles : MinimumLanes;
            return;
        }
        if (KernelRule.InIntegers(weights, kernels, precision))
        {
            Step = Step with { Kernel = "int8 rows" };
            int8 = new(weights.Weight, weights.Bias);
            this.blockRows = blockRows;
            return;
        }
        if (KernelRule.SkipsBlocksOfRows(weights, kernels))
        {
            Step = Step with { Kernel = "zero blocks, rows" };
            columns = Outputs;
            var blocks = ZeroBlocks.Of(weights.Weight, Outputs, kernels.BlockWidth);
            (panelDepths, panelStarts) = (new(blocks.Inputs), new(blocks.Starts));
            panels = new((long)blocks.Inputs.Length * blocks.Outputs);
            bias = new((long)blocks.Count * blocks.Outputs);
            weights.Bias.CopyTo(bias.Span);
            var all = weights.Weight;
            for (int block = 0; block < blocks.Count; block++)
            {
                int first = block * blocks.Outputs, count = Math.Min(blocks.Outputs, Outputs - first);
                for (int k = blocks.Starts[block]; k < blocks.Starts[block + 1]; k++)
                {
                    for (int o = 0; o < count; o++)
                        panels.Pointer[((long)k * blocks.Outputs) + o] = all[((first + o) * Inputs) + blocks.Inputs[k]];
                }
            }
            return;
        }
        columns = Outputs - Rest(Outputs, Inputs, kernels.Lanes);
        int padded = kernels.Padded(columns);
        (panels, bias) = (new((long)Inputs * (padded + kernels.Lanes)), new(Math.Max(padded + kernels.Lanes, Outputs)));
        rest = new(weights.Weight[(columns * Inputs)..]);
        weights.Bias.CopyTo(bias.Span);
        var packing = new DensePanels(kernels, columns, Inputs);
        Parallel.For(0, packing.Count, new() { MaxDegreeOfParallelism = weights.Weight.Length < PackedByOne ? 1 : -1 }, number =>
        {
            fixed (float* rows = weights.Weight)
                packing.Pack(number, rows, panels.Pointer);
        });
    }

    public int Inputs { get; }

    public int Outputs { get; }

    public PlanStep Step { get; }

    public bool IsDense => sparse is null && panelDepths is null;

    /// <summary>The size of the temporary memory that <see cref="Compute"/> needs.</summary>
    public long Scratch => sparse is not null ? (long)(Inputs + Outputs) * blockStride
        : int8 is not null ? (long)blockRows * ((Int8Product.RowBytes(Inputs) / sizeof(float)) + 1) : 0;

    /// <param name="x">[rows][xStride]</param>
    /// <param name="rows">At most the maximum number of rows.</param>
    /// <param name="y">[rows][yStride]; written, whole vectors.</param>
    /// <param name="yStride">The distance between rows, also of the residual.</param>
    /// <param name="scratch">Temporary memory of <see cref="Scratch"/> numbers.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public void Compute(float* x, int rows, nint xStride, float* y, nint yStride, float* scratch, float* residual = null)
    {
        if (int8 is not null)
        {
            var bytes = (byte*)(scratch + blockRows);
            Int8Product.Round(x, rows, Inputs, xStride, bytes, scratch);
            Int8Product.Multiply(int8, bytes, scratch, rows, y, yStride, residual);
            return;
        }
        if (sparse is null)
        {
            kernels.Product(new()
            {
                A = x,
                RowStride = xStride,
                DepthStride = 1,
                Rows = rows,
                Columns = columns,
                Depth = Inputs,
                B = panels!.Pointer,
                BStride = panelDepths is null ? kernels.PanelWidth : kernels.BlockWidth,
                TripleStride = 3 * kernels.Lanes,
                PanelDepths = panelDepths is null ? null : panelDepths.Pointer,
                PanelStarts = panelStarts is null ? null : panelStarts.Pointer,
                PanelStride = (nint)Inputs * kernels.PanelWidth,
                C = y,
                CStride = yStride,
                ColumnBias = bias!.Pointer,
                Residual = residual,
            });
            if (columns < Outputs)
            {
                float* added = residual == null ? null : residual + columns;
                kernels.DotProducts(x, rows, xStride, rest!.Pointer, bias.Pointer + columns, Outputs - columns, Inputs, y + columns,
                    yStride, added);
            }
            return;
        }
        if (rows < minimumLanes)
        {
            if (shuffle is not null && kernels.AreFinite(x, rows, Inputs, xStride))
                kernels.Shuffle(shuffle, x, rows, xStride, y, yStride, residual);
            else
                Gather(x, rows, xStride, y, yStride, scratch, residual);
            return;
        }
        float* outputs = scratch + ((long)Inputs * blockStride);
        Transposition.Transpose(x, rows, Inputs, xStride, scratch, blockStride);
        if (residual != null)
            Transposition.Transpose(residual, rows, Outputs, yStride, outputs, blockStride);
        kernels.SparseLanes(sparse.Arguments(1), scratch, rows, outputs, blockStride, residual == null ? null : outputs);
        Transposition.Transpose(outputs, Outputs, rows, blockStride, y, yStride);
    }

    void Gather(float* x, int rows, nint xStride, float* y, nint yStride, float* scratch, float* residual)
    {
        for (int row = 0; row < rows; row++, x += xStride, y += yStride)
        {
            kernels.SparseRow(sparse!, sparse!.Places(0), x, residual == null ? y : scratch);
            for (int o = 0; residual != null && o < Outputs; o++)
                y[o] = scratch[o] + residual[(row * yStride) + o];
        }
    }

    /// <summary>
    /// The number of outputs after the last full vector that are cheaper as dot products: if a vector would be nearly empty, and there are
    /// enough inputs to fill vectors. It depends on the shape only, as the order of a sum must not depend on anything else.
    /// </summary>
    static int Rest(int outputs, int inputs, int lanes) =>
        outputs > lanes && outputs % lanes <= lanes / 4 && inputs >= 8 * lanes ? outputs % lanes : 0;
}
