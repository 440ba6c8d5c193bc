using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>A layer that may be computed by its sparse form.</summary>
sealed class PlannedLayer(string name, Linear layer) : IDisposable
{
    readonly List<Action> removers = [];

    public string Name => name;

    public Linear Layer => layer;

    public SparseLinear Sparse { get; } = new(layer);

    /// <summary>What the layer is given in place of its input when the sparse form has computed its output.</summary>
    public Tensor Nothing { get; } = empty([0, layer.weight!.shape[1]]).DetachFromDisposeScope();

    /// <summary>Rows that the layer was given when the model scored one; 0 if it was not called.</summary>
    public long RowsOfOne { get; set; }

    public IReadOnlyList<ScoringTime> Times { get; set; } = [];

    public bool IsDisposed { get; private set; }

    /// <summary>Has a method called in front of the layer, and one behind it.</summary>
    /// <param name="before">Gives another input, or null.</param>
    /// <param name="after">Gives the output.</param>
    public void Hook(Func<PlannedLayer, Tensor, Tensor?> before, Func<PlannedLayer, Tensor, Tensor, Tensor> after)
    {
        removers.Add(layer.register_forward_pre_hook((_, input) => before(this, input)!).remove);
        removers.Add(layer.register_forward_hook((_, input, output) => after(this, input, output)).remove);
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
        Inputs = Sparse.Rows.Columns,
        Outputs = Sparse.Rows.Rows,
        Density = Sparse.Rows.Count / ((double)Sparse.Rows.Columns * Sparse.Rows.Rows),
        Bytes = Times.Any(time => time.Sparse) ? Sparse.Bytes : 0,
        Times = Times,
    };

    /// <summary>Leaves the layer as it was.</summary>
    public void Dispose()
    {
        foreach (var remove in removers)
            remove();
        removers.Clear();
        Nothing.Dispose();
        IsDisposed = true;
    }
}
