using MLNet.Pruning.Importance;

namespace MLNet.Pruning;

/// <summary>
/// Scores a neuron by its share in the weighted sums of the layers that read it: on average (C_avg) and at its peak (C_max).
/// </summary>
public sealed record Contribution : IImportance
{
    /// <summary>Weights the two shares: importance = average * C_avg + maximum * C_max.</summary>
    /// <param name="average">Weight of the mean share over samples and consumers; 0 or more.</param>
    /// <param name="maximum">Weight of the largest share over samples and consumers; 0 or more.</param>
    /// <param name="mode">Whether shares keep their sign.</param>
    /// <exception cref="ArgumentOutOfRangeException">A weight is negative or not a number, or both are zero.</exception>
    public Contribution(double average = 0.5, double maximum = 0.5, ContributionMode mode = ContributionMode.Absolute)
    {
        if (!double.IsFinite(average) || average < 0)
            throw new ArgumentOutOfRangeException(
                nameof(average),
                FormattableString.Invariant($"The weight of the average share is {average}; it must be a number of 0 or more."));
        if (!double.IsFinite(maximum) || maximum < 0)
            throw new ArgumentOutOfRangeException(
                nameof(maximum),
                FormattableString.Invariant($"The weight of the largest share is {maximum}; it must be a number of 0 or more."));
        if (average == 0 && maximum == 0)
            throw new ArgumentOutOfRangeException(
                nameof(average), "The weights of the average and of the largest share must not both be 0.");
        if (!Enum.IsDefined(mode))
            throw new ArgumentOutOfRangeException(nameof(mode), $"The mode of a contribution is {mode}; it must be {nameof(ContributionMode.Absolute)} or {nameof(ContributionMode.Signed)}.");
        (Average, Maximum, Mode) = (average, maximum, mode);
    }

    /// <summary>Weight of C_avg (the paper's lambda1).</summary>
    public double Average { get; }

    /// <summary>Weight of C_max (the paper's lambda2).</summary>
    public double Maximum { get; }

    /// <summary>Whether shares keep their sign.</summary>
    public ContributionMode Mode { get; }

    /// <inheritdoc/>
    public bool NeedsData => true;

    /// <inheritdoc/>
    public IImportanceObserver Watch(NeuronMap map, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        return new ContributionObserver(this, map, threads);
    }

    /// <inheritdoc/>
    public void Check(IEnumerable<NeuronGroup> groups) => Reader.Check(groups, nameof(Contribution));

    /// <summary>Starts observing a group of neurons.</summary>
    /// <param name="neurons">Neurons in the group.</param>
    public ContributionAccumulator Observe(int neurons) => new(neurons, Mode);

    /// <summary>Importance of every neuron; larger stays.</summary>
    /// <param name="scores">What was observed.</param>
    public double[] Importance(ContributionScores scores)
    {
        var importance = new double[scores.Average.Length];
        for (var k = 0; k < importance.Length; k++)
            importance[k] = Average * scores.Average[k] + Maximum * scores.Maximum[k];
        return importance;
    }
}
