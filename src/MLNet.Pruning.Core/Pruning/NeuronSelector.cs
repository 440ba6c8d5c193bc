namespace MLNet.Pruning;

/// <summary>How many neurons of which groups go at an event, and which: the whole of the ranking, on numbers alone.</summary>
static class NeuronSelector
{
    /// <summary>How many go in all; does not depend on scores.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the neurons that it began with and has now.</param>
    public static int Count(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes) =>
        settings.Scope == PruningScope.Global
        ? Due(settings, time, sizes.Sum(s => s.Original), sizes.Sum(s => s.Current), sizes
            .Sum(s => Math.Min(s.Current, settings.MinimumNeurons)))
        : sizes.Sum(s => Due(settings, time, s.Original, s.Current, settings.MinimumNeurons));

    /// <summary>The neurons that go, per group, by their present numbers in ascending order.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the neurons that it began with and has now.</param>
    /// <param name="scores">Per group and neuron; larger stays.</param>
    public static int[][] Bottom(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes,
        IReadOnlyList<double[]> scores) =>
        Bottom(settings, Most(settings, time, sizes, final: false), scores);

    /// <summary>How many an event may take where a budget ends it: per group, or of all together.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the neurons that it began with and has now.</param>
    /// <param name="final">Whether all may go but the minimum.</param>
    public static int[] Most(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes, bool final)
    {
        int[] most = [.. sizes.Select(s => final ? Math.Max(0, s.Current - settings.MinimumNeurons)
            : Due(settings, time, s.Original, s.Current, settings.MinimumNeurons))];
        return settings.Scope == PruningScope.PerGroup ? most : [final ? most.Sum() : Count(settings, time, sizes)];
    }

    /// <summary>The neurons that go, per group, by their present numbers in ascending order.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="counts">How many go: per group, or of all together.</param>
    /// <param name="scores">Per group and neuron; larger stays.</param>
    public static int[][] Bottom(NeuronPruning settings, int[] counts, IReadOnlyList<double[]> scores)
    {
        if (settings.Scope == PruningScope.PerGroup)
            return [.. scores.Select((group, g) => Ranking.Bottom(group, counts[g]))];
        var comparable = settings.Normalization == ScoreNormalization.Mean ? NeuronScores.Normalized(scores) : scores;
        return Ranking.BottomOfAll(comparable, counts[0], settings.MinimumNeurons);
    }

    static int Due(NeuronPruning settings, int time, int original, int current, int minimum)
    {
        if (!settings.Soft)
            return settings.Schedule!.Removals(time, original, current, minimum);
        // What was zeroed before may be among those that are now, so that each event chooses all that are to be off.
        return settings.Schedule!.IsDue(time) && current == original
            ? Math.Clamp(Fractions.Of(settings.Schedule!.Fraction(time), original), 0, Math.Max(0, current - minimum)) : 0;
    }
}

/// <summary>What a schedule will do in a run, before anything is known of its groups.</summary>
static class PlannedEvents
{
    /// <summary>
    /// When events come in a run of so many epochs. After the last epoch there is none to recover in: an event comes then only if it is the
    /// only one.
    /// </summary>
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
