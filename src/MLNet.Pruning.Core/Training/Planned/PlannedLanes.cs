using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Training;

/// <summary>Which weights of a model are active, for plans that skip the others. Inactive weights are 0 in the model.</summary>
interface IActiveWeights
{
    /// <summary>Changes whenever masks may have changed.</summary>
    int Version { get; }

    /// <summary>Over the vector of all parameters: -1 active, 0 inactive.</summary>
    ReadOnlySpan<sbyte> Active { get; }

    /// <summary>Whether inactive weights get a gradient.</summary>
    bool AllGradients { get; }
}

/// <summary>
/// A linear layer forward and backward over lanes, [feature][row], where active weights alone can be multiplied: each with the rows of its
/// input, many rows at a time. Lanes behind the last row are finite, and zero in gradients of outputs.
/// </summary>
sealed unsafe class PlannedLanes(KernelSet kernels, PlannedLinear layer, nint stride, float* scratch)
{
    SparsePattern? active, transposed;
    bool sparse;

    public PlannedLinear Layer => layer;

    /// <summary>Whether only active weights get a gradient.</summary>
    public bool IsSampled { get; private set; }

    /// <summary>The sums for these.</summary>
    public SparsePattern Gradient => layer.Outputs > layer.Inputs ? transposed! : active!; // the fewer rows, the longer

    /// <summary>The distance between features of an even number of lines would put them all in the same few sets of the cache.</summary>
    public static nint StrideOf(KernelSet kernels, int lanes) => kernels.Padded(lanes) / kernels.Lanes % 2 == 0
        ? kernels.Padded(lanes) + kernels.Lanes : kernels.Padded(lanes);

    /// <summary>The size of the scratch memory of layers that read so many features.</summary>
    public static long Scratch(KernelSet kernels, int inputs, int lanes) => (long)lanes * kernels.Padded(inputs);

    /// <summary>Takes a mask, [outputs][inputs].</summary>
    public void Cut(ReadOnlySpan<sbyte> mask, bool allGradients)
    {
        sparse = KernelRule.SparseTraining(Density(mask), kernels);
        IsSampled = sparse && !allGradients;
        if (!sparse)
            return;
        active ??= new(layer.Outputs, layer.Inputs, stride);
        transposed ??= new(layer.Inputs, layer.Outputs, stride);
        active.Cut(mask);
        transposed.CutTransposed(active);
    }

    /// <summary>The fraction of active weights.</summary>
    public static double Density(ReadOnlySpan<sbyte> mask) => (double)mask.Count((sbyte)-1) / mask.Length;

    /// <summary>Takes the weights as they are now.</summary>
    public void Begin()
    {
        if (!sparse)
            return;
        active!.Take(layer.Whole);
        transposed!.Take(active.Values);
        if (IsSampled)
            Gradient.Clear();
    }

    /// <summary>y = W x + b, + residual if there is one.</summary>
    public void Forward(float* x, int lanes, float* y, float* residual = null)
    {
        if (sparse)
            active!.Multiply(kernels, layer.WholeBias, x, lanes, y, residual);
        else
            layer.MultiplyLanes(x, lanes, stride, y, residual);
    }

    /// <summary>dx = W^T dy: the gradient of what the layer has read.</summary>
    public void Backward(float* dy, int lanes, float* dx)
    {
        if (sparse)
            transposed!.Multiply(kernels, null, dy, lanes, dx, null);
        else
            layer.MultiplyLanesBack(dy, lanes, stride, dx);
    }

    /// <summary>Adds to the gradients of the parameters.</summary>
    public void Backward(float* x, float* dy, int lanes)
    {
        kernels.AddLanes(dy, lanes, layer.Outputs, stride, layer.BiasSums);
        if (IsSampled)
        {
            if (Gradient == active)
                active.AddSampled(kernels, dy, x, lanes);
            else
                transposed!.AddSampled(kernels, x, dy, lanes);
            return;
        }
        nint width = kernels.Padded(layer.Inputs);
        Transposition.Transpose(x, layer.Inputs, lanes, stride, scratch, width);
        layer.AddGradient(dy, stride, 1, scratch, width, lanes);
    }

    /// <summary>Zeroes the lanes behind the last row.</summary>
    public static void ClearRest(KernelSet kernels, float* x, int features, nint stride, int lanes)
    {
        int rest = kernels.Padded(lanes) - lanes;
        for (int feature = 0; rest > 0 && feature < features; feature++)
            new Span<float>(x + (feature * stride) + lanes, rest).Clear();
    }
}
