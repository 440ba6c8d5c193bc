using MLNet.Pruning.Importance;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by the size of its output: the mean absolute value, over samples and positions, of what the layers that read it see,
/// behind activation and pooling (Dong et al.).
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

/// <summary>
/// Scores a neuron by how often it is active: 1 minus the average percentage of zeros (Hu et al., Network Trimming, 2016) among its values
/// at all positions, as the layers that read it see them, behind activation and pooling. Made for ReLU: other activations are hardly ever
/// zero.
/// </summary>
public sealed record Apoz : IImportance
{
    static readonly IImportance criterion =
        Criterion.OfActivations(values => values.ne(Scalars.Zero).to_type(ScalarType.Float32).mean([2]), nameof(Apoz));

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => criterion.Watch(map, threads);

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => criterion.Check(groups);
}

/// <summary>A criterion that is a function of what readers read.</summary>
sealed record ActivationCriterion(Func<Tensor, Tensor> Score, string Name) : IImportance
{
    public bool NeedsData => true;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new ActivationObserver(map, Score, Name);
    }

    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, Name);

    public override string ToString() => Name;
}

sealed class ActivationObserver : IImportanceObserver
{
    readonly NeuronSums sums;
    readonly ForwardWatch watch;

    public ActivationObserver(NeuronMap map, Func<Tensor, Tensor> score, string name)
    {
        var readers = Reader.Of(map);
        sums = new NeuronSums(map, readers);
        watch = new ForwardWatch(readers, (reader, input) =>
        {
            var features = reader.Normal(input.detach());
            foreach (var part in reader.Parts)
                foreach (var slice in part.Slices)
                {
                    var scores = score(slice.Take(features));
                    Criterion.Require(scores, name, features.shape[0], slice.Neurons.Length);
                    sums.Add(part.Group, slice.Neurons, scores);
                }
        });
    }

    public void Add(IImportanceObserver other) =>
        sums.Add(other is ActivationObserver alike ? alike.sums : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => sums.Means();

    public void Dispose() => watch.Dispose();
}
