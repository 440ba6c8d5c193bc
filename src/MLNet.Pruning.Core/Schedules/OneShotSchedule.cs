namespace MLNet.Pruning;

/// <summary>Everything at once.</summary>
public sealed record OneShotSchedule : Schedule
{
    internal OneShotSchedule(long at, double target)
    {
        CheckTime(at, 0, nameof(at));
        CheckFraction(target, nameof(target));
        (At, Target) = (at, target);
    }

    /// <summary>Time of the event.</summary>
    public long At { get; }

    /// <summary>Fraction off afterwards.</summary>
    public double Target { get; }

    internal override long FirstTime => At;

    internal override long Interval => 0;

    internal override Schedule In(long factor) => new OneShotSchedule(At * factor, Target);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time == At;

    /// <inheritdoc/>
    public override double Fraction(long time) => time >= At ? Target : 0;
}
