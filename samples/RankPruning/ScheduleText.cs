using static System.FormattableString;

namespace MLNet.Pruning.Samples.RankPruning;

static class ScheduleText
{
    /// <summary>A schedule in words, such as "from epoch 30 on 20 % of what is left every 10 epochs, until 80 % are gone".</summary>
    public static string InWords(this StepwiseSchedule schedule) =>
        Invariant($"from epoch {schedule.Maturity} on {100 * schedule.Amount:0} % of what is left every ")
            + Invariant($"{(schedule.Every == 1 ? "epoch" : Invariant($"{schedule.Every} epochs"))}, until ")
            + Invariant($"{100 * schedule.Target:0} % are gone");
}
