using System.Numerics;

namespace MLNet.Pruning;

/// <summary>Scores weights by their importance. One instance serves any number of runs, on any thread.</summary>
public interface IWeightCriterion
{
    /// <summary>Whether the criterion reads gradients; it then gets those of the last batch.</summary>
    bool NeedsGradient { get; }

    /// <summary>Scores weights; those with larger scores stay active.</summary>
    /// <param name="weights">The persistent weights, active or not.</param>
    /// <param name="gradients">For each weight, the gradient of the loss with respect to its masked value; empty unless requested.</param>
    /// <param name="scores">Receives a score for each weight, comparable between layers.</param>
    void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores);
}

/// <summary>Magnitude: |W|.</summary>
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

/// <summary>The first-order effect on the loss: |W * gradient|.</summary>
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

/// <summary>
/// Scores weights at random: what any criterion has to beat. The same seed and number of weights give the same scores at every update, so
/// that masks with more inactive weights follow from those with fewer.
/// </summary>
/// <param name="Seed">Any number.</param>
public sealed record RandomScores(long Seed = 0) : IWeightCriterion
{
    /// <inheritdoc/>
    public bool NeedsGradient => false;

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores)
    {
        var random = new ShuffleRandom(Seed, weights.Length);
        for (var i = 0; i < weights.Length; i++)
            scores[i] = (random.Next() >> 40) * MathF.ScaleB(1, -24);
    }
}
