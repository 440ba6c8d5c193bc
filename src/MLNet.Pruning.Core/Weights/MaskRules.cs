namespace MLNet.Pruning;

/// <summary>The weights that are ranked together in a mask update: those of one layer, or of all layers.</summary>
public readonly ref struct MaskCut
{
    /// <summary>The persistent weights. A rule may set new values for those that become active.</summary>
    public required Span<float> Weights { get; init; }

    /// <summary>Gradients with respect to the masked weights; empty if there are none.</summary>
    public required ReadOnlySpan<float> Gradients { get; init; }

    /// <summary>-1 for active, 0 for inactive: initially the old mask, and after the rule the new one.</summary>
    public required Span<sbyte> Active { get; init; }

    /// <summary>The number of weights that are to be active.</summary>
    public required int Keep { get; init; }

    /// <summary>0 at the beginning of the run, 1 at the last update.</summary>
    public required double Progress { get; init; }

    /// <summary>Whether inactive weights learn.</summary>
    public required Reactivation Reactivation { get; init; }

    /// <summary>The criterion that scores weights.</summary>
    public required IWeightCriterion Criterion { get; init; }

    /// <summary>The shape of a layer; empty if all layers are ranked together.</summary>
    public IReadOnlyList<long> Shape { get; init; }

    /// <summary>The dimension of a layer's shape that counts its inputs.</summary>
    public int Axis { get; init; }

    /// <summary>The criterion's score for each weight; larger is worth more.</summary>
    public float[] Scores()
    {
        var scores = new float[Weights.Length];
        Criterion.Score(Weights, Gradients, scores);
        return scores;
    }
}

/// <summary>How masks are updated. Immutable. Use its static members, or derive a record that overrides <see cref="Cut"/>.</summary>
public abstract record MaskRule
{
    /// <summary>Keeps the weights with the largest scores active, exactly as many as the schedule says.</summary>
    public static MaskRule Largest { get; } = new LargestRule();

    /// <summary>
    /// Drops a fraction of the active weights, those with the smallest scores, and activates as many with the largest gradients (RigL:
    /// Evci et al., 2020). The fraction decreases along a cosine to 0 at the last update. With <see cref="Reactivation.Frozen"/>,
    /// activated weights start at 0.
    /// </summary>
    /// <param name="fraction">The initial fraction; more than 0, less than 1.</param>
    public static MaskRule Regrowth(double fraction = 0.3) => new RegrowthRule(fraction);

    /// <summary>
    /// Two thresholds: weights with scores below the lower one become inactive, those above the upper one active, and those in between
    /// stay as they are (dynamic network surgery: Guo et al., 2016). The inactive fraction is near the schedule's, but not equal to it.
    /// </summary>
    /// <param name="margin">The thresholds are 1 - margin and 1 + margin times a middle score; at least 0, less than 1.</param>
    /// <param name="deviations">
    /// Null to use the score at which the schedule's fraction would be inactive as the middle. Otherwise, as in the paper, the middle is
    /// the mean of the layer's scores plus so many standard deviations, there is no schedule, and the inactive fraction follows from the
    /// scores.
    /// </param>
    public static MaskRule Surgery(double margin = 0.1, double? deviations = null) => new SurgeryRule(margin, deviations);

    /// <summary>
    /// Of every <paramref name="m"/> consecutive weights along a layer's inputs, keeps the <paramref name="n"/> with the largest scores
    /// active, such as 2 of 4.
    /// </summary>
    /// <param name="n">At least 1, less than m. A remainder of fewer than m weights keeps up to n.</param>
    /// <param name="m">At least 2.</param>
    public static MaskRule Pattern(int n = 2, int m = 4) => new PatternRule(n, m);

    /// <summary>Whether the rule reads gradients.</summary>
    protected internal virtual bool NeedsGradient => false;

    /// <summary>The inactive fraction if the rule determines it; null if the schedule does.</summary>
    protected internal virtual double? Sparsity => null;

    /// <summary>Whether the rule determines the number of active weights itself.</summary>
    protected internal virtual bool FindsAmount => false;

    /// <summary>Whether the rule works on one layer at a time.</summary>
    protected internal virtual bool ByLayer => false;

    /// <summary>Writes a new mask to <see cref="MaskCut.Active"/>, with <see cref="MaskCut.Keep"/> active weights.</summary>
    protected internal abstract void Cut(in MaskCut cut);

    /// <summary>
    /// Makes the weights with the largest scores active and all others inactive; of equals, those with the lower index are active.
    /// </summary>
    /// <param name="scores">Larger stays.</param>
    /// <param name="keep">How many to keep; at least 0, at most as many as there are.</param>
    /// <param name="active">Receives -1 for active and 0 for inactive.</param>
    protected static void KeepLargest(ReadOnlySpan<float> scores, int keep, Span<sbyte> active) =>
        TopScores.Keep(scores, keep, active);

    sealed record LargestRule : MaskRule
    {
        protected internal override void Cut(in MaskCut cut) => KeepLargest(cut.Scores(), cut.Keep, cut.Active);
    }

    sealed record RegrowthRule : MaskRule
    {
        public RegrowthRule(double fraction)
        {
            if (fraction is not (> 0 and < 1))
                throw new ArgumentOutOfRangeException(nameof(fraction), FormattableString.Invariant(
                    $"The part that regrows is {fraction}; it must be more than 0 and less than 1{Fractions.Hint(fraction)}."));
            Fraction = fraction;
        }

        public double Fraction { get; }

        protected internal override bool NeedsGradient => true;

        protected internal override void Cut(in MaskCut cut)
        {
            var scores = cut.Scores();
            if (cut.Gradients.IsEmpty)
            {
                // Before the first step there are no gradients to choose by.
                KeepLargest(scores, cut.Keep, cut.Active);
                return;
            }
            var before = cut.Active.ToArray();
            for (var i = 0; i < scores.Length; i++)
                if (before[i] == 0)
                    scores[i] = float.NegativeInfinity;
            var part = Fraction / 2 * (1 + Math.Cos(Math.PI * cut.Progress));
            var stay = Math.Min(MaskKernels.CountActive(before), cut.Keep - (int)Math.Round(part * cut.Keep));
            KeepLargest(scores, stay, cut.Active);

            // Weights that do not stay may be activated, including those just dropped.
            Magnitude.Absolute(cut.Gradients, scores);
            for (var i = 0; i < scores.Length; i++)
                if (cut.Active[i] != 0)
                    scores[i] = float.NegativeInfinity;
            var grown = new sbyte[scores.Length];
            KeepLargest(scores, cut.Keep - stay, grown);
            for (var i = 0; i < grown.Length; i++)
            {
                if (grown[i] == 0)
                    continue;
                cut.Active[i] = -1;
                if (before[i] == 0 && cut.Reactivation == Reactivation.Frozen)
                    cut.Weights[i] = 0;
            }
        }
    }

    sealed record SurgeryRule : MaskRule
    {
        public SurgeryRule(double margin, double? deviations)
        {
            if (margin is not (>= 0 and < 1))
                throw new ArgumentOutOfRangeException(nameof(margin), FormattableString.Invariant(
                    $"The margin of the thresholds is {margin}; it must be at least 0 and less than 1{Fractions.Hint(margin)}."));
            if (deviations is { } number && !double.IsFinite(number))
                throw new ArgumentOutOfRangeException(nameof(deviations), FormattableString.Invariant(
                    $"The number of standard deviations is {deviations}; it must be finite, or null."));
            (Margin, Deviations) = (margin, deviations);
        }

        public double Margin { get; }

        public double? Deviations { get; }

        protected internal override bool FindsAmount => Deviations is not null;

        protected internal override void Cut(in MaskCut cut)
        {
            var scores = cut.Scores();
            double middle;
            if (Deviations is { } number)
                middle = Math.Max(0, Spread(scores, number));
            else if (cut.Keep == 0 || cut.Keep == scores.Length || (middle = TopScores.Threshold(scores, cut.Keep)) == 0)
            {
                // All, none, or more zeros than are to be inactive, which a threshold cannot tell apart.
                KeepLargest(scores, cut.Keep, cut.Active);
                return;
            }
            var (lower, upper) = ((1 - Margin) * middle, (1 + Margin) * middle);
            for (var i = 0; i < scores.Length; i++)
                if (scores[i] < lower)
                    cut.Active[i] = 0;
                else if (scores[i] >= upper)
                    cut.Active[i] = -1;
        }

        static double Spread(float[] scores, double deviations)
        {
            var mean = scores.Average(score => (double)score);
            return mean + deviations * Math.Sqrt(scores.Average(score => (score - mean) * (score - mean)));
        }
    }

    sealed record PatternRule : MaskRule
    {
        public PatternRule(int n, int m)
        {
            if (m < 2)
                throw new ArgumentOutOfRangeException(nameof(m), $"A pattern of {n} of {m} weights is none; m must be at least 2.");
            if (n < 1 || n >= m)
                throw new ArgumentOutOfRangeException(
                    nameof(n), $"Of every {m} weights {n} cannot be active; n must be at least 1 and at most {m - 1}.");
            (N, M) = (n, m);
        }

        public int N { get; }

        public int M { get; }

        protected internal override double? Sparsity => 1 - (double)N / M;

        protected internal override bool ByLayer => true;

        protected internal override void Cut(in MaskCut cut)
        {
            var scores = cut.Scores();
            var inputs = (int)cut.Shape[cut.Axis];
            // The distance between adjacent inputs, such as the number of a convolution's taps.
            var stride = (int)cut.Shape.Skip(cut.Axis + 1).Aggregate(1L, (n, extent) => n * extent);
            for (var block = 0; block < scores.Length; block += inputs * stride)
                for (var first = block; first < block + stride; first++)
                    for (var from = 0; from < inputs; from += M)
                    {
                        var to = Math.Min(from + M, inputs);
                        for (var i = from; i < to; i++)
                            cut.Active[first + i * stride] = (sbyte)(Before(scores, first, stride, from, to, i) < N ? -1 : 0);
                    }
        }

        /// <summary>How many weights of a group come before one of them in the order of <see cref="KeepLargest"/>.</summary>
        static int Before(float[] scores, int first, int stride, int from, int to, int one)
        {
            var (count, mine) = (0, scores[first + one * stride]);
            for (var i = from; i < to; i++)
                if (scores[first + i * stride] is var other && (other > mine || (other == mine && i < one)))
                    count++;
            return count;
        }
    }
}
