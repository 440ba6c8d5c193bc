using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>The tensors of layers that can be computed by their weights that are on.</summary>
static class LayerTensors
{
    /// <summary>The weight of a linear layer or a convolution of images in single precision on the CPU; null of any other module.</summary>
    public static Tensor? Weight(nn.Module module)
    {
        var (weight, bias) = module switch
        {
            Linear linear => (linear.weight, linear.bias),
            Conv2d convolution => (convolution.weight, convolution.bias),
            _ => (null, null),
        };
        return weight is { dtype: ScalarType.Float32, device_type: DeviceType.CPU } && weight.NumberOfElements is > 0 and <= int.MaxValue / sizeof(float)
            && bias is not { dtype: not ScalarType.Float32 } ? weight : null;
    }

    /// <summary>How many are not zero; something above <paramref name="limit"/> if more than that.</summary>
    public static int CountOn(Tensor tensor, int limit)
    {
        using var scope = NewDisposeScope();
        return SparseRows.CountOn(MemoryMarshal.Cast<byte, float>(tensor.detach().contiguous().bytes), limit);
    }

    /// <summary>A copy of a tensor's numbers.</summary>
    public static float[] Numbers(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, float>(tensor.detach().contiguous().bytes).ToArray();
    }
}
