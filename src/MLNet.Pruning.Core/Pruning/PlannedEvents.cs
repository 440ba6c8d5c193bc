
namespace MLNet.Pruning;

/// <summary>What a schedule will do in a run, before anything is known of its groups.</summary>
static class PlannedEvents
{
    /// <summary>When events come in a run of so many epochs. After the last epoch there is none to recover in: an event comes then only if it is the only one.</summary>
    public static IReadOnlyList<int> Times(Schedule schedule, int epochs)
    {
        var due = Enumerable.Range(0, epochs + 1).Where(time => schedule.IsDue(time)).ToList();
        if (due.Count > 1 && due[^1] == epochs)
            due.RemoveAt(due.Count - 1);
        return due;
    }

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
