using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Neurons;

/// <summary>How somebody else may write an attention.</summary>
public enum AttentionStyle
{
    /// <summary>One layer for queries, keys and values; the number of heads follows from its weights.</summary>
    Fused,

    /// <summary>A layer each; the number of heads follows from their weights.</summary>
    Apart,

    /// <summary>One layer, whose neurons are numbered with the head last.</summary>
    Interleaved,

    /// <summary>One layer, and the number of heads is written down.</summary>
    Counted,
}

/// <summary>A block of a transformer as other people write it.</summary>
sealed class OwnBlock : nn.Module<Tensor, Tensor>
{
    readonly AttentionStyle style;
    readonly long heads, headSize;
    readonly LayerNorm norm1, norm2;
    readonly Linear? qkv, query, key, value;
    readonly Linear projection, fc1, fc2;

    public OwnBlock(AttentionStyle style, long dim, long heads, long headSize, long hidden) : base(nameof(OwnBlock))
    {
        (this.style, this.heads, this.headSize) = (style, heads, headSize);
        norm1 = nn.LayerNorm(dim);
        if (style == AttentionStyle.Apart)
            (query, key, value) = (nn.Linear(dim, heads * headSize), nn.Linear(dim, heads * headSize), nn.Linear(dim, heads * headSize));
        else
            qkv = nn.Linear(dim, 3 * heads * headSize);
        projection = nn.Linear(heads * headSize, dim);
        norm2 = nn.LayerNorm(dim);
        (fc1, fc2) = (nn.Linear(dim, hidden), nn.Linear(hidden, dim));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var x = input.Plus(Attend(norm1.call(input)));
        return x.Plus(fc2.call(fc1.call(norm2.call(x)).relu()));
    }

    Tensor Attend(Tensor x)
    {
        var (b, n) = (x.shape[0], x.shape[1]);
        Tensor[] parts = style switch
        {
            AttentionStyle.Apart => [.. new[] { query!, key!, value! }.Select(layer => layer.call(x).view(b, n, -1, headSize).transpose(1, 2))],
            AttentionStyle.Interleaved => [.. qkv!.call(x).view(b, n, 3, headSize, -1).permute(2, 0, 4, 1, 3).unbind(0)],
            AttentionStyle.Counted => [.. qkv!.call(x).view(b, n, 3, heads, headSize).permute(2, 0, 3, 1, 4).unbind(0)],
            _ => [.. qkv!.call(x).view(b, n, 3, -1, headSize).permute(2, 0, 3, 1, 4).unbind(0)],
        };
        var mixed = parts[0].matmul(parts[1].transpose(2, 3)).Over(Math.Sqrt(headSize)).softmax(-1).matmul(parts[2]);
        mixed = style == AttentionStyle.Interleaved ? mixed.permute(0, 2, 3, 1) : mixed.transpose(1, 2);
        return projection.call(mixed.reshape(b, n, -1));
    }
}
