using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by how often it is on: 1 less the average percentage of zeros (Hu et al., Network Trimming, 2016) among its values at all positions, as the layers that read it
/// see them, behind activation and pooling. Made for ReLU: other activations are hardly ever zero.
/// </summary>
public sealed record Apoz : IImportance
{
    static readonly IImportance criterion = Criterion.OfActivations(values => values.ne(Scalars.Zero).to_type(ScalarType.Float32).mean([2]), nameof(Apoz));

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => criterion.Watch(map, threads);

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => criterion.Check(groups);
}
