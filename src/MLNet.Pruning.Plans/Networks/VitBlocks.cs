using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// The blocks of a vision transformer: attention over normalised tokens, added; optionally a merging; hidden neurons over normalised
/// tokens, added.
/// </summary>
abstract unsafe class VitBlocks(KernelSet kernels, int dim, int stride, float epsilon)
{
    /// <summary>The number of images that are computed at once.</summary>
    public abstract int Images { get; }

    public abstract IEnumerable<PlanStep> Steps { get; }

    /// <summary>Runs all blocks.</summary>
    /// <param name="x">[images x tokens][stride]; afterwards the remaining tokens are at the start.</param>
    /// <param name="sizes">[images x tokens], likewise; null if all tokens have one patch.</param>
    public abstract void Compute(Workspace workspace, float* x, float* sizes, int images);

    /// <summary>Makes a matcher for each block that merges.</summary>
    public abstract IEnumerable<TokenMatcher> NewMatchers();

    public static VitBlocks Compile(VitDescription vit, NetworkWeights weights, CompileOptions options, int tokens, int[] merges,
        WorkspaceLayout layout)
    {
        var blocks = new VitBlock[vit.Depth];
        for (int b = 0; b < blocks.Length; b++)
        {
            blocks[b] = new(vit, weights, b, tokens, merges[b]);
            tokens -= merges[b];
        }
        return KernelRule.TokensInLanes(blocks.SelectMany(block => block.Layers), options.Kernels, options.Choice, options.Precision)
            ? new VitBlocksInLanes(vit, blocks, options, layout)
            : new VitBlocksInRows(vit, blocks, options, layout);
    }

    /// <summary>The logarithms of sizes, which attention adds to the logits of keys.</summary>
    protected static float* Logarithms(float* sizes, int count, float* logarithms)
    {
        if (sizes == null)
            return null;
        for (int i = 0; i < count; i++)
            logarithms[i] = sizes[i] == 1 ? 0 : MathF.Log(sizes[i]);
        return logarithms;
    }

    /// <summary>
    /// Merges the tokens of each image that are most similar as the hidden layer sees them. The remaining tokens move to the start.
    /// </summary>
    /// <param name="x">[images x tokens][stride]</param>
    /// <param name="sizes">[images x tokens]</param>
    /// <param name="buffer">Temporary memory for tokens and means of an image, [2 x tokens x dim], and sizes.</param>
    /// <param name="indices">[2 x tokens]</param>
    protected void Merge(VitBlock block, TokenMatcher matcher, float* x, float* sizes, int images, float* buffer, int* indices)
    {
        int tokens = block.Tokens, apart = block.Apart, left = tokens - block.Merge;
        float* means = buffer + (tokens * dim), counts = means + (tokens * dim);
        float* to = x, toSizes = sizes;
        for (int image = 0; image < images; image++, x += tokens * stride, sizes += tokens, to += left * stride, toSizes += left)
        {
            for (int t = 0; t < apart; t++)
                indices[t] = t;
            for (int t = apart; t < tokens; t++)
            {
                float* token = buffer + ((t - apart) * dim);
                kernels.NormalizeRows(x + (t * stride), 1, dim, stride, counts, epsilon);
                for (int d = 0; d < dim; d++)
                    token[d] = (counts[d] * block.HiddenNormWeight[d]) + block.HiddenNormBias[d];
            }
            matcher.Match(buffer, indices + apart);
            for (int t = apart; t < tokens; t++)
                indices[t] += apart;
            for (int t = 0; t < tokens; t++)
                new ReadOnlySpan<float>(x + (t * stride), dim).CopyTo(new Span<float>(buffer + (t * dim), dim));
            TokenMeans.Merge(buffer, sizes, indices, tokens, dim, means, counts, left, indices + tokens);
            for (int t = 0; t < left; t++)
                new ReadOnlySpan<float>(means + (t * dim), dim).CopyTo(new Span<float>(to + (t * stride), dim));
            new ReadOnlySpan<float>(counts, left).CopyTo(new Span<float>(toSizes, left));
        }
    }
}

/// <summary>
/// The weights of one block: norms are part of the layers after them, and the scale of attention is part of the queries.
/// </summary>
sealed class VitBlock
{
    public VitBlock(VitDescription vit, NetworkWeights weights, int number, int tokens, int merge)
    {
        string name = $"blocks.{number}";
        int dim = vit.Dim;
        (Tokens, Merge, Apart) = (tokens, merge, vit.Pooling == VitPooling.ClassToken ? 1 : 0);
        (Heads, HeadSize) = (vit.Heads[number], vit.HeadSize);
        (HiddenNormWeight, HiddenNormBias) = (Vector("hiddenNorm.weight"), Vector("hiddenNorm.bias"));
        Qkv = weights.Linear($"{name}.attention.qkv", checked(3 * Width), dim)
            .After(Vector("attentionNorm.weight"), Vector("attentionNorm.bias"));
        for (int query = 0; query < Width; query++)
            Qkv.Before(query, 1 / Math.Sqrt(HeadSize));
        Projection = weights.Linear($"{name}.attention.projection", dim, Width);
        Hidden = weights.Linear($"{name}.hidden", vit.Hidden[number], dim).After(HiddenNormWeight, HiddenNormBias);
        Output = weights.Linear($"{name}.output", dim, vit.Hidden[number]);

        float[] Vector(string part) => weights.Get($"{name}.{part}", dim).ToArray();
    }

    /// <summary>Tokens before the block, tokens that merge, and tokens at the front that never merge.</summary>
    public int Tokens { get; }

    public int Merge { get; }

    public int Apart { get; }

    public int Heads { get; }

    public int HeadSize { get; }

    /// <summary>The size of the queries of all heads; keys and values have the same.</summary>
    public int Width => checked(Heads * HeadSize);

    public float[] HiddenNormWeight { get; }

    public float[] HiddenNormBias { get; }

    public LinearWeights Qkv { get; }

    public LinearWeights Projection { get; }

    public LinearWeights Hidden { get; }

    public LinearWeights Output { get; }

    public IEnumerable<LinearWeights> Layers => [Qkv, Projection, Hidden, Output];
}
