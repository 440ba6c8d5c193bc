using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>
/// Attention of several heads, proportional to how much each token stands for (Bolya et al., 2023): a token of several patches weighs in the softmax as
/// if each of them were there. How many heads there are follows from the weights, so that heads can be removed.
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
    /// <param name="sizes">[B, N]: what each token stands for; null where each stands for as much as the others.</param>
    public Tensor Run(Tensor values, Tensor? sizes)
    {
        // What only this computation needs goes as soon as it is over, and not with the whole step: its memory serves the next one.
        using var scope = NewDisposeScope();
        var (images, tokens) = (values.shape[0], values.shape[1]);
        var all = qkv.call(values).view(images, tokens, 3, -1, headSize).permute(2, 0, 3, 1, 4).contiguous(); // [3, B, heads, N, head size]
        var heads = all.shape[2];
        var parts = all.view(3, images * heads, tokens, headSize).unbind(0);
        var (queries, keys) = (parts[0].Over(Math.Sqrt(headSize)), parts[1].transpose(1, 2));
        var logits = queries.bmm(keys);
        // The logarithm of a size is added to all logits of the token's key. Not by baddbmm, which in TorchSharp adds another of its operands.
        if (sizes is not null)
            logits = logits.view(images, heads, tokens, tokens).add_(sizes.log().view(images, 1, 1, tokens), Scalars.One)
                .view(images * heads, tokens, tokens);
        var mixed = logits.softmax(-1).bmm(parts[2]).view(images, heads, tokens, headSize).transpose(1, 2).reshape(images, tokens, heads * headSize);
        return projection.call(mixed).MoveToOuterDisposeScope();
    }
}
