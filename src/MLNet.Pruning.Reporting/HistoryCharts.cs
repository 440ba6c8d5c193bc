using MLNet.Pruning.Reporting.Charts;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>Charts of a training history. Time is counted in completed epochs, or in steps.</summary>
public static class HistoryCharts
{
    // More lines in a chart cannot be told apart.
    const int MaximumLines = 12;

    /// <summary>
    /// The charts for which the run has data: accuracy and loss with their troughs; then what pruning did; then learning rate and loss by
    /// step.
    /// </summary>
    public static IEnumerable<LineChart> All(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return Quality(history).Concat(Pruning(history)).Concat(Steps(history));
    }

    internal static IEnumerable<LineChart> Quality(TrainingHistory history)
    {
        if (history.Epochs.Any(e => e.Accuracy is not null || e.ValidationAccuracy is not null))
            yield return Accuracy(history);
        if (history.Epochs.Count > 0)
            yield return Loss(history);
    }

    internal static IEnumerable<LineChart> Pruning(TrainingHistory history)
    {
        if (history.Events.Any(e => e.Weights > 0 || e.Scheduled is not null))
            yield return Sparsity(history);
        if (history.Epochs.Select(e => e.Parameters).Append(history.ParametersAtStart).Distinct().Count() > 1)
            yield return Parameters(history);
        foreach (var ofWeights in new[] { false, true })
            if (LayerSizes.Of(history, ofWeights) is { Count: > 0 and <= MaximumLines } layers)
                yield return Layers(history, layers, ofWeights);
        if (history.Events.Any(e => e.Weights > 0 && (e.Reactivated > 0 || e.Deactivated > 0)))
            yield return Reactivated(history);
        foreach (var bound in history.Events.SelectMany(e => e.Budget).Select(HistoryTables.Name).Distinct())
            yield return Budget(history, bound);
    }

    internal static IEnumerable<LineChart> Steps(TrainingHistory history)
    {
        if (history.Steps.Count < 2)
            yield break;
        yield return StepLoss(history);
        if (history.Steps.DistinctBy(s => s.LearningRate).Count() > 1)
            yield return LearningRate(history);
    }

    /// <summary>Training and validation loss by epoch, with the loss right after each pruning event where it was measured.</summary>
    public static LineChart Loss(TrainingHistory history) => Chart("Loss", "loss", history, e => e.Loss, e => e.ValidationLoss,
        e => (e.LossBefore, e.LossAfter, e.LossRecovered));

    /// <summary>
    /// Training and validation accuracy by epoch, with the accuracy right after each pruning event where it was measured.
    /// </summary>
    public static LineChart Accuracy(TrainingHistory history) => Chart("Accuracy", "accuracy, %", history, e => 100 * e.Accuracy,
        e => 100 * e.ValidationAccuracy, e => (100 * e.AccuracyBefore, 100 * e.AccuracyAfter, 100 * e.AccuracyRecovered));

    /// <summary>Parameters by epoch.</summary>
    public static LineChart Parameters(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var points = history.Epochs.Select(e => ((double)e.Epoch, (double)e.Parameters)).Prepend((0, history.ParametersAtStart));
        return InEpochs("Parameters", "trainable parameters", history) with
        {
            Series = [new("trainable parameters", [.. points])],
            YIncludes = [0],
        };
    }

    /// <summary>
    /// The fraction of neurons or weights that is gone or inactive after each event, and the fraction that the schedule wants.
    /// </summary>
    public static LineChart Sparsity(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var time = new RunTime(history);
        var lines = new List<Series>();
        Add("neurons removed", LayerSizes.Gone(history, ofWeights: false), history.Events.Where(e => e.Weights is null));
        Add("weights inactive", LayerSizes.Gone(history, ofWeights: true), history.Events.Where(e => e.Weights is not null));
        return InEpochs("Sparsity and its schedule", "removed or inactive, %", history) with
        {
            Series = lines,
            Markers = [],
            YIncludes = [0, 100],
        };

        void Add(string name, IReadOnlyList<(PruningRecord Event, double Part)> reached, IEnumerable<PruningRecord> events)
        {
            var colour = lines.Count;
            var changes = reached.Select(r => (time.Of(r.Event), 100 * r.Part));
            if (reached.Count > 0)
                lines.Add(new(name, RunTime.InSteps(0, changes, history.Epochs.Count)) { Colour = colour });
            var wanted = events.Where(e => e.Scheduled is not null).Select(e => (time.Of(e), 100 * e.Scheduled!.Value)).ToArray();
            if (wanted.Length > 0)
                lines.Add(new($"{name}, by the schedule", wanted, Dashed: true) { Colour = colour + 1 });
        }
    }

    /// <summary>How many weights each update of the masks made inactive, and how many it made active again.</summary>
    public static LineChart Reactivated(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var time = new RunTime(history);
        var cuts = history.Events.Where(e => e.Weights > 0).ToArray();
        return InEpochs("Weights that changed sides", "weights in an update", history) with
        {
            Series =
            [
                new("active again", [.. cuts.Select(e => (time.Of(e), (double)(e.Reactivated ?? 0)))]),
                new("made inactive", [.. cuts.Select(e => (time.Of(e), (double)(e.Deactivated ?? 0)))], Dashed: true),
            ],
            Markers = [],
        };
    }

    /// <summary>The loss of the recorded steps' batches: the steps right before and after each pruning event are among them.</summary>
    public static LineChart StepLoss(TrainingHistory history) => InSteps("Loss by step", "loss of the batch", history, s => s.Loss);

    /// <summary>The learning rate of the recorded steps.</summary>
    public static LineChart LearningRate(TrainingHistory history) =>
        InSteps("Learning rate", "learning rate", history, s => s.LearningRate) with { Markers = [] };

    /// <summary>Measurements for a bound of the budget, by step, and the bound.</summary>
    /// <param name="history">A history with a budget.</param>
    /// <param name="bound">The bound's name in <see cref="HistoryTables.Events"/>, such as "latency of 1 row".</param>
    public static LineChart Budget(TrainingHistory history, string bound)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentException.ThrowIfNullOrEmpty(bound);
        (long Step, BudgetMeasurement Measurement)[] all =
        [
            .. (history.Budget?.AtStart ?? []).Where(m => HistoryTables.Name(m) == bound).Select(m => (0L, m)),
            .. history.Events.SelectMany(e => e.Budget.Where(m => HistoryTables.Name(m) == bound).Select(m => (e.Step, m))),
        ];
        var (scale, unit) = all.FirstOrDefault().Measurement?.Quantity switch
        {
            BudgetQuantity.Latency => (1e6, "us"),
            BudgetQuantity.Throughput => (1, "rows/s"),
            BudgetQuantity.FileSize => (1e-3, "kB"),
            _ => (100.0, "%"),
        };
        return new($"Budget: {bound}", "step", $"{bound}, {unit}")
        {
            WholeX = true,
            Series =
            [
                new("measured", [.. all.Select(m => ((double)m.Step, scale * m.Measurement.Measured))]),
                new("budget", [.. all.Select(m => ((double)m.Step, scale * m.Measurement.Limit))], Dashed: true),
            ],
        };
    }

    static LineChart Layers(TrainingHistory history, IReadOnlyList<LayerSizes> layers, bool ofWeights)
    {
        var time = new RunTime(history);
        return InEpochs(ofWeights ? "Active weights by layer" : "Neurons by group", "left, %", history) with
        {
            Series = [.. layers.Select((layer, k) => new Series(layer.Name, layer.Left(time, history.Epochs.Count, all: 100), k >= 6))],
            Markers = [],
            YIncludes = [0],
        };
    }

    static LineChart Chart(string title, string unit, TrainingHistory history, Func<EpochRecord, double?> training,
        Func<EpochRecord, double?> validation, Func<PruningRecord, (double? Before, double? After, double? Recovered)> around)
    {
        ArgumentNullException.ThrowIfNull(history);
        var measured = history.Events.Where(e => around(e).After is not null).ToLookup(e => e.MeasuredOn == "validation");
        var lines = new List<Series>();
        if (history.Epochs.Any(e => training(e) is not null))
            lines.Add(new("training", [.. history.Epochs.Select(e => ((double)e.Epoch, training(e) ?? double.NaN))]));
        if (history.Epochs.Any(e => validation(e) is not null))
            lines.Add(new("validation", WithTroughs(history, validation, [.. measured[true]], around)) { Colour = 1 });
        if (measured[false].ToArray() is { Length: > 0 } alone)
            lines.Add(new("some training rows, around events", Around(history, alone, around), Dashed: true) { Colour = 2 });
        return InEpochs(title, unit, history) with { Series = lines };
    }

    /// <summary>The line through all epochs falls to where an event has put it, and goes on from there.</summary>
    static List<(double X, double Y)> WithTroughs(TrainingHistory history, Func<EpochRecord, double?> value, List<PruningRecord> events,
        Func<PruningRecord, (double? Before, double? After, double? Recovered)> around)
    {
        var points = new List<(double X, double Y)>();
        foreach (var first in events.Where(e => e.Epoch == 0))
            points.AddRange([(0, around(first).Before ?? double.NaN), (0, around(first).After!.Value)]);
        foreach (var epoch in history.Epochs)
        {
            points.Add((epoch.Epoch, value(epoch) ?? double.NaN));
            points.AddRange(events.Where(e => e.Epoch == epoch.Epoch).Select(e => ((double)e.Epoch, around(e).After!.Value)));
        }
        return points;
    }

    static List<(double X, double Y)> Around(TrainingHistory history, PruningRecord[] events,
        Func<PruningRecord, (double? Before, double? After, double? Recovered)> around)
    {
        var points = events.SelectMany(e => new[] { ((double)e.Epoch, around(e).Before ?? double.NaN), (e.Epoch, around(e).After!.Value) })
            .ToList();
        if (around(events[^1]).Recovered is { } recovered && history.Epochs.Count > 0)
            points.Add((history.Epochs[^1].Epoch, recovered));
        return points;
    }

    static LineChart InEpochs(string title, string unit, TrainingHistory history)
    {
        var time = new RunTime(history);
        return new(title, "epoch", unit) { WholeX = true, Markers = EventMarkers.Of(history, time.Of, best => best) };
    }

    static LineChart InSteps(string title, string unit, TrainingHistory history, Func<StepRecord, double> value)
    {
        ArgumentNullException.ThrowIfNull(history);
        return new(title, "step", unit)
        {
            WholeX = true,
            Series = [new(unit, [.. history.Steps.Select(s => ((double)s.Step, value(s)))])],
            Markers = EventMarkers.Of(history, e => e.Step, _ => null),
        };
    }
}

/// <summary>What the lines across charts say of pruning events.</summary>
static class EventMarkers
{
    // More updates of masks are a shaded stretch.
    const int MaximumCuts = 12;

    public static IReadOnlyList<Marker> Of(TrainingHistory history, Func<PruningRecord, double> at, Func<int, double?> epoch)
    {
        var cuts = history.Events.Where(e => e.Weights is not null).ToArray();
        var markers = history.Events.Where(e => e.Weights is null || cuts.Length <= MaximumCuts)
            .Select(e => new Marker(at(e), Label(e)) { Kind = Kind(e) }).ToList();
        if (cuts.Length > MaximumCuts)
        {
            var label = $"masks updated {cuts.Length} times, from step {Count(cuts[0].Step)} to {Count(cuts[^1].Step)}";
            markers.Insert(0, new(at(cuts[0]), label) { Until = at(cuts[^1]), Kind = $"masks updated ({cuts.Length} times)" });
        }
        if (history.BestEpoch is { } best && epoch(best) is { } x)
            markers.Add(new(x, $"epoch {best}, whose model was kept") { Kind = "best epoch" });
        return markers;
    }

    static string Kind(PruningRecord e) => e.TakenBack == true ? "pruned, undone later" : e.Kind switch
    {
        "neurons" => "neurons removed",
        "weights" => "masks updated",
        _ => e.Kind,
    };

    static string Label(PruningRecord e)
    {
        var change = $"{e.Kind}, epoch {e.Epoch}: {Count(e.ParametersBefore)} to {Count(e.ParametersAfter)} parameters";
        return e switch
        {
            { AccuracyBefore: { } before, AccuracyAfter: { } after } => $"{change}; accuracy {Percent(before)} to {Percent(after)}{Rows(e)}"
                + (e.AccuracyRecovered is { } later ? $", later {Percent(later)}" : ""),
            { LossBefore: { } before, LossAfter: { } after } => $"{change}; loss {Fixed(before)} to {Fixed(after)}{Rows(e)}"
                + (e.LossRecovered is { } later ? $", later {Fixed(later)}" : ""),
            _ => change,
        };
    }

    static string Rows(PruningRecord e) => e.MeasuredOn is { } rows ? $" ({rows} rows)" : "";
}
