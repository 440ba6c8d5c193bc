namespace MLNet.Pruning;

/// <summary>Which part of a network's neurons must go to meet a budget, before anything is known of their importance.</summary>
static class BudgetPlan
{
    /// <summary>A network that needs less of the budget than this could be larger, if one between were measured within it.</summary>
    public const double NearEnough = 0.95;

    /// <summary>The last neurons of each group: a part of them, and no more than the minimum leaves.</summary>
    public static NeuronSelection[] Last(IEnumerable<NeuronGroup> groups, double part, int minimum) =>
        [.. groups.Select(g => new NeuronSelection(g, [.. Enumerable.Range(0, g.Size).TakeLast(Count(g.Size, part, minimum))]))];

    static int Count(int size, double part, int minimum) => Math.Clamp((int)(part * size), 0, Math.Max(0, size - minimum));

    /// <summary>Without this part of all groups the budget is met, by halving.</summary>
    /// <param name="load">Of the network without a part; it is more than 1 without none, and less without all.</param>
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
