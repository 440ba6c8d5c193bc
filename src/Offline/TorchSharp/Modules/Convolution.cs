using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules;

/// <summary>What convolutions of every dimension have in common: how they are laid out, started and padded.</summary>
sealed class ConvolutionPlan
{
    readonly string layer;
    readonly long inChannels;
    readonly long outChannels;
    readonly long[] kernel;
    readonly long[] stride;
    readonly long[] dilation;
    readonly long[] none;
    readonly long[] padding;
    readonly Padding? paddingType;
    readonly long groups;
    readonly PaddingModes mode;
    readonly long[] around;

    internal ConvolutionPlan(string layer, long inChannels, long outChannels, long[] kernel, long[] stride, long[]? padding, Padding? paddingType,
        long[] dilation, long groups, PaddingModes mode)
    {
        this.layer = layer;
        this.inChannels = inChannels;
        this.outChannels = outChannels;
        this.kernel = kernel;
        this.stride = stride;
        this.dilation = dilation;
        this.paddingType = paddingType;
        this.groups = groups;
        this.mode = mode;
        none = new long[kernel.Length];
        this.padding = padding ?? none;
        if (paddingType == Padding.Same && stride.Any(step => step != 1))
            throw new ArgumentException("padding='same' is not supported for strided convolutions");
        around = [.. Enumerable.Range(0, kernel.Length).Reverse().SelectMany(Around)];
    }

    /// <summary>How much to pad before and after one dimension when it is not padded with zeros.</summary>
    long[] Around(int dimension)
    {
        if (paddingType is null)
            return [padding[dimension], padding[dimension]];
        if (paddingType == Padding.Valid)
            return [0, 0];
        var total = dilation[dimension] * (kernel[dimension] - 1);
        return [total / 2, total - total / 2];
    }

    internal Parameter NewWeight(Device? device, ScalarType? dtype)
    {
        var weight = Module.NewParameter([outChannels, inChannels / groups, .. kernel], device, dtype);
        init.kaiming_uniform_(weight, Math.Sqrt(5));
        return weight;
    }

    internal Parameter NewBias(Device? device, ScalarType? dtype)
    {
        var bias = Module.NewParameter([outChannels], device, dtype);
        init.LikeFan(bias, inChannels / groups * kernel.Aggregate(1L, (size, extent) => size * extent));
        return bias;
    }

    internal Tensor Apply(Tensor input, Parameter weight, Parameter? bias)
    {
        var dimensions = input.Dimensions - kernel.Length;
        if (dimensions is not (1 or 2) || input.size((int)dimensions - 1) != inChannels)
            throw new ArgumentException(
                $"Expected {kernel.Length + 1}D (unbatched) or {kernel.Length + 2}D (batched) input with {inChannels} channels to {layer}.");
        if (mode != PaddingModes.Zeros)
        {
            using var padded = functional.pad(input, around, mode);
            return Convolve(padded, weight, bias, none);
        }
        return paddingType is { } type
            ? functional.PaddedConvolution(input, weight, bias, stride, type, dilation, groups)
            : Convolve(input, weight, bias, padding);
    }

    Tensor Convolve(Tensor input, Parameter weight, Parameter? bias, long[] zeros) => kernel.Length == 1
        ? functional.conv1d(input, weight, bias, stride[0], zeros[0], dilation[0], groups)
        : functional.conv2d(input, weight, bias, stride, zeros, dilation, groups);
}
