using System.Globalization;
using MLNet.Pruning.Importance;
using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by the size of the weights that compute it, without bias: with order 1 the criterion of Li et al., Pruning Filters for
/// Efficient ConvNets (2017). Where several layers compute a group, as in residual blocks, their norms are added up.
/// </summary>
public sealed record WeightNorm : IImportance
{
    /// <summary>Chooses the norm.</summary>
    /// <param name="order">1 for the sum of absolute values, 2 for the square root of the sum of squares.</param>
    public WeightNorm(int order = 1)
    {
        if (order is not (1 or 2))
            throw new ArgumentOutOfRangeException(nameof(order), $"The order of a weight norm is {order}; it must be 1 or 2.");
        Order = order;
    }

    /// <summary>1 or 2.</summary>
    public int Order { get; }

    /// <inheritdoc/>
    public bool NeedsData => false;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => Criterion.OfWeights(
        weights => Order == 1 ? weights.abs().sum(1L) : (weights * weights).sum(1L).sqrt(), nameof(WeightNorm)).Watch(map, threads);
}

/// <summary>
/// Scores neurons at random: what any criterion has to beat. The same seed, group and size give the same scores; a group that has shrunk
/// draws anew.
/// </summary>
/// <param name="Seed">Any number.</param>
public sealed record RandomImportance(long Seed = 0) : IImportance
{
    /// <inheritdoc/>
    public bool NeedsData => false;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) =>
        Criterion.OfGroups(Draw, nameof(RandomImportance)).Watch(map, threads);

    double[] Draw(NeuronGroup group)
    {
        var stream = (long)group.Size;
        foreach (var letter in group.Name)
            stream = stream * 31 + letter;
        var random = new ShuffleRandom(Seed, stream);
        return [.. Enumerable.Range(0, group.Size).Select(_ => (random.Next() >> 11) * Math.ScaleB(1, -53))];
    }
}

/// <summary>A criterion that needs nothing but a group as it stands.</summary>
sealed record GroupCriterion(Func<NeuronMap, NeuronGroup, double[]> Score, string Name) : IImportance
{
    public bool NeedsData => false;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new GroupObserver(map, Score, Name);
    }

    public override string ToString() => Name;

    /// <summary>Per neuron, the sum of scores over the layers that compute it.</summary>
    /// <param name="map">The instance.</param>
    /// <param name="group">One of its groups.</param>
    /// <param name="score">[neurons, weights of each] -> [neurons]</param>
    /// <param name="name">Of the criterion, for messages.</param>
    public static double[] OfWeights(NeuronMap map, NeuronGroup group, Func<Tensor, Tensor> score, string name)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var scores = new double[group.Size];
        foreach (var producer in group.Producers)
        {
            var filters = Filters(map.LayerOf(producer)).unsqueeze(0); // One sample, whose features are the layer's outputs.
            foreach (var slice in FeatureSlice.Of(producer.Indices))
            {
                var given = score(slice.Take(filters).squeeze(0));
                Criterion.Require(given, name, slice.Neurons.Length);
                var values = given.to_type(ScalarType.Float64).cpu().contiguous().data<double>();
                for (var i = 0; i < slice.Neurons.Length; i++)
                    scores[slice.Neurons[i]] += values[i];
            }
        }
        for (var n = 0; n < scores.Length; n++)
            if (!double.IsFinite(scores[n]))
                throw new InvalidOperationException(string.Create(
                    CultureInfo.InvariantCulture, $"{name} scores neuron {n} of '{group.Name}' {scores[n]}; scores must be finite."));
        return scores;
    }

    /// <summary>[outputs, weights that lead to each].</summary>
    static Tensor Filters(Layer layer)
    {
        var weight = layer.Own("weight")!.detach();
        return layer.Kind switch
        {
            LayerKind.Embedding => weight.t(),
            // [in, out / groups, ...]: each run of inputs leads to outputs of its own.
            LayerKind.Transposed => weight.reshape(layer.Groups, weight.shape[0] / layer.Groups, weight.shape[1], -1)
                .transpose(1, 2).reshape(layer.Out, -1),
            _ => weight.flatten(1),
        };
    }
}

/// <summary>Scores groups on request; it observes nothing.</summary>
sealed class GroupObserver(NeuronMap map, Func<NeuronMap, NeuronGroup, double[]> score, string name) : IImportanceObserver
{
    // Replicas have the same weights and give the same scores.
    public void Add(IImportanceObserver other)
    {
        if (other is not GroupObserver)
            throw Criterion.NotAlike(this, other);
    }

    public IReadOnlyList<double[]> Scores() => [.. map.Groups.Select(group =>
        score(map, group) is { } scores && scores.Length == group.Size ? scores : throw new InvalidOperationException(
            $"The function of {name} must give {group.Size} scores for '{group.Name}', one a neuron."))];

    public void Dispose()
    {
    }
}
