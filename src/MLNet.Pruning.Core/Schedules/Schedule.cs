using System.Globalization;

namespace MLNet.Pruning;

/// <summary>When pruning happens and how much is inactive by then. Immutable. Use its static methods, or derive a record from it.</summary>
/// <remarks>Time is counted in completed epochs for neurons, and in steps for weights. A fraction is relative to the original
/// count, at least 0 and at most 1.</remarks>
public abstract record Schedule
{
    /// <summary>Whether an event is due at this time.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    public abstract bool IsDue(long time);

    /// <summary>The fraction of the original neurons or weights that should be inactive at this time.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    public abstract double Fraction(long time);

    /// <summary>Whether it is one of this library's, whose times and target are known.</summary>
    internal bool IsOfLibrary => this is StepwiseSchedule or CubicSchedule or AsymptoticSchedule
        or ConstantSchedule or OneShotSchedule;

    /// <summary>The same, checked: a schedule may be the user's.</summary>
    internal double FractionAt(long time)
    {
        var fraction = Fraction(time);
        return fraction is >= 0 and <= 1 ? fraction : throw new ArgumentOutOfRangeException(null, FormattableString.Invariant(
            $"{GetType().Name} gives the fraction {fraction} at time {time}; it must be at least 0 and at most 1."));
    }

    /// <summary>How many of a group's neurons an event at this time removes.</summary>
    /// <param name="time">Completed epochs or steps; 0 or more.</param>
    /// <param name="original">The initial number of neurons of the group.</param>
    /// <param name="current">The present number of neurons.</param>
    /// <param name="minimum">Neurons to keep in any case; at least 1.</param>
    /// <returns>0 if no event is due.</returns>
    public int Removals(long time, int original, int current, int minimum = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(current, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(original, current);
        return IsDue(time) ? Math.Clamp(Wanted(time, original, current), 0, Math.Max(0, current - minimum)) : 0;
    }

    /// <summary>
    /// No event for <paramref name="maturity"/> epochs, then one every <paramref name="every"/> epochs, the first at maturity. Each
    /// removes a fraction of the remaining neurons, until the target is reached.
    /// </summary>
    /// <param name="maturity">Epochs before the first event; at least 0.</param>
    /// <param name="every">Epochs between events; at least 1.</param>
    /// <param name="amount">
    /// The fraction of the current neurons that an event removes, rounded down, but at least one neuron; more than 0, less than 1.
    /// </param>
    /// <param name="target">The fraction of the original neurons to remove in the end; more than 0, less than 1.</param>
    public static StepwiseSchedule Stepwise(long maturity, long every, double amount, double target) =>
        new(maturity, every, amount, target);

    /// <summary>
    /// A cubic from <paramref name="initial"/> to <paramref name="target"/>, steep at first and flat at the end: target + (initial -
    /// target)(1 - (t - start) / (end - start))^3 (Zhu and Gupta, 2017).
    /// </summary>
    /// <param name="start">Time of the first event; at least 0.</param>
    /// <param name="end">Time at which the target is reached; after start.</param>
    /// <param name="target">Inactive fraction after the end; more than 0, less than 1.</param>
    /// <param name="initial">Inactive fraction at the start; at least 0, at most the target.</param>
    /// <param name="every">Time between events; at least 1.</param>
    public static CubicSchedule Cubic(long start, long end, double target, double initial = 0, long every = 1) =>
        new(start, end, target, initial, every);

    /// <summary>
    /// An exponential from 0 at <paramref name="start"/> to <paramref name="target"/> at <paramref name="end"/>, of which three quarters
    /// are reached after an eighth of the time: progressive soft filter pruning (PSFP; He et al., Asymptotic Soft Filter Pruning, 2018),
    /// with <see cref="NeuronPruning.Soft"/>.
    /// </summary>
    /// <param name="start">Time of the first event; at least 0.</param>
    /// <param name="end">Time at which the target is reached; after start.</param>
    /// <param name="target">Inactive fraction after the end; more than 0, less than 1.</param>
    /// <param name="every">Time between events; at least 1.</param>
    public static AsymptoticSchedule Asymptotic(long start, long end, double target, long every = 1) => new(start, end, target, every);

    /// <summary>
    /// A constant fraction after <paramref name="start"/>. Events continue, so that other neurons or weights can become inactive.
    /// </summary>
    /// <param name="fraction">Inactive fraction; at least 0, less than 1.</param>
    /// <param name="start">Time of the first event; at least 0.</param>
    /// <param name="every">Time between events; at least 1.</param>
    public static ConstantSchedule Constant(double fraction, long start = 0, long every = 1) => new(fraction, start, every);

    /// <summary>A single event.</summary>
    /// <param name="at">Its time; at least 0.</param>
    /// <param name="target">Inactive fraction afterwards; more than 0, less than 1.</param>
    public static OneShotSchedule OneShot(long at, double target) => new(at, target);

    /// <summary>Time of the first event; at least 0.</summary>
    protected internal abstract long FirstTime { get; }

    /// <summary>Time between events; 0 if it varies, or if there is one event only.</summary>
    protected internal virtual long Interval => 0;

    /// <summary>
    /// The same schedule in a smaller unit of time. By default, events come at whole multiples of the factor, and the fraction changes
    /// there.
    /// </summary>
    /// <param name="factor">How many smaller units the present unit has; at least 1.</param>
    protected internal virtual Schedule In(long factor) => factor == 1 ? this : new FinerSchedule(this, factor);

    /// <summary>How many neurons an event would remove without a minimum. May be negative if too many are inactive already.</summary>
    private protected virtual int Wanted(long time, int original, int current) =>
        Fractions.Of(FractionAt(time), original) - (original - current);

    sealed record FinerSchedule(Schedule Coarse, long Factor) : Schedule
    {
        protected internal override long FirstTime => Coarse.FirstTime * Factor;

        protected internal override long Interval => Coarse.Interval * Factor;

        public override bool IsDue(long time) => time % Factor == 0 && Coarse.IsDue(time / Factor);

        public override double Fraction(long time) => Coarse.FractionAt(time / Factor);
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

    // On one line, unlike the usual message with the actual value.
    private protected static ArgumentOutOfRangeException Wrong(string name, double value, string wanted) =>
        new(name, string.Create(CultureInfo.InvariantCulture, $"{name} of a schedule is {value}; it must be {wanted}."));
}

/// <summary>The unit of a schedule's times.</summary>
public enum ScheduleUnit
{
    /// <summary>Completed steps of the run.</summary>
    Steps,

    /// <summary>Completed epochs, each converted to the run's steps per epoch.</summary>
    Epochs,
}

/// <summary>Fractions as decimal numbers.</summary>
static class Fractions
{
    /// <summary>
    /// floor(fraction * count), with the fraction taken as the decimal number that was written: 0.29 of 100 is 29, although the nearest
    /// double to 0.29 is below it.
    /// </summary>
    public static int Of(double fraction, int count) => (int)decimal.Floor((decimal)fraction * count);

    /// <summary>Asks whether a percentage was meant as a fraction; empty if the value cannot be a percentage.</summary>
    public static string Hint(double value) => value is > 1 and < 100
        ? FormattableString.Invariant($" (did you mean {value / 100:0.00##}?)") : "";
}
