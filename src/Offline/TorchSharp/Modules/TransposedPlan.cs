using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules;

/// <summary>What transposed convolutions of every dimension have in common: how they are laid out and started.</summary>
sealed class TransposedPlan
{
    readonly long[] stride;
    readonly long[] padding;
    readonly long[] outputPadding;
    readonly long[] dilation;
    readonly long groups;

    internal TransposedPlan(long[] stride, long[] padding, long[] outputPadding, long[] dilation, long groups, PaddingModes mode)
    {
        if (mode != PaddingModes.Zeros)
            throw new ArgumentException("Only PaddingModes.Zeros is supported for ConvTransposeND", "padding_mode");
        (this.stride, this.padding, this.outputPadding, this.dilation, this.groups) = (stride, padding, outputPadding, dilation, groups);
    }

    internal Parameter NewWeight(long inChannels, long outChannels, long[] kernel, Device? device, ScalarType? dtype)
    {
        var weight = Module.NewParameter([inChannels, outChannels / groups, .. kernel], device, dtype);
        init.kaiming_uniform_(weight, Math.Sqrt(5));
        return weight;
    }

    // A transposed convolution keeps its inputs first, and PyTorch takes the second dimension for the fan in all the same.
    internal static Parameter NewBias(Tensor weight, long outChannels, Device? device, ScalarType? dtype)
    {
        var bias = Module.NewParameter([outChannels], device, dtype);
        init.LikeFan(bias, init.CalculateFanInAndFanOut(weight).fanIn);
        return bias;
    }

    internal Tensor Apply(Tensor input, Parameter weight, Parameter? bias) => stride.Length == 1
        ? functional.conv_transpose1d(input, weight, bias, stride[0], padding[0], outputPadding[0], dilation[0], groups)
        : functional.conv_transpose2d(input, weight, bias, stride, padding, outputPadding, dilation, groups);
}
