using System.Diagnostics;

namespace MLNet.Pruning;

/// <summary>Finds the fraction of neurons to remove to meet a budget, before their importance is known.</summary>
static class BudgetPlan
{
    /// <summary>A network with a load below this could be larger, if a network in between is measured within the budget.</summary>
    public const double NearEnough = 0.95;

    /// <summary>Selects the last neurons of each group: the given fraction, but no more than the minimum allows.</summary>
    public static NeuronSelection[] Last(IEnumerable<NeuronGroup> groups, double part, int minimum) =>
        [.. groups.Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).TakeLast(Count(g.Size, part, minimum))]))];

    static int Count(int size, double part, int minimum) => Math.Clamp((int)(part * size), 0, Math.Max(0, size - minimum));

    /// <summary>Finds by halving the fraction of all groups without which the budget is met.</summary>
    /// <param name="load">The load without a fraction of the neurons; above 1 for fraction 0, and below 1 for fraction 1.</param>
    public static double Part(Func<double, double> load)
    {
        var (less, enough) = (0.0, BudgetSchedule.All);
        for (var i = 0; i < 8; i++)
        {
            var middle = (less + enough) / 2;
            if (load(middle) > 1)
                less = middle;
            else
                enough = middle;
        }
        return enough;
    }
}

/// <summary>Schedules that end at a budget instead of a target.</summary>
static class BudgetSchedule
{
    /// <summary>A fraction that means all neurons but one, for groups of up to a million.</summary>
    public const double All = 1 - 1e-6;

    /// <summary>The same times and amounts, with the target replaced by this fraction of the neurons.</summary>
    public static Schedule Towards(Schedule schedule, double part) => schedule switch
    {
        StepwiseSchedule stepwise => WithoutTarget(stepwise),
        OneShotSchedule once => Schedule.OneShot(once.At, part),
        CubicSchedule cubic => Schedule.Cubic(cubic.Start, cubic.End, part, Math.Min(cubic.Initial, part), cubic.Every),
        AsymptoticSchedule asymptotic => Schedule.Asymptotic(asymptotic.Start, asymptotic.End, part, asymptotic.Every),
        ConstantSchedule constant => Schedule.Constant(part, constant.Start, constant.Every),
        _ => throw new UnreachableException($"{nameof(NeuronPruning)} has let a {schedule.GetType().Name} through."),
    };

    /// <summary>The same times and amounts, for as long as there is something to remove.</summary>
    public static StepwiseSchedule WithoutTarget(StepwiseSchedule schedule) =>
        Schedule.Stepwise(schedule.Maturity, schedule.Every, schedule.Amount, All);
}
