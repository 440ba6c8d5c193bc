using MLNet.Pruning.Schedules;
namespace MLNet.Pruning;

/// <summary>A part of what is left, every few epochs: the rank-based paper's schedule.</summary>
public sealed record StepwiseSchedule : Schedule
{
    internal StepwiseSchedule(long maturity, long every, double amount, double target)
    {
        CheckTime(maturity, 0, nameof(maturity));
        CheckTime(every, 1, nameof(every));
        CheckFraction(amount, nameof(amount));
        CheckFraction(target, nameof(target));
        (Maturity, Every, Amount, Target) = (maturity, every, amount, target);
    }

    /// <summary>Epochs before the first event.</summary>
    public long Maturity { get; }

    /// <summary>Epochs between events.</summary>
    public long Every { get; }

    /// <summary>Part of the current neurons that an event removes.</summary>
    public double Amount { get; }

    /// <summary>Part of the original neurons to remove in the end.</summary>
    public double Target { get; }

    internal override long FirstTime => Maturity;

    internal override long Interval => Every;

    internal override Schedule In(long factor) => new StepwiseSchedule(Maturity * factor, Every * factor, Amount, Target);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time >= Maturity && (time - Maturity) % Every == 0;

    /// <inheritdoc/>
    public override double Fraction(long time) =>
        time < Maturity ? 0 : Math.Min(Target, 1 - Math.Pow(1 - Amount, (time - Maturity) / Every + 1));

    private protected override int Wanted(long time, int original, int current) =>
        // One at least, or a small group would stay where a tenth of it is less than a neuron, short of its target for ever.
        Math.Min(Math.Max(1, Fractions.Of(Amount, current)), Fractions.Of(Target, original) - (original - current));
}
