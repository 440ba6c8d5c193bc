using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// A block: attention, then a layer of hidden neurons. Each reads the normalised tokens and adds its output to the tokens.
/// </summary>
sealed class VitBlock : nn.Module
{
    readonly LayerNorm attentionNorm, hiddenNorm;
    readonly VitAttention attention;
    readonly Linear hidden, output;
    readonly nn.Module<Tensor, Tensor> activation;
    readonly Dropout? dropout;
    readonly int merge;

    public VitBlock(VitBlueprint blueprint, int number, int merge) : base(nameof(VitBlock))
    {
        this.merge = merge;
        long dim = blueprint.Dim, neurons = blueprint.BlockHidden[number];
        attentionNorm = nn.LayerNorm(dim, blueprint.NormEpsilon);
        attention = new VitAttention(dim, blueprint.BlockHeads[number], blueprint.HeadSize);
        hiddenNorm = nn.LayerNorm(dim, blueprint.NormEpsilon);
        hidden = nn.Linear(dim, neurons);
        activation = blueprint.Activation.Module();
        output = nn.Linear(neurons, dim);
        if (blueprint.Dropout > 0)
            dropout = nn.Dropout(blueprint.Dropout);
        RegisterComponents();
    }

    public VitTokens Run(VitTokens tokens)
    {
        using var scope = NewDisposeScope();
        tokens = tokens with { Values = tokens.Values.Plus(Dropped(attention.Run(attentionNorm.call(tokens.Values), tokens.Sizes))) };
        // Compare tokens as the next layer sees them: what it no longer reads does not count.
        if (merge > 0)
            tokens = tokens.Merged(merge, hiddenNorm.call(tokens.Values));
        var made = output.call(activation.call(hidden.call(hiddenNorm.call(tokens.Values))));
        tokens = tokens with { Values = tokens.Values.Plus(Dropped(made)).MoveToOuterDisposeScope() };
        return merge > 0 ? tokens with { Sizes = tokens.Sizes?.MoveToOuterDisposeScope() } : tokens;
    }

    Tensor Dropped(Tensor values) => dropout is null ? values : dropout.call(values);
}

/// <summary>
/// Attention of several heads, proportional to token sizes (Bolya et al., 2023): in the softmax, a token of several patches weighs as much
/// as its patches would. The number of heads follows from the weights, so that heads can be removed.
/// </summary>
sealed class VitAttention : nn.Module
{
    readonly int headSize;
    readonly Linear qkv, projection;

    public VitAttention(long dim, long heads, int headSize) : base(nameof(VitAttention))
    {
        this.headSize = headSize;
        // Queries of all heads, then keys, then values.
        qkv = nn.Linear(dim, 3 * heads * headSize);
        projection = nn.Linear(heads * headSize, dim);
        RegisterComponents();
    }

    /// <summary>[B, N, D] -> [B, N, D]</summary>
    /// <param name="values">The tokens, normalised.</param>
    /// <param name="sizes">[B, N]: the number of patches of each token; null if all are equal.</param>
    public Tensor Run(Tensor values, Tensor? sizes)
    {
        // Free temporary tensors here rather than at the end of the step, so that the next computation reuses their memory.
        using var scope = NewDisposeScope();
        var (images, tokens, joined) = (values.shape[0], values.shape[1], qkv.call(values));
        // Add the logarithm of a token's size to all logits of its key.
        var logSizes = sizes?.log();
        // Neuron discovery, which runs without gradients, needs the plain operators: they propagate NaN.
        if (is_grad_enabled() && FewTokensAttention.Computes(joined, headSize))
            return projection.call(FewTokensAttention.Apply(joined, logSizes, headSize)).MoveToOuterDisposeScope();
        var parts = joined.view(images, tokens, 3, -1, headSize).permute(2, 0, 3, 1, 4).unbind(0); // of [B, heads, N, head size]
        var added = logSizes?.view(images, 1, 1, tokens);
        var mixed = is_grad_enabled()
            ? nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], added)
            : Plain(parts[0], parts[1], parts[2], added);
        return projection.call(mixed.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    Tensor Plain(Tensor queries, Tensor keys, Tensor values, Tensor? added)
    {
        var logits = queries.Over(Math.Sqrt(headSize)).matmul(keys.transpose(2, 3));
        return (added is null ? logits : logits.Plus(added)).softmax(-1).matmul(values);
    }
}
