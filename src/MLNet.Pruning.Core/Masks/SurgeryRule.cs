using MLNet.Pruning.Schedules;

namespace MLNet.Pruning.Masks;

sealed record SurgeryRule : MaskRule
{
    public SurgeryRule(double margin, double? deviations)
    {
        if (margin is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(margin), FormattableString.Invariant($"The margin between the thresholds and their middle is {margin}; it must be at least 0 and less than 1{Fractions.Hint(margin)}."));
        if (deviations is { } number && !double.IsFinite(number))
            throw new ArgumentOutOfRangeException(
                nameof(deviations),
                FormattableString.Invariant($"The number of standard deviations is {deviations}; it must be finite, or null."));
        (Margin, Deviations) = (margin, deviations);
    }

    public double Margin { get; }

    public double? Deviations { get; }

    internal override bool FindsAmount => Deviations is not null;

    internal override void Cut(in MaskCut cut)
    {
        var scores = cut.Scores();
        double middle;
        if (Deviations is { } number)
            middle = Math.Max(0, Spread(scores, number));
        else if (cut.Keep == 0 || cut.Keep == scores.Length || (middle = TopScores.Threshold(scores, cut.Keep)) == 0)
        {
            // All, none, or more zeros than are to be off, which no threshold tells apart.
            TopScores.Keep(scores, cut.Keep, cut.On);
            return;
        }
        var (lower, upper) = ((1 - Margin) * middle, (1 + Margin) * middle);
        for (var i = 0; i < scores.Length; i++)
            if (scores[i] < lower)
                cut.On[i] = 0;
            else if (scores[i] >= upper)
                cut.On[i] = -1;
    }

    static double Spread(float[] scores, double deviations)
    {
        double sum = 0, squares = 0;
        foreach (double score in scores)
            sum += score;
        var mean = sum / scores.Length;
        foreach (double score in scores)
            squares += (score - mean) * (score - mean);
        return mean + deviations * Math.Sqrt(squares / scores.Length);
    }
}
