using MLNet.Pruning.Schedules;

namespace MLNet.Pruning.Masks;

sealed record RegrowthRule : MaskRule
{
    public RegrowthRule(double fraction)
    {
        if (fraction is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), FormattableString.Invariant($"The fraction of weights that regrow is {fraction}; it must be more than 0 and less than 1{Fractions.Hint(fraction)}."));
        Fraction = fraction;
    }

    public double Fraction { get; }

    internal override bool NeedsGradient => true;

    internal override void Cut(in MaskCut cut)
    {
        var scores = cut.Scores();
        if (cut.Gradients.IsEmpty)
        {
            // Before the first step nothing tells what would grow.
            TopScores.Keep(scores, cut.Keep, cut.On);
            return;
        }
        var before = cut.On.ToArray();
        var active = 0;
        for (var i = 0; i < scores.Length; i++)
            if (before[i] != 0)
                active++;
            else
                scores[i] = float.NegativeInfinity;
        var part = Fraction / 2 * (1 + Math.Cos(Math.PI * cut.Progress));
        var stay = Math.Min(active, cut.Keep - (int)Math.Round(part * cut.Keep));
        TopScores.Keep(scores, stay, cut.On);

        // Whatever does not stay may grow, what was dropped just now as well.
        Magnitude.Absolute(cut.Gradients, scores);
        for (var i = 0; i < scores.Length; i++)
            if (cut.On[i] != 0)
                scores[i] = float.NegativeInfinity;
        var grown = new sbyte[scores.Length];
        TopScores.Keep(scores, cut.Keep - stay, grown);
        for (var i = 0; i < grown.Length; i++)
        {
            if (grown[i] == 0)
                continue;
            cut.On[i] = -1;
            if (before[i] == 0 && cut.Reactivation == Reactivation.Frozen)
                cut.Weights[i] = 0;
        }
    }
}
