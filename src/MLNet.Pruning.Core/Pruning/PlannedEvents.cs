using MLNet.Pruning.Schedules;

namespace MLNet.Pruning;

/// <summary>What a schedule will do in a run, before anything is known of its groups.</summary>
static class PlannedEvents
{
    /// <summary>When events are due in a run of so many epochs, the end of the last included.</summary>
    public static IReadOnlyList<int> Times(Schedule schedule, int epochs) => [.. Enumerable.Range(0, epochs + 1).Where(time => schedule.IsDue(time))];

    /// <summary>Which part of the neurons of a large group will be gone after events at these times.</summary>
    public static double Reached(Schedule schedule, IEnumerable<int> times, bool soft)
    {
        const int large = 1_000_000;
        if (soft)
            return times.Any() ? schedule.Fraction(times.Last()) : 0;
        var left = large;
        foreach (var time in times)
            left -= schedule.Removals(time, large, left);
        return 1 - (double)left / large;
    }
}
