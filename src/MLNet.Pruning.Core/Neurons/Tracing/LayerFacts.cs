using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

/// <summary>What is learnt about a layer from one call of it.</summary>
static class LayerFacts
{
    /// <summary>Whether the layer is one that is understood, such as a layer norm over the last dimension alone.</summary>
    public static bool Read(Layer layer, Tensor input, Tensor output)
    {
        layer.InputDimensions = (int)input.Dimensions;
        var countIn = layer.Kind == LayerKind.Embedding ? 0 : (int)input.shape[layer.FeatureAxis(input)];
        var groups = layer.Module switch
        {
            Convolution convolution => convolution.groups,
            GroupNorm norm => norm.num_groups,
            _ => 1,
        };
        layer.Size = new(countIn, (int)output.shape[layer.FeatureAxis(output)], (int)groups);
        return layer.Module is not LayerNorm { normalized_shape.Length: not 1 };
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
}
