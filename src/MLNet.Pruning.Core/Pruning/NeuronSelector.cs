namespace MLNet.Pruning;

/// <summary>Decides how many neurons of which groups an event removes, and which; a pure function of numbers.</summary>
static class NeuronSelector
{
    /// <summary>How many neurons an event removes in all; independent of scores.</summary>
    /// <param name="settings">The pruning settings.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the initial and the present number of neurons.</param>
    public static int Count(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes) =>
        settings.Scope == PruningScope.Global
        ? Due(settings, time, sizes.Sum(s => s.Original), sizes.Sum(s => s.Current), sizes
            .Sum(s => Math.Min(s.Current, settings.MinimumNeurons)))
        : sizes.Sum(s => Due(settings, time, s.Original, s.Current, settings.MinimumNeurons));

    /// <summary>The neurons to remove, per group, by their present numbers in ascending order.</summary>
    /// <param name="settings">The pruning settings.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the initial and the present number of neurons.</param>
    /// <param name="scores">Per group and neuron; larger stays.</param>
    public static int[][] Bottom(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes,
        IReadOnlyList<double[]> scores) =>
        Bottom(settings, Maximum(settings, time, sizes, final: false), scores);

    /// <summary>The maximum that an event may remove if a budget limits it: per group, or in all.</summary>
    /// <param name="settings">The pruning settings.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the initial and the present number of neurons.</param>
    /// <param name="final">Whether all neurons but the minimum may be removed.</param>
    public static int[] Maximum(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes, bool final)
    {
        int[] maximum = [.. sizes.Select(s => final ? Math.Max(0, s.Current - settings.MinimumNeurons)
            : Due(settings, time, s.Original, s.Current, settings.MinimumNeurons))];
        return settings.Scope == PruningScope.PerGroup ? maximum : [final ? maximum.Sum() : Count(settings, time, sizes)];
    }

    /// <summary>The neurons to remove, per group, by their present numbers in ascending order.</summary>
    /// <param name="settings">The pruning settings.</param>
    /// <param name="counts">How many to remove: per group, or in all.</param>
    /// <param name="scores">Per group and neuron; larger stays.</param>
    public static int[][] Bottom(NeuronPruning settings, int[] counts, IReadOnlyList<double[]> scores)
    {
        if (settings.Scope == PruningScope.PerGroup)
            return [.. scores.Select((group, g) => Ranking.Bottom(group, counts[g]))];
        return Ranking.BottomOfAll(NeuronScores.Normalized(scores, settings.Normalization), counts[0], settings.MinimumNeurons);
    }

    static int Due(NeuronPruning settings, int time, int original, int current, int minimum)
    {
        if (!settings.Soft)
            return settings.Schedule!.Removals(time, original, current, minimum);
        // Neurons that were zeroed before may be chosen again, so each event chooses all that are to be zero.
        return settings.Schedule!.IsDue(time) && current == original
            ? Math.Clamp(Fractions.Of(settings.Schedule!.FractionAt(time), original), 0, Math.Max(0, current - minimum)) : 0;
    }
}

/// <summary>Previews a schedule in a run, before the groups are known.</summary>
static class PlannedEvents
{
    /// <summary>
    /// The times of events in a run of so many epochs. After the last epoch there is no time to recover, so an event comes then only if it
    /// is the only one.
    /// </summary>
    public static IReadOnlyList<int> Times(Schedule schedule, int epochs)
    {
        var due = Enumerable.Range(0, epochs + 1).Where(time => schedule.IsDue(time)).ToList();
        if (due.Count > 1 && due[^1] == epochs)
            due.RemoveAt(due.Count - 1);
        return due;
    }

    /// <summary>The fraction of a large group's neurons that is gone after events at these times.</summary>
    public static double Reached(Schedule schedule, IEnumerable<int> times, bool soft)
    {
        const int large = 1_000_000;
        if (soft)
            return times.Any() ? schedule.FractionAt(times.Last()) : 0;
        var left = large;
        foreach (var time in times)
            left -= schedule.Removals(time, large, left);
        return 1 - (double)left / large;
    }
}
