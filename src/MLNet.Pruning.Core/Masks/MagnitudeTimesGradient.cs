namespace MLNet.Pruning;

/// <summary>Weights stay that the loss would miss, to first order: |W * gradient|.</summary>
public sealed record MagnitudeTimesGradient : IWeightCriterion
{
    /// <inheritdoc/>
    public bool NeedsGradient => true;

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores)
    {
        for (var i = 0; i < weights.Length; i++)
            scores[i] = Math.Abs(weights[i] * gradients[i]);
    }
}
