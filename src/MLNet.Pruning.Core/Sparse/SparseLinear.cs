using System.Runtime.InteropServices;
using MLNet.Pruning.Sparse.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a linear layer computes, by the weights that are on alone.</summary>
sealed unsafe class SparseLinear : ISparseLayer
{
    readonly float[] bias;

    /// <param name="layer">A linear layer in single precision on the CPU; its weights are copied.</param>
    public SparseLinear(Linear layer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var weight = layer.weight!.detach().contiguous();
        Weights = new SparseRows(MemoryMarshal.Cast<byte, float>(weight.bytes), checked((int)weight.shape[0]), checked((int)weight.shape[1]));
        bias = layer.bias is { } added ? MemoryMarshal.Cast<byte, float>(added.detach().contiguous().bytes).ToArray() : [];
    }

    public SparseRows Weights { get; }

    public long Bytes => Weights.Bytes + sizeof(float) * (long)bias.Length;

    public bool Holds(Tensor weight, Tensor? shift) =>
        weight.shape.SequenceEqual([Weights.Rows, Weights.Columns]) && LayerTensors.Hold(Weights, bias, weight, shift);

    public Tensor? Compute(Tensor input, VectorWidth width)
    {
        if (input.dtype != ScalarType.Float32 || input.device_type != DeviceType.CPU || input.Dimensions == 0 || input.shape[^1] != Weights.Columns)
            return null;
        using var whole = input.contiguous();
        var rows = whole.NumberOfElements / Weights.Columns;
        if (Math.Max(rows * Weights.Columns, rows * Weights.Rows) > int.MaxValue / sizeof(float))
            return null; // A span cannot show it.
        var numbers = MemoryMarshal.Cast<byte, float>(whole.bytes);
        var output = empty([.. input.shape[..^1], Weights.Rows]);
        if (rows > 0)
        {
            fixed (float* from = numbers, to = MemoryMarshal.Cast<byte, float>(output.bytes), shift = bias)
                SparseProduct.Multiply(Weights, from, (int)rows, shift, to, get_num_threads(), width);
        }
        return output;
    }
}
