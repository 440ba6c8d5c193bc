using System.Globalization;

namespace MLNet.Pruning;

/// <summary>
/// When pruning happens and how much is inactive by then. Immutable; made by its static methods, or derived from by a record.
/// </summary>
/// <remarks>
/// Time is what the user counts in: completed epochs for neurons, steps for weights. A fraction is a part of the original count, in
/// [0, 1).
/// </remarks>
public abstract record Schedule
{
    /// <summary>Whether an event is due at this time.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    public abstract bool IsDue(long time);

    /// <summary>Fraction of the original neurons or weights that should be off at this time.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    public abstract double Fraction(long time);

    /// <summary>How many of a group's neurons an event at this time removes.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    /// <param name="original">Neurons that the group began with.</param>
    /// <param name="current">Neurons that it has now.</param>
    /// <param name="minimum">Neurons that always stay; at least 1.</param>
    /// <returns>0 when no event is due.</returns>
    public int Removals(long time, int original, int current, int minimum = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(current, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(original, current);
        return IsDue(time) ? Math.Clamp(Wanted(time, original, current), 0, Math.Max(0, current - minimum)) : 0;
    }

    /// <summary>
    /// Nothing for <paramref name="maturity"/> epochs, then an event every <paramref name="every"/> epochs, the first at maturity, each
    /// removing a part of what is left, until the target is reached.
    /// </summary>
    /// <param name="maturity">Epochs before the first event; 0 or more.</param>
    /// <param name="every">Epochs between events; at least 1.</param>
    /// <param name="amount">
    /// Part of the current neurons that an event removes, rounded down but one at least; more than 0, less than 1.
    /// </param>
    /// <param name="target">Part of the original neurons to remove in the end; more than 0, less than 1.</param>
    public static StepwiseSchedule Stepwise(long maturity, long every, double amount, double target) => new(maturity, every, amount,
        target);

    /// <summary>
    /// From <paramref name="initial"/> to <paramref name="target"/> along a cubic that is steep at first and flat in the end:
    /// target + (initial - target)(1 - (t - start) / (end - start))^3 (Zhu and Gupta, 2017).
    /// </summary>
    /// <param name="start">Time of the first event; 0 or more.</param>
    /// <param name="end">Time at which the target is reached; after start.</param>
    /// <param name="target">Fraction off from the end on; more than 0, less than 1.</param>
    /// <param name="initial">Fraction off at the start; 0 or more, at most the target.</param>
    /// <param name="every">Time between events; at least 1.</param>
    public static CubicSchedule Cubic(long start, long end, double target, double initial = 0, long every = 1) =>
        new(start, end, target, initial, every);

    /// <summary>The same fraction from <paramref name="start"/> on; events go on, so that what is off can change.</summary>
    /// <param name="fraction">Fraction off; 0 or more, less than 1.</param>
    /// <param name="start">Time of the first event; 0 or more.</param>
    /// <param name="every">Time between events; at least 1.</param>
    public static ConstantSchedule Constant(double fraction, long start = 0, long every = 1) => new(fraction, start, every);

    /// <summary>One event that does everything.</summary>
    /// <param name="at">Its time; 0 or more.</param>
    /// <param name="target">Fraction off afterwards; more than 0, less than 1.</param>
    public static OneShotSchedule OneShot(long at, double target) => new(at, target);

    /// <summary>Time of the first event; 0 or more.</summary>
    protected internal abstract long FirstTime { get; }

    /// <summary>Time between events; 0 where it changes, or there is one event only.</summary>
    protected internal virtual long Interval => 0;

    /// <summary>
    /// The same schedule in a smaller unit of time; left alone, events come at whole units, and the fraction jumps there.
    /// </summary>
    /// <param name="factor">How many of the smaller units there are in the unit; at least 1.</param>
    protected internal virtual Schedule In(long factor) => factor == 1 ? this : new FinerSchedule(this, factor);

    /// <summary>What an event would remove if nothing had to stay. May be negative where more is off than should be.</summary>
    private protected virtual int Wanted(long time, int original, int current) => Fractions.Of(Fraction(time),
        original) - (original - current);

    sealed record FinerSchedule(Schedule Coarse, long Factor) : Schedule
    {
        protected internal override long FirstTime => Coarse.FirstTime * Factor;

        protected internal override long Interval => Coarse.Interval * Factor;

        public override bool IsDue(long time) => time % Factor == 0 && Coarse.IsDue(time / Factor);

        public override double Fraction(long time) => Coarse.Fraction(time / Factor);
    }

    private protected static void CheckTime(long value, long least, string name)
    {
        if (value < least)
            throw Wrong(name, value, $"at least {least}");
    }

    private protected static void CheckFraction(double value, string name, bool zero = false)
    {
        if (!(value < 1 && (zero ? value >= 0 : value > 0)))
            throw Wrong(name, value, $"{(zero ? "at least" : "more than")} 0 and less than 1{Fractions.Hint(value)}");
    }

    // In one line, which the usual message with the actual value is not.
    private protected static ArgumentOutOfRangeException Wrong(string name, double value, string wanted) =>
        new(name, string.Create(CultureInfo.InvariantCulture, $"{name} of a schedule is {value}; it must be {wanted}."));
}

/// <summary>Fractions as they are written.</summary>
static class Fractions
{
    /// <summary>
    /// floor(fraction * count), with the fraction read as the decimal number that was written: 0.29 of 100 is 29, although the nearest
    /// double to 0.29 lies below it.
    /// </summary>
    public static int Of(double fraction, int count) => (int)decimal.Floor((decimal)fraction * count);

    /// <summary>Asks whether a percentage was meant as a fraction; empty where it can be none.</summary>
    public static string Hint(double value) => value is > 1 and < 100
        ? FormattableString.Invariant($" (did you mean {value / 100:0.00##}?)") : "";
}
