using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>What is learnt about a layer from one call of it. Some versions of TorchSharp tell a layer's sizes and groups, some do not; tensors do in all.</summary>
static class LayerFacts
{
    /// <summary>Whether the layer is one that is understood, such as a layer norm over the last dimension alone.</summary>
    public static bool Read(Layer layer, Tensor input, Tensor output)
    {
        layer.InputShape = input.shape;
        var weight = layer.Own("weight");
        var countOut = (int)output.shape[layer.FeatureAxis(output)];
        var countIn = layer.Kind == LayerKind.Embedding ? 0 : (int)input.shape[layer.FeatureAxis(input)];
        var groups = layer.Kind switch
        {
            LayerKind.Convolution => countIn / weight!.shape[1],
            LayerKind.Transposed => countOut / weight!.shape[1],
            LayerKind.GroupNorm => countIn / ChannelsPerGroup(layer, input),
            _ => 1,
        };
        layer.Size = new(countIn, countOut, (int)groups);
        return layer.Kind != LayerKind.LayerNorm || (weight is null ? Smeared(layer, input) == countIn : weight.Dimensions == 1);
    }

    public static bool TakesNoRows(Layer layer, Tensor input)
    {
        using var scope = NewDisposeScope();
        try
        {
            return input.Dimensions > 1 && layer.Module.forward(input.narrow(0, 0, 0)).NumberOfElements == 0;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false; // Such as an image without a batch, whose first dimension are the channels.
        }
    }

    // How much of its input the norm mixes: one NaN makes so many.
    static long Smeared(Layer layer, Tensor input)
    {
        using var scope = NewDisposeScope();
        var probe = zeros_like(input).flatten();
        probe.narrow(0, 0, 1).fill_(Scalars.NaN);
        return layer.Module.forward(probe.view(input.shape)).isnan().sum().item<long>();
    }

    static int ChannelsPerGroup(Layer layer, Tensor input)
    {
        using var scope = NewDisposeScope();
        var probe = zeros([1, input.shape[1], 2], dtype: input.dtype, device: input.device);
        probe.narrow(1, 0, 1).fill_(Scalars.NaN);
        return (int)(layer.Module.forward(probe).isnan().sum().item<long>() / 2);
    }
}
