namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by the size of the weights that compute it, without bias: with order 1 the criterion of Li et al., Pruning Filters for Efficient ConvNets (2017). Where several layers
/// compute a group, as in residual blocks, their norms are added up.
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
    public IImportanceObserver Watch(NeuronMap map, int threads = 1) =>
        Criterion.OfWeights(weights => Order == 1 ? weights.abs().sum(1L) : (weights * weights).sum(1L).sqrt(), nameof(WeightNorm)).Watch(map, threads);
}
