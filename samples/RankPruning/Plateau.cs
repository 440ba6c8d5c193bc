namespace MLNet.Pruning.Samples.RankPruning;

/// <summary>A stretch of epochs between two pruning events: how much is gone, and how good the network has become again by its end.</summary>
/// <param name="Pruned">The fraction of the neurons of the pruned groups that is gone.</param>
/// <param name="TrainAccuracy">Accuracy over the last epoch as it trained: what the paper reports.</param>
/// <param name="TestAccuracy">Accuracy on the test set after that epoch.</param>
/// <param name="Epoch">That epoch.</param>
/// <param name="Parameters">Parameters that are left.</param>
sealed record Plateau(double Pruned, double TrainAccuracy, double TestAccuracy, int Epoch, long Parameters)
{
    /// <summary>The plateaus of a run, the first of them before any event.</summary>
    public static IReadOnlyList<Plateau> Of(TrainingHistory history)
    {
        var plateaus = new List<Plateau>();
        var sizes = new Dictionary<string, (int First, int Now)>();
        // The first event lists every group, those that lose nothing too.
        foreach (var group in history.Events.SelectMany(e => e.Groups))
            sizes.TryAdd(group.Name, (group.Before, group.Before));
        var ends = history.Events.Select(e => e.Epoch).Append(history.Epochs.Count).ToArray();
        for (var i = 0; i < ends.Length; i++)
        {
            if (i > 0)
                foreach (var group in history.Events[i - 1].Groups)
                    sizes[group.Name] = (sizes[group.Name].First, group.After);
            // Of an event after the last epoch nothing is known: there is no epoch that trained what it left.
            if (i > 0 && ends[i] <= ends[i - 1])
                continue;
            var last = history.Epochs[ends[i] - 1];
            var gone = sizes.Count == 0 ? 0 : 1 - (double)sizes.Values.Sum(s => s.Now) / sizes.Values.Sum(s => s.First);
            plateaus.Add(new(gone, last.Accuracy ?? double.NaN, last.ValidationAccuracy ?? double.NaN, last.Epoch, last.Parameters));
        }
        return plateaus;
    }
}
