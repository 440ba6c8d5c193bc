namespace MLNet.Pruning.Reporting;

/// <summary>Turns steps into epochs, with their fractions.</summary>
sealed class RunTime(TrainingHistory history)
{
    /// <summary>The time of an event in completed epochs.</summary>
    public double Of(PruningRecord e)
    {
        var (from, epoch) = (0L, 0);
        foreach (var record in history.Epochs)
        {
            if (e.Step <= record.Steps)
                return record.Steps == from ? record.Epoch : epoch + ((double)(e.Step - from) / (record.Steps - from));
            (from, epoch) = (record.Steps, record.Epoch);
        }
        // In an epoch that is not over: as long as those before.
        return from > 0 ? epoch + Math.Min(1, (double)(e.Step - from) * epoch / from) : e.Weights is null ? e.Epoch : e.Epoch - 1;
    }

    /// <summary>A line that keeps its value until it takes the next one.</summary>
    /// <param name="start">Its value at time 0.</param>
    /// <param name="changes">The later ones.</param>
    /// <param name="end">When it ends.</param>
    public static IReadOnlyList<(double X, double Y)> InSteps(double start, IEnumerable<(double X, double Y)> changes, double end)
    {
        var points = new List<(double X, double Y)> { (0, start) };
        foreach (var change in changes)
            points.AddRange([(change.X, points[^1].Y), change]);
        if (points[^1].X < end)
            points.Add((end, points[^1].Y));
        return points;
    }
}

/// <summary>The neurons of a group, or the active weights of a layer, over the events of a run.</summary>
/// <param name="Name">The group's or the layer's name.</param>
/// <param name="Start">How many there were before the first event.</param>
/// <param name="Sizes">How many there were after each.</param>
sealed record LayerSizes(string Name, int Start, IReadOnlyList<(PruningRecord Event, int After)> Sizes)
{
    /// <summary>All groups, or all layers under masks, in the order of the network.</summary>
    public static IReadOnlyList<LayerSizes> Of(TrainingHistory history, bool ofWeights) =>
    [
        .. from e in history.Events
           where (e.Weights is not null) == ofWeights
           from part in e.Groups
           group (Event: e, part.Before, part.After) by part.Name into layer
           let all = layer.ToArray()
           select new LayerSizes(layer.Key, all[0].Before, [.. all.Select(a => (a.Event, a.After))]),
    ];

    /// <summary>For each event, the fraction of all neurons or weights at the start that is gone then.</summary>
    public static IReadOnlyList<(PruningRecord Event, double Part)> Gone(TrainingHistory history, bool ofWeights)
    {
        if (ofWeights)
        {
            return [.. history.Events.Where(e => e is { Weights: > 0, WeightsOn: not null })
                .Select(e => (e, 1 - ((double)e.WeightsOn!.Value / e.Weights!.Value)))];
        }
        var layers = Of(history, false);
        var (now, start) = (layers.ToDictionary(l => l.Name, l => l.Start), layers.Sum(l => (long)l.Start));
        var reached = new List<(PruningRecord, double)>();
        foreach (var e in history.Events.Where(e => e.Weights is null && start > 0))
        {
            foreach (var part in e.Groups)
                now[part.Name] = part.After;
            reached.Add((e, 1 - ((double)now.Values.Sum(size => (long)size) / start)));
        }
        return reached;
    }

    public int End => Sizes[^1].After;

    /// <summary>What is left, from the start of the run to the last epoch: it falls with each event.</summary>
    /// <param name="time">The times of events.</param>
    /// <param name="epochs">The last epoch.</param>
    /// <param name="all">The number that stands for all.</param>
    public IReadOnlyList<(double X, double Y)> Left(RunTime time, int epochs, double all = 1) =>
        RunTime.InSteps(all, Sizes.Select(s => (time.Of(s.Event), all * s.After / Math.Max(1, Start))), epochs);
}
