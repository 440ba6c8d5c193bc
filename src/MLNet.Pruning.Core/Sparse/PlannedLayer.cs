using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>A layer that may be computed by its sparse form.</summary>
sealed class PlannedLayer(string name, nn.Module<Tensor, Tensor> layer) : IDisposable
{
    readonly List<Action> removers = [];
    Tensor? nothing;
    long[] shape = [];
    int count;

    public nn.Module<Tensor, Tensor> Layer => layer;

    /// <summary>What computes the layer; null where the layer itself does.</summary>
    public Chosen? Choice { get; private set; }

    /// <summary>What there is to tell of it; null for a layer with more than half of its weights on, or none that has a sparse
    /// form.</summary>
    public PlanStep? Record { get; private set; }

    /// <summary>The shape of what the layer was given when the model scored a row; null if it was not called.</summary>
    public long[]? Seen { get; set; }

    /// <summary>Rows that a layer is given in an input of this shape: images, or whatever stands before the last dimension.</summary>
    public long Rows(long[] shape) => layer is Linear ? shape[..^1].Aggregate(1L, (rows, extent) => rows * extent) : shape[0];

    /// <summary>The shape of one of them.</summary>
    public long[] RowShape(long[] shape) => layer is Linear ? [shape[^1]] : shape[1..];

    /// <summary>Has a method called in front of the layer, and one behind it.</summary>
    /// <param name="before">Gives another input, or null.</param>
    /// <param name="after">Gives the output.</param>
    public void Hook(Func<PlannedLayer, Tensor, Tensor?> before, Func<Tensor, Tensor, Tensor> after)
    {
        removers.Add(layer.register_forward_pre_hook((_, input) => before(this, input)!).remove);
        removers.Add(layer.register_forward_hook((_, input, output) => after(input, output)).remove);
    }

    /// <summary>Whether the choice would be the same again: it follows from the weights.</summary>
    public bool IsCurrent()
    {
        var (weight, bias) = LayerTensors.Of(layer);
        return weight is not null && (Choice is { } choice
            ? choice.Form.Holds(weight, bias)
            : weight.shape.SequenceEqual(shape) && LayerTensors.CountOn(weight) == count);
    }

    /// <summary>Chooses by the weights as they are.</summary>
    public void Choose(SparseScoring scoring, VectorWidth width)
    {
        (Choice, Record, shape, count) = (null, null, [], 0);
        if (LayerTensors.Of(layer).Weight is not { } weight || scoring == SparseScoring.Automatic && Seen is null)
            return;
        (shape, count) = (weight.shape, LayerTensors.CountOn(weight));
        if (count > SparseRule.MostDensity * weight.NumberOfElements || Form() is not { } form || Nothing(form) is not { } nothing)
            return;
        var density = form.Weights.Count / ((double)form.Weights.Columns * form.Weights.Rows);
        var sparse = scoring == SparseScoring.Sparse || SparseRule.IsFaster(layer is Conv2d, density, width);
        Record = new(name, sparse ? SparsePlan.SparseKernel : SparsePlan.DenseKernel, form.Weights.Rows, form.Weights.Columns, density);
        Choice = sparse ? new(form, nothing) : null;
    }

    ISparseLayer? Form() => layer is Linear linear ? new SparseLinear(linear)
        : Seen is { } seen ? SparseConvolution.Of((Conv2d)layer, seen) : null;

    Tensor? Nothing(ISparseLayer form)
    {
        long[] shape = layer is Linear ? [0, form.Weights.Columns] : [0, .. Seen![1..]];
        if (nothing is not null && nothing.shape.SequenceEqual(shape))
            return nothing; // Another thread may be using it.
        nothing?.Dispose();
        nothing = empty(shape).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        try
        {
            layer.forward(nothing);
            return nothing;
        }
        catch (ExternalException)
        {
            return null; // Not every LibTorch convolves no images.
        }
    }

    /// <summary>Leaves the layer as it was.</summary>
    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Choice = null;
        nothing?.Dispose();
    }

    /// <param name="Form">What computes the layer's output.</param>
    /// <param name="Nothing">What the layer itself is given meanwhile: no rows.</param>
    internal sealed record Chosen(ISparseLayer Form, Tensor Nothing);
}
