using System.Runtime.InteropServices;
using MLNet.Pruning.Sparse.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>The tensors of layers that can be computed by their weights that are on.</summary>
static class LayerTensors
{
    /// <summary>The weight of a linear layer or a convolution of images in single precision on the CPU, and the bias; nulls of any other
    /// module.</summary>
    public static (Tensor? Weight, Tensor? Bias) Of(nn.Module module)
    {
        (Tensor? weight, Tensor? bias) = module switch
        {
            Linear linear => (linear.weight, linear.bias),
            Conv2d convolution => (convolution.weight, convolution.bias),
            _ => (null, null),
        };
        return weight is { dtype: ScalarType.Float32, device_type: DeviceType.CPU } && weight.NumberOfElements is > 0 and <= int.MaxValue / sizeof(float)
            && bias is not { dtype: not ScalarType.Float32 } ? (weight, bias) : (null, null);
    }

    /// <summary>How many are not zero.</summary>
    public static int CountOn(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return SparseRows.CountOn(MemoryMarshal.Cast<byte, float>(tensor.detach().contiguous().bytes));
    }

    /// <summary>Whether a layer's tensors still hold what was copied from them.</summary>
    public static bool Hold(SparseRows copied, float[] copiedBias, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        return copied.AreOf(MemoryMarshal.Cast<byte, float>(weight.detach().contiguous().bytes))
            && (bias is null ? [] : Numbers(bias)).AsSpan().SequenceEqual(copiedBias);
    }

    /// <summary>Whether there is neither an infinity nor a NaN in a tensor.</summary>
    public static bool AreFinite(Tensor tensor)
    {
        using var whole = tensor.contiguous();
        return Finite.All(MemoryMarshal.Cast<byte, float>(whole.bytes));
    }

    /// <summary>A copy of a tensor's numbers.</summary>
    public static float[] Numbers(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, float>(tensor.detach().contiguous().bytes).ToArray();
    }
}
