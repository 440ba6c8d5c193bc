using MLNet.Pruning.Importance;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by how much the loss would change without it, to first order: per sample the absolute value of the mean over positions of activation times gradient, averaged over
/// samples (Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, 2017). Gradients are those of a sample's own loss. Where several layers read a neuron,
/// what goes through them is added up before the absolute value.
/// </summary>
public sealed record Taylor : IImportance
{
    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new TaylorObserver(map);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Taylor));
}

sealed class TaylorObserver : IImportanceObserver
{
    readonly GateSums sums;

    public TaylorObserver(NeuronMap map) => sums = new(map, () => true);

    // The loss is a mean over all rows; a sample's own is so many times larger.
    public void AfterBackward(Batch batch, int rowsOfAll) => sums.Add(null, batch, mean: true, rowsOfAll);

    public void Add(IImportanceObserver other) => sums.Add(other is TaylorObserver alike ? alike.sums : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => sums.Means();

    public void Dispose() => sums.Dispose();
}
