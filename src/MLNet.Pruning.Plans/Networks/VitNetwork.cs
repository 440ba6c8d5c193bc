using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>A vision transformer: patches, perhaps merged; their embedding and positions; blocks; pooling; probabilities.</summary>
sealed unsafe class VitNetwork : Network
{
    readonly KernelSet kernels;
    readonly ScoringOutput output;
    readonly VitDescription vit;
    readonly PatchGrid grid;
    readonly int dim, stride, patchWidth, patchCount, patchesLeft, merged, tokens, apart, tokensLeft;
    readonly bool sized;
    readonly LinearLayer embedding, logits;
    readonly AlignedBuffer<float> positions, classToken;
    readonly VitBlocks blocks;
    readonly WorkspaceLayout layout = new();
    readonly int cut, patches, places, sizes, x, pooled, scores, scratch;

    public VitNetwork(VitDescription description, NetworkWeights weights, CompileOptions options)
    {
        (kernels, output, vit, grid) = (options.Kernels, options.For(description.Classes), description, description.Grid);
        (dim, stride, patchWidth, patchCount) = (vit.Dim, kernels.Padded(vit.Dim), grid.TokenWidth, grid.Count);
        apart = vit.Pooling == VitPooling.ClassToken ? 1 : 0;
        (InputWidth, patchesLeft) = (vit.InputWidth, vit.Tokens);
        tokens = patchesLeft + apart;
        merged = patchCount - patchesLeft;
        int[] merges = vit.BlockMerges();
        tokensLeft = tokens - merges.Sum();
        sized = vit.Input == VitInput.Tokens || merged > 0 || merges.Any(merge => merge > 0);

        var embed = weights.Linear("embedding", dim, patchWidth);
        embedding = new(kernels, embed, isSparse: false, tokens);
        positions = Table(weights.Get("positions.weight", patchCount, dim), patchCount);
        classToken = apart > 0 ? Table(weights.Get("classToken.weight", 1, dim), 1) : new(0);
        blocks = VitBlocks.Compile(vit, weights, options, tokens, merges, layout);
        var head = weights.Linear("logits", vit.Classes, dim)
            .After(weights.Get("norm.weight", dim).Span, weights.Get("norm.bias", dim).Span);
        logits = new(kernels, head, KernelRule.SparseRows(head, kernels, options.Choice), blocks.Images);

        cut = layout.Add((long)patchCount * patchWidth);
        patches = layout.Add((long)patchesLeft * patchWidth);
        places = layout.Add((long)patchesLeft * stride);
        sizes = layout.Add((long)blocks.Images * tokens);
        x = layout.Add((long)blocks.Images * tokens * stride);
        pooled = layout.Add((long)blocks.Images * stride);
        scores = layout.Add((long)blocks.Images * kernels.Padded(vit.Classes));
        scratch = layout.Add(logits.Scratch);

        AlignedBuffer<float> Table(ReadOnlyMemory<float> values, int rows)
        {
            var table = new AlignedBuffer<float>((long)rows * stride);
            for (int row = 0; row < rows; row++)
                values.Span.Slice(row * dim, dim).CopyTo(table.Span[(row * stride)..]);
            return table;
        }
    }

    public override int InputWidth { get; }

    public override int OutputWidth => vit.Classes;

    public override int BlockRows => blocks.Images;

    public override IEnumerable<PlanStep> Steps => [embedding.Step, .. blocks.Steps, logits.Step];

    public override Workspace NewWorkspace() =>
        new(layout.Length, (2 * tokens) + patchCount, [new(patchCount, patchWidth, vit.Input == VitInput.Pixels ? merged : 0),
            .. blocks.NewMatchers()]);

    public override void Score(Workspace workspace, float* rows, int count, float* scores)
    {
        float* x = workspace.At(this.x);
        for (int image = 0; image < count; image++, rows += InputWidth)
            Embed(workspace, rows, x + ((long)image * tokens * stride), sized ? workspace.At(sizes) + (image * tokens) : null);
        blocks.Compute(workspace, x, sized ? workspace.At(sizes) : null, count);

        float* pooled = workspace.At(this.pooled), logits = workspace.At(this.scores);
        for (int image = 0; image < count; image++)
            Pool(x + ((long)image * tokensLeft * stride), sized ? workspace.At(sizes) + (image * tokensLeft) : null,
                pooled + (image * stride));
        kernels.NormalizeRows(pooled, count, dim, stride, pooled, (float)vit.NormEpsilon);
        int classes = kernels.Padded(vit.Classes);
        this.logits.Compute(pooled, count, stride, logits, classes, workspace.At(scratch));
        ClassScores.Write(kernels, output, logits, count, vit.Classes, classes, scores);
    }

    /// <summary>
    /// Turns a row of input into embedded tokens and their sizes. The embedding is affine, so embedding a mean gives the mean of the
    /// embeddings; a merged token gets the mean position of its patches.
    /// </summary>
    void Embed(Workspace workspace, float* row, float* x, float* sizes)
    {
        if (apart > 0)
        {
            classToken.Span.CopyTo(new Span<float>(x, stride));
            x += stride;
            if (sizes != null)
                *sizes++ = 1;
        }
        float* values = row, places = positions.Pointer;
        int* sources = workspace.Indices;
        if (vit.Input == VitInput.Pixels)
        {
            values = workspace.At(cut);
            grid.Cut(row, values);
            if (merged > 0)
            {
                workspace.Matchers[0].Match(values, sources);
                TokenMeans.Merge(values, null, sources, patchCount, patchWidth, workspace.At(patches), sizes, patchesLeft, null);
                values = workspace.At(patches);
            }
            else if (sizes != null)
            {
                new Span<float>(sizes, patchCount).Fill(1);
            }
        }
        else
        {
            float* from = row + (patchesLeft * patchWidth);
            for (int k = 0; sizes != null && k < patchesLeft; k++)
                sizes[k] = from[k] > 0 ? from[k] : 1;
            from += patchesLeft;
            for (int n = 0; n < patchCount; n++)
                sources[n] = (int)from[n];
        }
        if (merged > 0 || vit.Input == VitInput.Tokens)
        {
            places = workspace.At(this.places);
            MeanPositions(sources, sizes, places);
        }
        embedding.Compute(values, patchesLeft, patchWidth, x, stride, null, places);
    }

    /// <summary>For each token, the sum of its patches' positions divided by its size.</summary>
    void MeanPositions(int* sources, float* sizes, float* places)
    {
        new Span<float>(places, patchesLeft * stride).Clear();
        for (int n = 0; n < patchCount; n++)
        {
            // Sources in the input may be any number. A patch with an invalid source belongs to no token.
            if ((uint)sources[n] < (uint)patchesLeft)
                kernels.AddScaled(positions.Pointer + ((long)n * stride), 1 / (sizes == null ? 1 : sizes[sources[n]]),
                    places + ((long)sources[n] * stride), dim);
        }
    }

    /// <summary>The class token, or the mean over the image's area.</summary>
    void Pool(float* x, float* sizes, float* pooled)
    {
        new Span<float>(pooled, stride).Clear();
        if (apart > 0)
        {
            new ReadOnlySpan<float>(x, dim).CopyTo(new Span<float>(pooled, dim));
            return;
        }
        for (int token = 0; token < tokensLeft; token++)
            kernels.AddScaled(x + ((long)token * stride), (sizes == null ? 1 : sizes[token]) / patchCount, pooled, dim);
    }
}
