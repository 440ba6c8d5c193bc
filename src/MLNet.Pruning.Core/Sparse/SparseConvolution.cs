using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using MLNet.Pruning.Sparse.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a convolution of images computes, by the weights that are on alone.</summary>
sealed unsafe class SparseConvolution : ISparseLayer
{
    // A model may be given images of many sizes.
    const int MostGrids = 16;

    readonly float[] bias;
    readonly ConvolutionAxis down, across;
    readonly int channels, kernelHeight, kernelWidth;
    readonly ConcurrentDictionary<(int Height, int Width), ImageGrid> grids = new();

    SparseConvolution(Conv2d layer, long[] padding)
    {
        (down, across) = (Axis(0), Axis(1));
        var shape = layer.weight!.shape;
        (channels, kernelHeight, kernelWidth) = ((int)shape[1], (int)shape[2], (int)shape[3]);
        Weights = new SparseRows(LayerTensors.Numbers(layer.weight), (int)shape[0], channels * kernelHeight * kernelWidth);
        bias = layer.bias is { } added ? LayerTensors.Numbers(added) : [];

        ConvolutionAxis Axis(int d) => new((int)layer.stride[d], (int)padding[d], (int)layer.dilation[d]);
    }

    public SparseRows Weights { get; }

    public long Bytes => Weights.Bytes + sizeof(float) * (long)bias.Length;

    /// <summary>The sparse form; null for a layer in groups, or one that pads with anything but zeros.</summary>
    /// <param name="layer">A layer in single precision on the CPU; its weights are copied.</param>
    /// <param name="inputShape">The shape of an input that it was given: [images, channels, height, width].</param>
    public static SparseConvolution? Of(Conv2d layer, long[] inputShape)
    {
        if (inputShape.Length != 4 || layer.weight!.shape[1] != inputShape[1])
            return null;
        var padding = layer.padding_type == Padding.Valid ? [0, 0] : layer.padding;
        return padding is not null && (layer.padding_mode == PaddingModes.Zeros || padding.All(p => p == 0)) ? new(layer, padding) : null;
    }

    public bool Holds(Tensor weight, Tensor? shift) =>
        weight.shape.SequenceEqual([Weights.Rows, channels, kernelHeight, kernelWidth]) && LayerTensors.Hold(Weights, bias, weight, shift);

    public Tensor? Compute(Tensor input, VectorWidth width)
    {
        if (input.dtype != ScalarType.Float32 || input.device_type != DeviceType.CPU || input.Dimensions != 4 || input.shape[1] != channels || input.NumberOfElements > int.MaxValue / sizeof(float))
            return null;
        var (images, height, across) = ((int)input.shape[0], (int)input.shape[2], (int)input.shape[3]);
        var grid = Grid(height, across);
        if (grid.OutputHeight < 1 || grid.OutputWidth < 1 || (long)images * Weights.Rows * grid.OutputHeight * grid.OutputWidth > int.MaxValue / sizeof(float))
            return null;
        using var whole = input.contiguous();
        var numbers = MemoryMarshal.Cast<byte, float>(whole.bytes);
        var output = empty(images, Weights.Rows, grid.OutputHeight, grid.OutputWidth);
        if (images > 0)
        {
            fixed (float* from = numbers, to = MemoryMarshal.Cast<byte, float>(output.bytes), shift = bias)
                FilterProduct.Multiply(Weights, grid, from, images, shift, to, get_num_threads(), width);
        }
        return output;
    }

    ImageGrid Grid(int height, int width)
    {
        if (grids.TryGetValue((height, width), out var known))
            return known;
        var grid = new ImageGrid(channels, height, width, kernelHeight, kernelWidth, down, across);
        if (grids.Count < MostGrids)
            grids[(height, width)] = grid;
        return grid;
    }
}
