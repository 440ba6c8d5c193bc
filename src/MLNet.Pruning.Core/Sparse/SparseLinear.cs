using System.Runtime.InteropServices;
using MLNet.Pruning.Sparse.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a linear layer computes, by the weights that are on alone. Any number of threads may use it.</summary>
sealed unsafe class SparseLinear
{
    readonly float[] bias;

    /// <param name="layer">A linear layer in single precision on the CPU; its weights are copied.</param>
    public SparseLinear(Linear layer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var weight = layer.weight!.detach().contiguous();
        Rows = new SparseRows(MemoryMarshal.Cast<byte, float>(weight.bytes), checked((int)weight.shape[0]), checked((int)weight.shape[1]));
        bias = layer.bias is { } added ? MemoryMarshal.Cast<byte, float>(added.detach().contiguous().bytes).ToArray() : [];
    }

    public SparseRows Rows { get; }

    /// <summary>Bytes held beside the layer's own.</summary>
    public long Bytes => Rows.Bytes + sizeof(float) * (long)bias.Length;

    /// <summary>Whether weights of this kind can be taken.</summary>
    public static bool Takes(Linear layer) =>
        layer.weight is { Dimensions: 2, dtype: ScalarType.Float32, device_type: DeviceType.CPU } weight && weight.NumberOfElements is > 0 and <= int.MaxValue / sizeof(float)
        && layer.bias is not { dtype: not ScalarType.Float32 };

    /// <summary>How many of a layer's weights are on; something above <paramref name="limit"/> if more than that.</summary>
    public static int CountOn(Linear layer, int limit)
    {
        using var scope = NewDisposeScope();
        return SparseRows.CountOn(MemoryMarshal.Cast<byte, float>(layer.weight!.detach().contiguous().bytes), limit);
    }

    /// <summary>The layer's output for an input [..., in]; null where only the dense layer gives the right one: an input of another kind or size, or with a NaN or an infinity in it, which a weight
    /// of zero turns into NaN.</summary>
    public Tensor? Compute(Tensor input, VectorWidth width)
    {
        if (input.dtype != ScalarType.Float32 || input.device_type != DeviceType.CPU || input.Dimensions == 0 || input.shape[^1] != Rows.Columns)
            return null;
        using var whole = input.contiguous();
        var rows = whole.NumberOfElements / Rows.Columns;
        if (Math.Max(rows * Rows.Columns, rows * Rows.Rows) > int.MaxValue / sizeof(float))
            return null; // A span cannot show it.
        var numbers = MemoryMarshal.Cast<byte, float>(whole.bytes);
        if (!Finite.All(numbers))
            return null;
        var output = empty([.. input.shape[..^1], Rows.Rows]);
        if (rows > 0)
        {
            fixed (float* from = numbers, to = MemoryMarshal.Cast<byte, float>(output.bytes), shift = bias)
                SparseProduct.Multiply(Rows, from, (int)rows, shift, to, get_num_threads(), width);
        }
        return output;
    }
}
