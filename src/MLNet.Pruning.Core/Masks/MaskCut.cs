namespace MLNet.Pruning.Masks;

/// <summary>The weights that are ranked together when a mask is cut.</summary>
readonly ref struct MaskCut
{
    /// <summary>The persistent weights. A rule may give those that come on a new value.</summary>
    public required Span<float> Weights { get; init; }

    /// <summary>Gradients with respect to the masked weights; empty where there are none.</summary>
    public required ReadOnlySpan<float> Gradients { get; init; }

    /// <summary>-1 on, 0 off: as it was, and then as it will be.</summary>
    public required Span<sbyte> On { get; init; }

    /// <summary>How many are to be on.</summary>
    public required int Keep { get; init; }

    /// <summary>From 0 at the beginning of the run to 1 at the last update.</summary>
    public required double Progress { get; init; }

    public required Reactivation Reactivation { get; init; }

    public required IWeightCriterion Criterion { get; init; }

    /// <summary>Of a layer alone, its shape.</summary>
    public long[] Shape { get; init; }

    /// <summary>The dimension of a layer's shape that counts its inputs.</summary>
    public int Axis { get; init; }

    public float[] Scores()
    {
        var scores = new float[Weights.Length];
        Criterion.Score(Weights, Gradients, scores);
        return scores;
    }
}
