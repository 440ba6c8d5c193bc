using MLNet.Pruning.Importance;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by how much the loss would change without it, to first order: per sample the absolute value of the mean over positions
/// of activation times gradient, averaged over samples (Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient
/// Inference, 2017). Gradients are those of a sample's own loss. Where several layers read a neuron, what goes through them is added up
/// before the absolute value.
/// </summary>
public sealed record Taylor : IImportance
{
    static readonly IImportance criterion = Criterion.OfGradients(products => products.abs(), nameof(Taylor));

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => criterion.Watch(map, threads);

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => criterion.Check(groups);
}

/// <summary>A criterion that is a function of activation times gradient.</summary>
sealed record GradientCriterion(Func<Tensor, Tensor> Score, string Name) : IImportance
{
    public bool NeedsData => true;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new GradientObserver(map, Score, Name);
    }

    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, Name);

    public override string ToString() => Name;
}

sealed class GradientObserver : IImportanceObserver
{
    readonly Gates gates;
    readonly Func<Tensor, Tensor> score;
    readonly string name;

    public GradientObserver(NeuronMap map, Func<Tensor, Tensor> score, string name)
    {
        (gates, this.score, this.name) = (new(map), score, name);
        gates.WatchTraining();
    }

    // The loss is a mean over all rows; a sample's own is so many times larger.
    public void AfterBackward(Batch batch, int rowsOfAll) => gates.Add(null, batch, mean: true, products =>
    {
        var scores = score(products.Times((double)rowsOfAll));
        Criterion.Require(scores, name, products.shape);
        return scores;
    });

    public void Add(IImportanceObserver other) =>
        gates.Add(other is GradientObserver alike ? alike.gates : throw Criterion.NotAlike(this, other));

    public IReadOnlyList<double[]> Scores() => gates.Means();

    public void Dispose() => gates.Dispose();
}
