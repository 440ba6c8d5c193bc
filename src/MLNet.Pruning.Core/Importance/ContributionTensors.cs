using System.Runtime.InteropServices;
using MLNet.Pruning.Importance;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Contributions from tensors: what a hook sees going into a layer, and that layer's weight.</summary>
public static class ContributionTensors
{
    /// <summary>Observes a batch going into a linear layer.</summary>
    /// <param name="accumulator">What adds it up.</param>
    /// <param name="activations">[..., neurons * block]; everything before the last dimension is samples.</param>
    /// <param name="weight">[consumers, neurons * block], on the same device.</param>
    /// <param name="block">Consecutive inputs that belong to one neuron, such as the pixels of a flattened channel.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or a value is not finite.</exception>
    public static void ObserveLinear(this ContributionAccumulator accumulator, Tensor activations, Tensor weight, int block = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block, 1);
        var inputs = (long)accumulator.Neurons * block;
        Require(activations.dim() >= 1 && activations.shape[^1] == inputs, nameof(activations), activations, $"[..., {inputs}]");
        Require(weight.dim() == 2 && weight.shape[1] == inputs, nameof(weight), weight, $"[consumers, {inputs}]");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (activations.device.type == DeviceType.CPU)
            accumulator.ObserveLinear(Floats(activations), Floats(weight), block);
        else
            DeviceShares.Linear(accumulator, activations.reshape(-1, accumulator.Neurons, block), weight.reshape(-1, accumulator.Neurons, block));
    }

    /// <summary>Observes a batch going into a convolution (1-d or 2-d, transposed or not); a neuron is a channel.</summary>
    /// <param name="accumulator">What adds it up.</param>
    /// <param name="activations">[samples, neurons, width] or [samples, neurons, height, width].</param>
    /// <param name="weight">As PyTorch stores it, on the same device.</param>
    /// <param name="shape">Stride, padding, dilation and groups; for a 1-d convolution their widths count.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or a value is not finite.</exception>
    public static void ObserveConvolution(this ContributionAccumulator accumulator, Tensor activations, Tensor weight, ConvolutionShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Groups, 1);
        var (channels, dimensions) = (accumulator.Neurons, activations.dim());
        Require(dimensions is 3 or 4 && activations.shape[1] == channels, nameof(activations), activations, $"[samples, {channels}, width] or [samples, {channels}, height, width]");
        var (dimension, wanted) = shape.Transposed ? (0, channels) : (1, channels / shape.Groups);
        Require(weight.dim() == dimensions && weight.shape[dimension] == wanted, nameof(weight), weight, $"{dimensions} dimensions, of which number {dimension} is {wanted}");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (dimensions == 3)
        {
            activations = activations.unsqueeze(2);
            weight = weight.unsqueeze(2);
        }
        var (input, kernel) = (activations.shape, weight.shape);
        if (activations.device.type == DeviceType.CPU)
        {
            accumulator.ObserveConvolution(
                Floats(activations), (int)input[2], (int)input[3], Floats(weight), (int)kernel[2], (int)kernel[3], shape);
        }
        else
        {
            // Asked for its complaints: torch's own would name none of the sizes.
            shape.OutputSize((int)input[2], (int)input[3], (int)kernel[2], (int)kernel[3]);
            DeviceShares.Convolution(accumulator, activations, weight, shape);
        }
    }

    // Small layers are watched in every step: where there is nothing to convert, nothing is called.
    static ReadOnlySpan<float> Floats(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            tensor = tensor.detach().cpu().to_type(ScalarType.Float32).contiguous();
        return MemoryMarshal.Cast<byte, float>(tensor.bytes);
    }

    static void Require(bool fits, string name, Tensor tensor, string wanted)
    {
        if (!fits)
            throw new ArgumentException($"The shape of {name} is [{string.Join(", ", tensor.shape)}]; it must be {wanted}.", name);
    }
}
