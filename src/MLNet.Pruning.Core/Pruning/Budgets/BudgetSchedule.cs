
namespace MLNet.Pruning;

/// <summary>Schedules that lead to a budget in place of a target.</summary>
static class BudgetSchedule
{
    /// <summary>The part of the neurons that is all of them but one, of groups of up to a million.</summary>
    public const double All = 1 - 1e-6;

    /// <summary>The same times and amounts, for a budget that is met when this part of the neurons is gone.</summary>
    public static Schedule Towards(Schedule schedule, double part) => schedule switch
    {
        StepwiseSchedule stepwise => WithoutTarget(stepwise),
        OneShotSchedule once => Schedule.OneShot(once.At, part),
        CubicSchedule cubic => Schedule.Cubic(cubic.Start, cubic.End, part, Math.Min(cubic.Initial, part), cubic.Every),
        ConstantSchedule constant => Schedule.Constant(part, constant.Start, constant.Every),
        _ => throw new NotSupportedException($"A budget cannot take the place of the target of a {schedule.GetType().Name}."),
    };

    /// <summary>The same times and amounts, for as long as there is something to remove.</summary>
    public static StepwiseSchedule WithoutTarget(StepwiseSchedule schedule) =>
        Schedule.Stepwise(schedule.Maturity, schedule.Every, schedule.Amount, All);
}
