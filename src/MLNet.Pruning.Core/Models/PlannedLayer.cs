using System.Runtime.InteropServices;
using MLNet.Pruning.Plans;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

/// <summary>A linear layer or a convolution of images, which a scoring plan of its own may compute.</summary>
sealed class PlannedLayer(string name, nn.Module<Tensor, Tensor> layer) : IDisposable
{
    /// <summary>Smaller layers take microseconds in either form.</summary>
    public const long MinimumWeights = 4096;

    // Denser layers are not considered.
    const double MaximumDensity = 0.5;

    readonly List<Action> removers = [];
    Tensor? nothing;
    float[] weights = [], bias = []; // by which the choice was made; not kept if the layer is too dense for one

    public nn.Module<Tensor, Tensor> Layer => layer;

    /// <summary>The plan that computes the layer; null if the layer itself does.</summary>
    public Chosen? Choice { get; private set; }

    /// <summary>How the layer is computed; null if more than half of its weights are active, or if plans cannot compute it.</summary>
    public PlanStep? Record { get; private set; }

    /// <summary>The shape of the layer's input when the model scored one row; null if it was not called.</summary>
    public long[]? Seen { get; set; }

    /// <summary>
    /// The weight of a linear layer or a convolution of images in single precision on the CPU; null for any other module.
    /// </summary>
    public static Tensor? Weight(nn.Module module)
    {
        var weight = module switch { Linear linear => linear.weight, Conv2d convolution => convolution.weight, _ => null };
        return weight is { dtype: ScalarType.Float32, device_type: DeviceType.CPU }
            && weight.NumberOfElements is > 0 and <= int.MaxValue / sizeof(float)
            && Bias(module) is not { dtype: not ScalarType.Float32 } ? weight : null;
    }

    static Tensor? Bias(nn.Module module) =>
        module switch { Linear linear => linear.bias, Conv2d convolution => convolution.bias, _ => null };

    /// <summary>How many rows an input of this shape has: images, or all dimensions but the last.</summary>
    public long Rows(long[] shape) => layer is Linear ? shape[..^1].Aggregate(1L, (rows, extent) => rows * extent) : shape[0];

    /// <summary>The shape of one row.</summary>
    public long[] RowShape(long[] shape) => layer is Linear ? [shape[^1]] : shape[1..];

    /// <summary>Calls one method before the layer, and one after it.</summary>
    /// <param name="before">Returns another input, or null.</param>
    /// <param name="after">Returns the output.</param>
    public void Hook(Func<PlannedLayer, Tensor, Tensor?> before, Func<Tensor, Tensor, Tensor> after)
    {
        removers.Add(layer.register_forward_pre_hook((_, input) => before(this, input)!).remove);
        removers.Add(layer.register_forward_hook((_, input, output) => after(input, output)).remove);
    }

    /// <summary>Whether the choice is still valid. It depends on the weights only.</summary>
    public bool IsCurrent()
    {
        using var scope = NewDisposeScope();
        var now = Numbers(Weight(layer));
        return weights.Length == 0 ? IsDense(now) : now.SequenceEqual(weights) && Numbers(Bias(layer)).SequenceEqual(bias);
    }

    /// <summary>Chooses by the present weights.</summary>
    public void Choose(SparseScoring scoring)
    {
        (Choice, Record) = (null, null);
        using var scope = NewDisposeScope();
        (weights, bias) = ([], []);
        var now = Numbers(Weight(layer));
        if (IsDense(now))
            return;
        (weights, bias) = (now.ToArray(), Numbers(Bias(layer)).ToArray());
        if (Seen is null && (scoring == SparseScoring.Automatic || layer is not Linear))
            return;
        var rowShape = layer is Linear { weight: { } matrix } ? [matrix.shape[1]] : RowShape(Seen!);
        if (Nothing(rowShape) is not { } given || Plan(rowShape, given.Shape, scoring) is not { } plan)
            return;
        var step = plan.Steps[0] with { Layer = name };
        Record = step.IsSparse ? step : step with { Kernel = "LibTorch" };
        Choice = step.IsSparse ? new(plan, given.Rows, rowShape, given.Shape) : null;
    }

    /// <summary>Restores the layer.</summary>
    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Choice = null;
        nothing?.Dispose();
    }

    ScoringPlan? Plan(long[] rowShape, long[] outputShape, SparseScoring scoring)
    {
        int[] from = [.. rowShape.Select(size => checked((int)size))], to = [.. outputShape.Select(size => checked((int)size))];
        try
        {
            var graph = new GraphDescription(
                [new(GraphOperation.Input, "input", [], from), new TracedLayer("", layer).Node(0, from, to)!]);
            var choice = scoring == SparseScoring.Sparse ? KernelChoice.Sparse : KernelChoice.Rule;
            return ScoringPlan.Compile(graph, NetworkPlans.Weights(layer),
                new CompileOptions(KernelSet.Here, choice, ScoringOutput.Logits));
        }
        catch (Exception failure) when (failure is NotTracedException or ArgumentException)
        {
            return null; // such as padding with other values than zeros
        }
    }

    /// <summary>An empty input, and the shape of the layer's output for one row.</summary>
    (Tensor Rows, long[] Shape)? Nothing(long[] rowShape)
    {
        // Another thread may be using the old one.
        if (nothing is null || !nothing.shape.AsSpan(1).SequenceEqual(rowShape))
        {
            nothing?.Dispose();
            nothing = empty([0, .. rowShape]).DetachFromDisposeScope();
        }
        try
        {
            return (nothing, layer.forward(nothing).shape[1..]);
        }
        catch (ExternalException)
        {
            return null; // not every LibTorch supports empty images
        }
    }

    static bool IsDense(ReadOnlySpan<float> weights) =>
        weights.IsEmpty || weights.Length - ZeroBlocks.CountZeros(weights) > MaximumDensity * weights.Length;

    // The array belongs to the caller's dispose scope.
    static ReadOnlySpan<float> Numbers(Tensor? tensor) =>
        tensor is null ? default : MemoryMarshal.Cast<byte, float>(tensor.detach().contiguous().bytes);

    /// <param name="Plan">The plan that computes the layer's output.</param>
    /// <param name="Nothing">The empty input that the layer itself gets.</param>
    /// <param name="RowShape">The shape of a row.</param>
    /// <param name="OutputShape">The shape of the output of one row.</param>
    internal sealed record Chosen(ScoringPlan Plan, Tensor Nothing, long[] RowShape, long[] OutputShape);
}
