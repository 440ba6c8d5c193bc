using MLNet.Pruning.Masks;
namespace MLNet.Pruning;

/// <summary>How a mask is cut anew. Immutable; made by its static members.</summary>
public abstract record MaskRule
{
    private protected MaskRule()
    {
    }

    /// <summary>The weights with the largest scores are on, as many as the schedule says to the weight.</summary>
    public static MaskRule Largest { get; } = new LargestRule();

    /// <summary>
    /// A part of the weights that are on is dropped, those with the smallest scores, and as many come on where the gradient is largest (RigL: Evci et al., 2020). The part shrinks
    /// along a cosine to 0 at the last update. With <see cref="Reactivation.Frozen"/>, what comes on begins at 0.
    /// </summary>
    /// <param name="fraction">The part at the beginning; more than 0, less than 1.</param>
    public static MaskRule Regrowth(double fraction = 0.3) => new RegrowthRule(fraction);

    /// <summary>
    /// Two thresholds: what scores below the lower goes off, what scores above the upper comes on, what is between stays as it is (dynamic network surgery: Guo et al., 2016).
    /// The fraction that is off is then near the schedule's, not equal to it.
    /// </summary>
    /// <param name="margin">The thresholds are 1 - margin and 1 + margin times a middle; at least 0, less than 1.</param>
    /// <param name="deviations">
    /// Null takes as the middle the score at which the schedule's fraction would be off; otherwise it is the mean of the layer's scores and so many standard deviations, there is no schedule, and
    /// how much is off is what comes of it, as in the paper.
    /// </param>
    public static MaskRule Surgery(double margin = 0.1, double? deviations = null) => new SurgeryRule(margin, deviations);

    /// <summary>Of every <paramref name="m"/> weights that lie one behind the other along a layer's inputs, the <paramref name="n"/> with the largest scores are on, such as 2 of 4.</summary>
    /// <param name="n">At least 1, less than m. A rest of fewer than m weights keeps up to n.</param>
    /// <param name="m">At least 2.</param>
    public static MaskRule Pattern(int n = 2, int m = 4) => new PatternRule(n, m);

    internal virtual bool NeedsGradient => false;

    /// <summary>The fraction that is off whatever a schedule says; null where the schedule says it.</summary>
    internal virtual double? Sparsity => null;

    /// <summary>Whether the rule finds out itself how many are on.</summary>
    internal virtual bool FindsAmount => false;

    /// <summary>Whether it looks at the weights of one layer only.</summary>
    internal virtual bool ByLayer => false;

    internal abstract void Cut(in MaskCut cut);
}
