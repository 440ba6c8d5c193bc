using MLNet.Pruning.Importance;
using MLNet.Pruning.Neurons;
using MLNet.Pruning.Schedules;

namespace MLNet.Pruning;

/// <summary>How many neurons of which groups go at an event, and which: the whole of the ranking, on numbers alone.</summary>
static class NeuronChoice
{
    /// <summary>How many go in all; does not depend on scores.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the neurons that it began with and has now.</param>
    public static int Count(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes) => settings.Scope == PruningScope.Global
        ? Due(settings, time, sizes.Sum(s => s.Original), sizes.Sum(s => s.Current), sizes.Sum(s => Math.Min(s.Current, settings.MinimumNeurons)))
        : sizes.Sum(s => Due(settings, time, s.Original, s.Current, settings.MinimumNeurons));

    /// <summary>The neurons that go, per group, by their present numbers in ascending order.</summary>
    /// <param name="settings">What to do.</param>
    /// <param name="time">Completed epochs.</param>
    /// <param name="sizes">Per group, the neurons that it began with and has now.</param>
    /// <param name="scores">Per group and neuron; larger stays.</param>
    public static int[][] Bottom(NeuronPruning settings, int time, IReadOnlyList<(int Original, int Current)> sizes, IReadOnlyList<double[]> scores)
    {
        if (settings.Scope == PruningScope.PerGroup)
            return [.. sizes.Select((s, g) => Ranking.Bottom(scores[g], Due(settings, time, s.Original, s.Current, settings.MinimumNeurons)))];
        var count = Count(settings, time, sizes);
        return Ranking.BottomOfAll(settings.Normalization == ScoreNormalization.Mean ? NeuronScores.Normalized(scores) : scores, count, settings.MinimumNeurons);
    }

    static int Due(NeuronPruning settings, int time, int original, int current, int minimum)
    {
        if (!settings.Soft)
            return settings.Schedule!.Removals(time, original, current, minimum);
        // What was zeroed before may be among those that are now, so that each event chooses all that are to be off.
        return settings.Schedule!.IsDue(time) && current == original ? Math.Clamp(Fractions.Of(settings.Schedule!.Fraction(time), original), 0, Math.Max(0, current - minimum)) : 0;
    }
}
