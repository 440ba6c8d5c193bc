using System.Runtime.InteropServices;
using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>A layer that may be computed by its sparse form.</summary>
sealed class PlannedLayer(string name, nn.Module<Tensor, Tensor> layer) : IDisposable
{
    readonly List<Action> removers = [];

    public string Name => name;

    public nn.Module<Tensor, Tensor> Layer => layer;

    /// <summary>The sparse form; null until it is known how the layer is used.</summary>
    public ISparseLayer? Sparse { get; private set; }

    /// <summary>What the layer is given in place of its input when the sparse form has computed its output.</summary>
    public Tensor? Nothing { get; private set; }

    /// <summary>The shape of what the layer was given when the model scored a row; null if it was not called.</summary>
    public long[]? Seen { get; set; }

    /// <summary>The choices.</summary>
    public IReadOnlyList<ScoringTime> Times { get; set; } = [];

    public bool IsDisposed { get; private set; }

    /// <summary>Rows that a layer is given in an input of this shape: images, or whatever stands before the last dimension.</summary>
    public long Rows(long[] shape) => layer is Linear ? shape[..^1].Aggregate(1L, (rows, extent) => rows * extent) : shape[0];

    /// <summary>The shape of one of them.</summary>
    public long[] RowShape => layer is Linear ? [Seen![^1]] : Seen![1..];

    /// <summary>Has a method called in front of the layer, and one behind it.</summary>
    /// <param name="before">Gives another input, or null.</param>
    /// <param name="after">Gives the output.</param>
    public void Hook(Func<PlannedLayer, Tensor, Tensor?> before, Func<PlannedLayer, Tensor, Tensor, Tensor> after)
    {
        removers.Add(layer.register_forward_pre_hook((_, input) => before(this, input)!).remove);
        removers.Add(layer.register_forward_hook((_, input, output) => after(this, input, output)).remove);
    }

    /// <summary>Makes the sparse form. False if there is none.</summary>
    public bool Prepare()
    {
        using var scope = NewDisposeScope();
        long[] nothing;
        if (layer is Linear linear)
            (Sparse, nothing) = (new SparseLinear(linear), [0, linear.weight!.shape[1]]);
        else if (Seen is { } seen && SparseConvolution.Of((Conv2d)layer, seen) is { } convolution)
            (Sparse, nothing) = (convolution, [0, .. seen[1..]]);
        else
            return false;
        try
        {
            Nothing = empty(nothing).DetachFromDisposeScope();
            layer.forward(Nothing);
            return true;
        }
        catch (ExternalException)
        {
            return false; // Not every LibTorch convolves no images.
        }
    }

    /// <summary>What was chosen for the number of rows that is nearest, by ratio.</summary>
    public bool IsSparse(long rows)
    {
        for (var i = 1; i < Times.Count; i++)
            if ((double)rows * rows < (double)Times[i - 1].Rows * Times[i].Rows)
                return Times[i - 1].Sparse;
        return Times.Count > 0 && Times[^1].Sparse;
    }

    public ScoringRecord Record() => new()
    {
        Layer = name,
        Inputs = Sparse!.Weights.Columns,
        Outputs = Sparse.Weights.Rows,
        Density = Sparse.Weights.Count / ((double)Sparse.Weights.Columns * Sparse.Weights.Rows),
        Bytes = Times.Any(time => time.Sparse) ? Sparse.Bytes : 0,
        Times = Times,
    };

    /// <summary>Leaves the layer as it was.</summary>
    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Nothing?.Dispose();
        IsDisposed = true;
    }
}
