using System.Numerics;

namespace MLNet.Pruning;

/// <summary>What makes a weight worth keeping. One instance serves any number of runs, from any thread.</summary>
public interface IWeightCriterion
{
    /// <summary>Whether it looks at gradients; those of the last batch are then given.</summary>
    bool NeedsGradient { get; }

    /// <summary>Scores weights; larger stays active.</summary>
    /// <param name="weights">The persistent weights, whether active or not.</param>
    /// <param name="gradients">
    /// For each weight the gradient of the loss with respect to what the network saw in its place; empty unless asked for.
    /// </param>
    /// <param name="scores">Receives a score for each weight, comparable between layers.</param>
    void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores);
}

/// <summary>Large weights stay: |W|.</summary>
public sealed record Magnitude : IWeightCriterion
{
    /// <inheritdoc/>
    public bool NeedsGradient => false;

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores) => Absolute(weights, scores);

    internal static void Absolute(ReadOnlySpan<float> values, Span<float> absolute)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Abs(new Vector<float>(values[i..])).CopyTo(absolute[i..]);
        for (; i < values.Length; i++)
            absolute[i] = Math.Abs(values[i]);
    }
}

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
