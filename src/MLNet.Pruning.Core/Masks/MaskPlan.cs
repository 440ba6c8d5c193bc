using MLNet.Pruning.Schedules;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Masks;

/// <summary>When masks are cut in one run, and how much is off then; all in completed steps.</summary>
sealed class MaskPlan
{
    readonly Schedule? schedule;
    readonly long interval, until, end;

    public MaskPlan(WeightPruning settings, TrainingRun run)
    {
        long? perEpoch = run.StepsPerEpoch is { } steps and > 0 ? steps : null;
        var total = perEpoch * run.Options.Epochs;
        var inEpochs = settings.ScheduleIn == ScheduleUnit.Epochs && (settings.Schedule is not null || settings.Until is not null);
        var factor = !inEpochs ? 1 : perEpoch ?? throw Unknown(nameof(WeightPruning.ScheduleIn), ScheduleUnit.Epochs, nameof(ScheduleUnit.Steps));
        var own = settings.Schedule is CubicSchedule or ConstantSchedule or StepwiseSchedule && settings.Schedule.Interval > 1 ? settings.Schedule.Interval * factor : WeightPruning.UsualInterval;
        interval = settings.Every ?? own;
        until = settings.Until * factor ?? long.MaxValue;
        schedule = settings.Rule.FindsAmount ? null
            : settings.Schedule is { } given ? given.In(factor)
            : settings.Rule.Sparsity is { } fraction ? Schedule.Constant(fraction)
            : settings.Sparsity is 0 ? Schedule.Constant(0)
            : Schedule.Cubic(0, Math.Max(1, Math.Min(until, (total ?? throw Unknown(nameof(WeightPruning.Schedule), null, "one in steps")) * 3 / 4)), settings.Sparsity!.Value);
        end = settings.Until is not null ? until : total ?? long.MaxValue;
        if (settings.Rule.NeedsGradient && end == long.MaxValue)
            throw Unknown(nameof(WeightPruning.Until), null, "a number of steps, over which regrowth fades");
        if (total is { } last && schedule is not null && schedule.FirstTime > Math.Min(last, until))
            throw new ArgumentException($"Pruning.{nameof(WeightPruning.Schedule)}'s first event comes after {schedule.FirstTime} steps; the run has {last}{(until < last ? $", and masks are cut until step {until}" : "")}, so that nothing would be pruned.");
    }

    /// <summary>The fraction that is to be off.</summary>
    public double Fraction(long step) => schedule?.Fraction(step) ?? 0;

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

    static ArgumentException Unknown(string setting, object? value, string wanted) =>
        new($"Pruning.{setting} is {value ?? "null"}; it must be {wanted}, since the length of an epoch of streamed examples is not known.");
}
