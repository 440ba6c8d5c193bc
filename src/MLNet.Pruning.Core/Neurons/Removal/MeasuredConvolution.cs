using static TorchSharp.torch;

namespace MLNet.Pruning.Neurons;

static class MeasuredConvolution
{
    /// <summary>The settings of a convolution by dimension, which some versions of TorchSharp do not tell. The layer is as before afterwards.</summary>
    /// <exception cref="NotSupportedException">The kernel spans more than is tried.</exception>
    public static ConvolutionSettings[] Of(Layer layer)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var mode = new EvaluationMode(layer.Module);
        using var surgery = new Surgery();
        var (weight, bias) = (layer.Own("weight")!, layer.Own("bias"));
        var kernel = weight.shape[2..];
        // One filter a group is enough to measure by.
        long[] few = layer.Kind == LayerKind.Transposed ? [layer.In, 1, .. kernel] : [layer.Groups, layer.In / layer.Groups, .. kernel];
        try
        {
            surgery.Replace(weight, zeros(few, dtype: weight.dtype, device: weight.device));
            if (bias is not null)
                surgery.Replace(bias, zeros(layer.Groups, dtype: bias.dtype, device: bias.device));
            foreach (var length in ConvolutionProbe.Lengths)
                if (ConvolutionProbe.Measure(layer, weight, layer.In, length) is { } settings)
                    return settings;
        }
        finally
        {
            surgery.Undo();
        }
        throw new NotSupportedException($"{layer.Label} has a stride, padding or dilation that could not be measured.");
    }
}
