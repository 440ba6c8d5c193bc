using System.Numerics;

namespace MLNet.Pruning;

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
