namespace MLNet.Pruning;

/// <summary>Fast at first, slow in the end: the cubic of gradual magnitude pruning.</summary>
public sealed record CubicSchedule : Schedule
{
    internal CubicSchedule(long start, long end, double target, double initial, long every)
    {
        CheckTime(start, 0, nameof(start));
        CheckTime(every, 1, nameof(every));
        CheckFraction(target, nameof(target));
        CheckFraction(initial, nameof(initial), zero: true);
        if (end <= start)
            throw Wrong(nameof(end), end, $"more than its start, {start}");
        if (initial > target)
            throw Wrong(nameof(initial), initial, FormattableString.Invariant($"at most its target, {target}"));
        (Start, End, Target, Initial, Every) = (start, end, target, initial, every);
    }

    /// <summary>Time of the first event.</summary>
    public long Start { get; }

    /// <summary>Time at which the target is reached.</summary>
    public long End { get; }

    /// <summary>Fraction off from the end on.</summary>
    public double Target { get; }

    /// <summary>Fraction off at the start.</summary>
    public double Initial { get; }

    /// <summary>Time between events.</summary>
    public long Every { get; }

    internal override long FirstTime => Start;

    internal override long Interval => Every;

    internal override Schedule In(long factor) => new CubicSchedule(Start * factor, End * factor, Target, Initial, Every * factor);

    /// <summary>Every few steps from the start on, and once exactly at the end, so that the target is reached.</summary>
    /// <param name="time">Completed epochs or steps.</param>
    public override bool IsDue(long time) => time >= Start && ((time - Start) % Every == 0 || time == End);

    /// <inheritdoc/>
    public override double Fraction(long time)
    {
        if (time < Start)
            return 0;
        if (time >= End)
            return Target;
        var left = 1 - (double)(time - Start) / (End - Start);
        return Target + (Initial - Target) * left * left * left;
    }
}
