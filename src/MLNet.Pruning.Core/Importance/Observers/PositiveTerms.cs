using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Importance;

/// <summary>
/// The alpha-1 beta-0 rule: term i of a weighted sum gets the relevance R of the sum times (a_i w_i)+ / sum over k of (a_k w_k)+.
/// Relevance is value times gradient, so a layer gives z = p (z / p), where p is the sum of positive terms and the quotient a constant.
/// </summary>
sealed class PositiveTerms
{
    readonly List<Tensor> kept = [];
    (Layer Layer, Tensor Input, Tensor Output)? last;

    /// <summary>What a layer computes, with gradients of the rule.</summary>
    /// <param name="layer">A linear layer or a convolution.</param>
    /// <param name="x">What it reads.</param>
    /// <param name="z">What it computes.</param>
    public Tensor Through(Layer layer, Tensor x, Tensor z)
    {
        var output = As(Sum(layer, x, layer.Own("weight")!.detach()), z);
        kept.Add(x.alias().DetachFromDisposeScope()); // the model may dispose of its own
        last = (layer, kept[^1], output);
        return output;
    }

    /// <summary>
    /// What a batch norm computes. Right behind a layer it is part of it: its scale multiplies the weights, and only the sign of that
    /// matters to shares. Elsewhere each feature keeps its relevance.
    /// </summary>
    /// <param name="norm">The batch norm.</param>
    /// <param name="x">What it reads.</param>
    /// <param name="y">What it computes.</param>
    public Tensor ThroughNorm(Layer norm, Tensor x, Tensor y)
    {
        if (last is not var (layer, input, output) || !ReferenceEquals(output, x))
            return As(x, y);
        var weight = layer.Own("weight")!.detach();
        if (norm.Own("weight") is not { } scale)
            return As(x, y);
        long[] perOutput = [.. weight.shape.Select((_, d) => d == 0 ? -1L : 1)];
        if (layer.Kind == LayerKind.Transposed) // [in, out / groups, ...]
            weight = weight.reshape([layer.Groups, weight.shape[0] / layer.Groups, .. weight.shape[1..]])
                * scale.detach().sign().reshape([layer.Groups, 1, weight.shape[1], .. weight.shape[2..].Select(_ => 1L)]);
        else
            weight = weight * scale.detach().sign().reshape(perOutput);
        return As(Sum(layer, input, weight.reshape(layer.Own("weight")!.shape)), y);
    }

    /// <summary>Forgets the last pass.</summary>
    public void Clear()
    {
        foreach (var tensor in kept)
            tensor.Dispose();
        kept.Clear();
        last = null;
    }

    // The value is z's, the gradient that of p times z / p. Where there is no positive term, there is nobody to give relevance to.
    static Tensor As(Tensor p, Tensor z)
    {
        var (sum, value) = (p.detach(), z.detach());
        var factor = where(sum.ne(Scalars.Zero), value / sum, zeros_like(sum));
        return (p * factor).Plus(value - sum * factor);
    }

    /// <summary>The sum of positive terms: positive inputs by positive weights, and negative ones by negative ones.</summary>
    static Tensor Sum(Layer layer, Tensor x, Tensor weight) =>
        Apply(layer, x.clamp_min(Scalars.Zero), weight.clamp_min(Scalars.Zero))
            .Plus(Apply(layer, x.clamp_max(Scalars.Zero), weight.clamp_max(Scalars.Zero)));

    static Tensor Apply(Layer layer, Tensor x, Tensor weight)
    {
        if (layer.Kind == LayerKind.Linear)
            return nn.functional.linear(x, weight);
        var (shape, border, mode) = ReaderShares.Shape(layer);
        if (border is not null)
            x = nn.functional.pad(x, border, mode);
        var flat = x.Dimensions == 3; // of a one-dimensional convolution, which is one of height 1
        if (flat)
            (x, weight) = (x.unsqueeze(2), weight.unsqueeze(2));
        var z = shape.Transposed
            ? nn.functional.conv_transpose2d(x, weight, null, Both(shape.Stride), Both(shape.Padding), Both(shape.OutputPadding),
                Both(shape.Dilation), shape.Groups)
            : nn.functional.conv2d(x, weight, null, Both(shape.Stride), Both(shape.Padding), Both(shape.Dilation), shape.Groups);
        return flat ? z.squeeze(2) : z;

        static long[] Both((int Height, int Width) pair) => [pair.Height, pair.Width];
    }
}
