using MLNet.Pruning.Importance;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by its relevance to the answer: layer-wise relevance propagation (Bach et al., 2015) with the epsilon rule, from the logit of the true class, or of the predicted one
/// where rows have no label, as a criterion of pruning (Yeom et al., 2021). The score is the absolute value of a neuron's relevance, added up over positions and readers, averaged over samples.
/// </summary>
/// <remarks>
/// Each observed batch is computed once more, in evaluation mode. Linear layers and convolutions follow the rule with epsilon; pooling, additions, ReLU and batch norm (as
/// the affine map it is in evaluation) follow it without. Through other operations relevance flows as activation times gradient.
/// </remarks>
public sealed record Lrp : IImportance
{
    /// <summary>Sets the rule.</summary>
    /// <param name="epsilon">What is added to the size of every weighted sum, so that small sums pass on less relevance; above 0.</param>
    public Lrp(double epsilon = 1e-6)
    {
        if (!double.IsFinite(epsilon) || epsilon <= 0)
            throw new ArgumentOutOfRangeException(
                nameof(epsilon),
                FormattableString.Invariant($"The epsilon of relevance propagation is {epsilon}; it must be a number above 0."));
        Epsilon = epsilon;
    }

    /// <summary>What is added to the size of every weighted sum.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new LrpObserver(map, Epsilon);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Lrp));
}
