namespace MLNet.Pruning;

/// <summary>The same fraction all the time.</summary>
public sealed record ConstantSchedule : Schedule
{
    internal ConstantSchedule(double fraction, long start, long every)
    {
        CheckFraction(fraction, nameof(fraction), zero: true);
        CheckTime(start, 0, nameof(start));
        CheckTime(every, 1, nameof(every));
        (Off, Start, Every) = (fraction, start, every);
    }

    /// <summary>Inactive fraction after the start.</summary>
    public double Off { get; }

    /// <summary>Time of the first event.</summary>
    public long Start { get; }

    /// <summary>Time between events.</summary>
    public long Every { get; }

    /// <inheritdoc/>
    protected internal override long FirstTime => Start;

    /// <inheritdoc/>
    protected internal override long Interval => Every;

    /// <inheritdoc/>
    protected internal override Schedule In(long factor) => new ConstantSchedule(Off, Start * factor, Every * factor);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time >= Start && (time - Start) % Every == 0;

    /// <inheritdoc/>
    public override double Fraction(long time) => time >= Start ? Off : 0;
}

/// <summary>Gradual magnitude pruning along a cubic: fast at first, slow at the end.</summary>
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

    /// <summary>Inactive fraction after the end.</summary>
    public double Target { get; }

    /// <summary>Inactive fraction at the start.</summary>
    public double Initial { get; }

    /// <summary>Time between events.</summary>
    public long Every { get; }

    /// <inheritdoc/>
    protected internal override long FirstTime => Start;

    /// <inheritdoc/>
    protected internal override long Interval => Every;

    /// <inheritdoc/>
    protected internal override Schedule In(long factor) => new CubicSchedule(Start * factor, End * factor, Target, Initial,
        Every * factor);

    /// <summary>Every few steps after the start, and exactly at the end, so that the target is reached.</summary>
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

/// <summary>Soft filter pruning that begins with few neurons and approaches its target along an exponential.</summary>
public sealed record AsymptoticSchedule : Schedule
{
    // The rate k of (1 - e^(-kx)) / (1 - e^(-k)), which is 3/4 at x = 1/8. With u = e^(-k/8): 1 - u = 3/4 (1 - u^8).
    static readonly double decay = Rate();

    internal AsymptoticSchedule(long start, long end, double target, long every)
    {
        CheckTime(start, 0, nameof(start));
        CheckTime(every, 1, nameof(every));
        CheckFraction(target, nameof(target));
        if (end <= start)
            throw Wrong(nameof(end), end, $"more than its start, {start}");
        (Start, End, Target, Every) = (start, end, target, every);
    }

    /// <summary>Time of the first event.</summary>
    public long Start { get; }

    /// <summary>Time at which the target is reached.</summary>
    public long End { get; }

    /// <summary>Inactive fraction after the end.</summary>
    public double Target { get; }

    /// <summary>Time between events.</summary>
    public long Every { get; }

    /// <inheritdoc/>
    protected internal override long FirstTime => Start;

    /// <inheritdoc/>
    protected internal override long Interval => Every;

    /// <inheritdoc/>
    protected internal override Schedule In(long factor) => new AsymptoticSchedule(Start * factor, End * factor, Target, Every * factor);

    /// <summary>Every few steps after the start, and exactly at the end, so that the target is reached.</summary>
    /// <param name="time">Completed epochs or steps.</param>
    public override bool IsDue(long time) => time >= Start && ((time - Start) % Every == 0 || time == End);

    /// <inheritdoc/>
    public override double Fraction(long time)
    {
        if (time <= Start)
            return 0;
        if (time >= End)
            return Target;
        return Target * (1 - Math.Exp(-decay * (time - Start) / (End - Start))) / (1 - Math.Exp(-decay));
    }

    static double Rate()
    {
        var (low, high) = (1.0, 100.0);
        for (var i = 0; i < 100; i++)
        {
            var k = (low + high) / 2;
            (low, high) = (1 - Math.Exp(-k / 8)) / (1 - Math.Exp(-k)) < 0.75 ? (k, high) : (low, k);
        }
        return low;
    }
}

/// <summary>All pruning in one event.</summary>
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

    /// <summary>Inactive fraction afterwards.</summary>
    public double Target { get; }

    /// <inheritdoc/>
    protected internal override long FirstTime => At;

    /// <inheritdoc/>
    protected internal override long Interval => 0;

    /// <inheritdoc/>
    protected internal override Schedule In(long factor) => new OneShotSchedule(At * factor, Target);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time == At;

    /// <inheritdoc/>
    public override double Fraction(long time) => time >= At ? Target : 0;
}

/// <summary>A fraction of the remaining neurons every few epochs: the rank-based paper's schedule.</summary>
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

    /// <summary>The fraction of the current neurons that an event removes.</summary>
    public double Amount { get; }

    /// <summary>The fraction of the original neurons to remove in the end.</summary>
    public double Target { get; }

    /// <inheritdoc/>
    protected internal override long FirstTime => Maturity;

    /// <inheritdoc/>
    protected internal override long Interval => Every;

    /// <inheritdoc/>
    protected internal override Schedule In(long factor) => new StepwiseSchedule(Maturity * factor, Every * factor, Amount, Target);

    /// <inheritdoc/>
    public override bool IsDue(long time) => time >= Maturity && (time - Maturity) % Every == 0;

    /// <inheritdoc/>
    public override double Fraction(long time) =>
        time < Maturity ? 0 : Math.Min(Target, 1 - Math.Pow(1 - Amount, (time - Maturity) / Every + 1));

    private protected override int Wanted(long time, int original, int current) =>
        // At least one, as otherwise a group would stop short of its target once the amount is less than one neuron.
        Math.Min(Math.Max(1, Fractions.Of(Amount, current)), Fractions.Of(Target, original) - (original - current));
}
