namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by the size of its output: the mean absolute value, over samples and positions, of what the layers that read it see, behind activation and pooling (Dong et al.).
/// </summary>
public sealed record ActivationMean : IImportance
{
    static readonly IImportance criterion = Criterion.OfActivations(values => values.abs().mean([2]), nameof(ActivationMean));

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => criterion.Watch(map, threads);

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => criterion.Check(groups);
}
