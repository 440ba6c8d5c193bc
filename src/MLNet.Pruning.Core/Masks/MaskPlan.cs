
namespace MLNet.Pruning.Masks;

/// <summary>When masks are cut in one run, and how much is off then; all in completed steps.</summary>
sealed class MaskPlan
{
    // Fewer cuts make jumps, from which a network recovers badly; more often than every so many steps, nothing is gained.
    const long FewestCuts = 20, LongestInterval = 100;

    // A budget says how much is off in the end, and a schedule of its own only when.
    const double AnyTarget = 0.5;

    readonly Schedule? schedule;
    readonly long interval, until, end;

    public MaskPlan(WeightPruning settings, int epochs, int stepsPerEpoch)
    {
        var total = (long)epochs * stepsPerEpoch;
        var factor = settings.ScheduleIn == ScheduleUnit.Epochs ? stepsPerEpoch : 1;
        until = settings.Until * factor ?? long.MaxValue;
        end = settings.Until is null ? total : until;
        var last = Math.Min(total, until);
        schedule = settings.Rule.FindsAmount ? null
            : settings.Schedule is { } given ? given.In(factor)
            : settings.Rule.Sparsity is { } fraction ? Schedule.Constant(fraction)
            : settings.Sparsity is 0 ? Schedule.Constant(0)
            : Schedule.Cubic(0, Math.Max(1, Math.Min(until, total * 3 / 4)), settings.Sparsity ?? AnyTarget);
        var first = schedule?.FirstTime ?? 0;
        if (first > last)
            throw new ArgumentException($"Pruning.{nameof(WeightPruning.Schedule)}'s first event comes after {first} steps; the run has {total}{(until < total ? $", and masks are cut until step {until}" : "")}, so that nothing would be pruned.");
        var span = schedule switch
        {
            CubicSchedule cubic => Math.Min(cubic.End, last) - first,
            ConstantSchedule or null => last - first,
            _ => long.MaxValue, // It jumps, and masks are cut where it does.
        };
        interval = settings.Every
            ?? (settings.Schedule is CubicSchedule or ConstantSchedule or StepwiseSchedule && settings.Schedule.Interval > 1
                ? settings.Schedule.Interval * factor
                : Math.Clamp(span / FewestCuts, 1, LongestInterval));
        for (LastCut = last; LastCut > 0 && !IsDue(LastCut);)
            LastCut--;
    }

    /// <summary>The last step after which masks are cut.</summary>
    public long LastCut { get; }

    /// <summary>The fraction that is to be off.</summary>
    public double Fraction(long step) => schedule?.Fraction(step) ?? 0;

    /// <summary>The fraction that is off in the end.</summary>
    public double Target => schedule?.Fraction(long.MaxValue) ?? 0;

    /// <summary>The part of <see cref="Target"/> that is to be off.</summary>
    public double Part(long step) => Target > 0 ? Fraction(step) / Target : 1;

    /// <summary>From 0 at the first step to 1 at the last cut.</summary>
    public double Progress(long step) => end == 0 ? 1 : Math.Min(1, (double)step / end);

    public bool IsDue(long step)
    {
        if (step > until)
            return false;
        if (schedule is null)
            return step % interval == 0;
        var fraction = schedule.Fraction(step);
        if (step < schedule.FirstTime || (fraction == 0 && step == schedule.FirstTime))
            return false;
        return (step - schedule.FirstTime) % interval == 0 || (schedule is CubicSchedule cubic ? step == cubic.End : fraction != schedule.Fraction(step - 1));
    }
}
