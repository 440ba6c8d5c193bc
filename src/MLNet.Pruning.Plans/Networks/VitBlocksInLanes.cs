using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// Blocks that use active weights only. The lanes of vectors are the tokens of one image or of several, and a row holds one value of all
/// tokens.
/// </summary>
sealed unsafe class VitBlocksInLanes : VitBlocks
{
    // This many tokens share the reading of a weight; more would not stay in the first-level cache.
    const int TokensAtOnce = 64;

    readonly KernelSet kernels;
    readonly Activation activation;
    readonly int dim, rowStride, imageStride, blockStride;
    readonly float epsilon;
    readonly VitBlock[] blocks;
    readonly VitBlocksInRows? ofOne;
    readonly (LaneLayer Qkv, LaneLayer Projection, LaneLayer Hidden, LaneLayer Output)[] layers;
    readonly int x, normed, qkv, mixed, hidden, weights, logarithms, merging;

    public VitBlocksInLanes(VitDescription vit, VitBlock[] blocks, CompileOptions options, WorkspaceLayout layout)
        : base(options.Kernels, vit.Dim, options.Kernels.Padded(vit.Dim), (float)vit.NormEpsilon)
    {
        (kernels, activation, this.blocks) = (options.Kernels, vit.Activation, blocks);
        (dim, rowStride, epsilon) = (vit.Dim, kernels.Padded(vit.Dim), (float)vit.NormEpsilon);
        int tokens = blocks[0].Tokens, width = blocks.Max(block => block.Width);
        Images = Math.Max(1, TokensAtOnce / tokens);
        // The vectors of the last image's queries may extend past its tokens.
        imageStride = kernels.Narrowed(tokens).Padded(tokens);
        blockStride = kernels.Padded(((Images - 1) * tokens) + kernels.Padded(tokens));
        layers = [.. blocks.Select(block => (Layer(block.Qkv), Layer(block.Projection), Layer(block.Hidden), Layer(block.Output)))];
        x = layout.Add((long)dim * blockStride);
        normed = layout.Add((long)dim * blockStride);
        qkv = layout.Add(3L * width * blockStride);
        mixed = layout.Add((long)width * blockStride);
        hidden = layout.Add((long)vit.Hidden.Max() * blockStride);
        weights = layout.Add((long)tokens * kernels.Padded(tokens));
        logarithms = layout.Add(Images * tokens);
        merging = layout.Add(((2L * dim) + 1) * tokens + rowStride);

        if (KernelRule.TokensOfOneInRows([.. blocks.SelectMany(block => block.Layers)], tokens, kernels, options.Choice))
            ofOne = new(vit, blocks, options, layout, sparse: true);

        LaneLayer Layer(LinearWeights linear) => new(kernels, linear, options.Choice, i => i * imageStride, i => i * blockStride);
    }

    public override int Images { get; }

    public override IEnumerable<PlanStep> Steps =>
        layers.SelectMany(layer => (PlanStep[])[layer.Qkv.Step, layer.Projection.Step, layer.Hidden.Step, layer.Output.Step]);

    public override IEnumerable<TokenMatcher> NewMatchers() =>
        blocks.Select(block => new TokenMatcher(block.Tokens - block.Apart, dim, block.Merge));

    public override void Compute(Workspace workspace, float* rows, float* sizes, int images)
    {
        if (images == 1 && ofOne is not null)
        {
            ofOne.Compute(workspace, rows, sizes, 1);
            return;
        }
        float* x = workspace.At(this.x), normed = workspace.At(this.normed), qkv = workspace.At(this.qkv);
        float* mixed = workspace.At(this.mixed), hidden = workspace.At(this.hidden);
        var (way, stride) = images == 1 ? (0, imageStride) : (1, blockStride);
        int lanes = images * blocks[0].Tokens;
        Transposition.Transpose(rows, lanes, dim, rowStride, x, stride);
        for (int b = 0; b < blocks.Length; b++)
        {
            var (block, layer, vectors) = (blocks[b], layers[b], kernels.Narrowed(lanes));

            vectors.NormalizeLanes(x, lanes, dim, stride, normed, epsilon);
            layer.Qkv.Compute(vectors, way, normed, lanes, qkv, stride);
            float* logSizes = Logarithms(sizes, lanes, workspace.At(logarithms));
            for (int token = 0; token < lanes; token += block.Tokens)
                Attend(block, qkv + token, stride, logSizes == null ? null : logSizes + token, workspace.At(weights), mixed + token);
            layer.Projection.Compute(vectors, way, mixed, lanes, x, stride, residual: x);

            if (block.Merge > 0)
            {
                Transposition.Transpose(x, dim, lanes, stride, rows, rowStride);
                Merge(block, workspace.Matchers[b + 1], rows, sizes, images, workspace.At(merging), workspace.Indices);
                lanes = images * (block.Tokens - block.Merge);
                vectors = kernels.Narrowed(lanes);
                Transposition.Transpose(rows, lanes, dim, rowStride, x, stride);
            }

            vectors.NormalizeLanes(x, lanes, dim, stride, normed, epsilon);
            layer.Hidden.Compute(vectors, way, normed, lanes, hidden, stride);
            vectors.Activate(activation, hidden, (nint)layer.Hidden.Outputs * stride);
            layer.Output.Compute(vectors, way, hidden, lanes, x, stride, residual: x);
        }
        Transposition.Transpose(x, dim, lanes, stride, rows, rowStride);
    }

    /// <summary>
    /// Attention over the tokens of an image, which begin at the first lane. Whole vectors also write lanes of the next image, which are
    /// written again later.
    /// </summary>
    void Attend(VitBlock block, float* qkv, nint stride, float* logSizes, float* weights, float* mixed)
    {
        int tokens = block.Tokens, headSize = block.HeadSize;
        var vectors = kernels.Narrowed(tokens);
        nint lanes = vectors.Padded(tokens);
        for (int head = 0; head < block.Heads; head++)
        {
            float* queries = qkv + (head * headSize * stride), keys = queries + (block.Width * stride),
                values = keys + (block.Width * stride);
            if (KernelSet.AreFew(tokens))
            {
                vectors.AttendFew(queries, stride, keys, values, stride, 1, logSizes, tokens, headSize,
                    mixed + (head * headSize * stride));
                continue;
            }
            // [keys x queries]: the logits, with the logarithm of each key's size added.
            vectors.Product(new()
            {
                A = keys,
                RowStride = 1,
                DepthStride = stride,
                Rows = tokens,
                Columns = tokens,
                Depth = headSize,
                B = queries,
                BStride = stride,
                TripleStride = stride,
                PanelStride = vectors.PanelWidth,
                C = weights,
                CStride = lanes,
                RowBias = logSizes,
            });
            vectors.SoftmaxLanes(weights, tokens, tokens, lanes);
            // [values of the head x queries]
            vectors.Product(new()
            {
                A = values,
                RowStride = stride,
                DepthStride = 1,
                Rows = headSize,
                Columns = tokens,
                Depth = tokens,
                B = weights,
                BStride = lanes,
                TripleStride = lanes,
                PanelStride = vectors.PanelWidth,
                C = mixed + (head * headSize * stride),
                CStride = stride,
            });
        }
    }
}
