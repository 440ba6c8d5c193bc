using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// Blocks in which a token is a row, and the lanes of vectors are the outputs of a layer. They use all weights; or, for one image with few
/// tokens, active weights only, with the same bits as <see cref="VitBlocksInLanes"/>.
/// </summary>
sealed unsafe class VitBlocksInRows : VitBlocks
{
    // This many rows keep the largest activations of usual sizes in the second-level cache.
    const int RowsAtOnce = 64;

    readonly KernelSet kernels;
    readonly Activation activation;
    readonly int dim, stride;
    readonly float epsilon;
    readonly bool sparse;
    readonly VitBlock[] blocks;
    readonly (LinearLayer Qkv, LinearLayer Projection, LinearLayer Hidden, LinearLayer Output)[] layers;
    readonly int normed, qkv, mixed, hidden, queries, weights, logarithms, merging, scratch;

    public VitBlocksInRows(VitDescription vit, VitBlock[] blocks, CompileOptions options, WorkspaceLayout layout, bool sparse = false)
        : base(options.Kernels, vit.Dim, options.Kernels.Padded(vit.Dim), (float)vit.NormEpsilon)
    {
        (kernels, activation, this.blocks, this.sparse) = (options.Kernels, vit.Activation, blocks, sparse);
        (dim, stride, epsilon) = (vit.Dim, kernels.Padded(vit.Dim), (float)vit.NormEpsilon);
        int tokens = blocks[0].Tokens, width = blocks.Max(block => block.Width);
        Images = sparse ? 1 : Math.Max(1, RowsAtOnce / tokens);
        int rows = Images * tokens;
        layers = [.. blocks.Select(block => (Layer(block.Qkv), Layer(block.Projection), Layer(block.Hidden), Layer(block.Output)))];
        normed = layout.Add((long)rows * stride);
        qkv = layout.Add((long)rows * QkvStride(width));
        mixed = layout.Add((long)rows * MixedStride(width));
        hidden = layout.Add((long)rows * kernels.Padded(vit.Hidden.Max()));
        queries = layout.Add((long)width * kernels.Padded(tokens));
        weights = layout.Add((long)tokens * kernels.Padded(tokens));
        logarithms = layout.Add(rows);
        merging = layout.Add(((2L * dim) + 1) * tokens + stride);

        scratch = layout.Add(layers.Max(layer => Math.Max(Math.Max(layer.Qkv.Scratch, layer.Projection.Scratch),
            Math.Max(layer.Hidden.Scratch, layer.Output.Scratch))));

        LinearLayer Layer(LinearWeights linear) => new(kernels, linear, sparse, rows, options.Precision);
    }

    public override int Images { get; }

    public override IEnumerable<PlanStep> Steps =>
        layers.SelectMany(layer => (PlanStep[])[layer.Qkv.Step, layer.Projection.Step, layer.Hidden.Step, layer.Output.Step]);

    public override IEnumerable<TokenMatcher> NewMatchers() =>
        blocks.Select(block => new TokenMatcher(block.Tokens - block.Apart, dim, block.Merge));

    // The vectors of the last head may extend past its columns.
    int QkvStride(int width) => kernels.Padded(3 * width) + kernels.Lanes;

    int MixedStride(int width) => kernels.Padded(width) + kernels.Lanes;

    public override void Compute(Workspace workspace, float* x, float* sizes, int images)
    {
        float* normed = workspace.At(this.normed), qkv = workspace.At(this.qkv), mixed = workspace.At(this.mixed),
            hidden = workspace.At(this.hidden), scratch = workspace.At(this.scratch);
        for (int b = 0; b < blocks.Length; b++)
        {
            var (block, layer) = (blocks[b], layers[b]);
            int rows = images * block.Tokens, qkvStride = QkvStride(block.Width), mixedStride = MixedStride(block.Width);

            Normalize(x, rows, normed);
            layer.Qkv.Compute(normed, rows, stride, qkv, qkvStride, scratch);
            float* logSizes = Logarithms(sizes, rows, workspace.At(logarithms));
            for (int image = 0; image < images; image++)
            {
                int token = image * block.Tokens;
                Attend(workspace, block, qkv + ((long)token * qkvStride), logSizes == null ? null : logSizes + token,
                    mixed + ((long)token * mixedStride));
            }
            layer.Projection.Compute(mixed, rows, mixedStride, x, stride, scratch, residual: x);

            if (block.Merge > 0)
            {
                Merge(block, workspace.Matchers[b + 1], x, sizes, images, workspace.At(merging), workspace.Indices);
                rows = images * (block.Tokens - block.Merge);
            }

            int hiddenStride = kernels.Padded(layer.Hidden.Outputs);
            Normalize(x, rows, normed);
            layer.Hidden.Compute(normed, rows, stride, hidden, hiddenStride, scratch);
            kernels.Activate(activation, hidden, (nint)rows * hiddenStride);
            layer.Output.Compute(hidden, rows, hiddenStride, x, stride, scratch, residual: x);
        }
    }

    void Normalize(float* x, int rows, float* normed)
    {
        if (sparse)
            kernels.NormalizeRowsAsLanes(x, rows, dim, stride, normed, epsilon);
        else
            kernels.NormalizeRows(x, rows, dim, stride, normed, epsilon);
    }

    /// <summary>
    /// Attention over the tokens of an image. Queries are transposed into lanes, so that their softmax needs no sums across a vector.
    /// </summary>
    void Attend(Workspace workspace, VitBlock block, float* qkv, float* logSizes, float* mixed)
    {
        int tokens = block.Tokens, headSize = block.HeadSize, width = block.Width;
        var (byQuery, byValue) = (kernels.Narrowed(tokens), kernels.Narrowed(headSize));
        int lanes = byQuery.Padded(tokens);
        nint qkvStride = QkvStride(width);
        float* queries = workspace.At(this.queries), weights = workspace.At(this.weights);
        Transposition.Transpose(qkv, tokens, width, qkvStride, queries, lanes);
        if (KernelSet.AreFew(tokens))
        {
            // Each head's queries are no longer needed when its mixed values replace them.
            for (int head = 0; head < block.Heads; head++)
            {
                float* own = queries + (head * headSize * lanes), keys = qkv + width + (head * headSize);
                byQuery.AttendFew(own, lanes, keys, keys + width, 1, qkvStride, logSizes, tokens, headSize, own);
            }
            Transposition.Transpose(queries, width, tokens, lanes, mixed, MixedStride(width));
            return;
        }
        for (int head = 0; head < block.Heads; head++)
        {
            float* keys = qkv + width + (head * headSize), values = keys + width;
            // [keys x queries]: the logits, with the logarithm of each key's size added.
            byQuery.Product(new()
            {
                A = keys,
                RowStride = qkvStride,
                DepthStride = 1,
                Rows = tokens,
                Columns = tokens,
                Depth = headSize,
                B = queries + (head * headSize * lanes),
                BStride = lanes,
                TripleStride = lanes,
                PanelStride = byQuery.PanelWidth,
                C = weights,
                CStride = lanes,
                RowBias = logSizes,
            });
            byQuery.SoftmaxLanes(weights, tokens, tokens, lanes);
            // [queries x values of the head]
            byValue.Product(new()
            {
                A = weights,
                RowStride = 1,
                DepthStride = lanes,
                Rows = tokens,
                Columns = headSize,
                Depth = tokens,
                B = values,
                BStride = qkvStride,
                TripleStride = qkvStride,
                PanelStride = byValue.PanelWidth,
                C = mixed + (head * headSize),
                CStride = MixedStride(width),
            });
        }
    }
}
