namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>
/// The epochs between two pruning events: the fraction that is gone, and the accuracy that the network has recovered by their end.
/// </summary>
/// <param name="Pruned">The fraction of the neurons of the pruned groups that is gone.</param>
/// <param name="TrainAccuracy">Training accuracy of the last epoch, which the paper reports.</param>
/// <param name="TestAccuracy">Test accuracy after that epoch.</param>
/// <param name="Epoch">The last epoch.</param>
/// <param name="Parameters">The remaining parameters.</param>
sealed record Plateau(double Pruned, double TrainAccuracy, double TestAccuracy, int Epoch, long Parameters)
{
    /// <summary>The plateaus of a run; the first is before any event.</summary>
    public static IReadOnlyList<Plateau> Of(TrainingHistory history)
    {
        var plateaus = new List<Plateau>();
        var sizes = new Dictionary<string, (int First, int Now)>();
        // The first event lists every group, even those that lose nothing.
        foreach (var group in history.Events.SelectMany(e => e.Groups))
            sizes.TryAdd(group.Name, (group.Before, group.Before));
        var ends = history.Events.Select(e => e.Epoch).Append(history.Epochs.Count).ToArray();
        for (var i = 0; i < ends.Length; i++)
        {
            if (i > 0)
                foreach (var group in history.Events[i - 1].Groups)
                    sizes[group.Name] = (sizes[group.Name].First, group.After);
            // Skip an event after the last epoch: no epoch has trained the result.
            if (i > 0 && ends[i] <= ends[i - 1])
                continue;
            var last = history.Epochs[ends[i] - 1];
            var gone = sizes.Count == 0 ? 0 : 1 - (double)sizes.Values.Sum(s => s.Now) / sizes.Values.Sum(s => s.First);
            plateaus.Add(new(gone, last.Accuracy ?? double.NaN, last.ValidationAccuracy ?? double.NaN, last.Epoch, last.Parameters));
        }
        return plateaus;
    }
}
