namespace MLNet.Pruning;

/// <summary>The same fraction all along.</summary>
public sealed record ConstantSchedule : Schedule
{
    internal ConstantSchedule(double fraction, long start, long every)
    {
        CheckFraction(fraction, nameof(fraction), zero: true);
        CheckTime(start, 0, nameof(start));
        CheckTime(every, 1, nameof(every));
        (Off, Start, Every) = (fraction, start, every);
    }

    /// <summary>Fraction off from the start on.</summary>
    public double Off { get; }

    /// <summary>Time of the first event.</summary>
    public long Start { get; }

    /// <summary>Time between events.</summary>
    public long Every { get; }

    internal override long FirstTime => Start;

    internal override long Interval => Every;

    internal override Schedule In(long factor) => new ConstantSchedule(Off, Start * factor, Every * factor);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time >= Start && (time - Start) % Every == 0;

    /// <inheritdoc/>
    public override double Fraction(long time) => time >= Start ? Off : 0;
}
