using MLNet.Pruning.Reporting.Charts;

namespace MLNet.Pruning.Reporting;

/// <summary>Charts of a training history.</summary>
public static class HistoryCharts
{
    /// <summary>The charts for which the run has data: loss, accuracy, and parameters if they changed.</summary>
    public static IEnumerable<LineChart> All(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        yield return Loss(history);
        if (history.Epochs.Any(e => e.Accuracy is not null || e.ValidationAccuracy is not null))
            yield return Accuracy(history);
        if (history.Epochs.Select(e => e.Parameters).Append(history.ParametersAtStart).Distinct().Count() > 1)
            yield return Parameters(history);
        if (history.Events.Any(e => e.Weights > 0))
            yield return ActiveWeights(history);
        foreach (var bound in history.Events.SelectMany(e => e.Budget).Select(HistoryTables.Name).Distinct())
            yield return Budget(history, bound);
    }

    /// <summary>Measurements for a bound of the budget, by step, and the bound.</summary>
    /// <param name="history">A history with a budget.</param>
    /// <param name="bound">The bound's name in <see cref="HistoryTables.Events"/>, such as "latency of 1 row".</param>
    public static LineChart Budget(TrainingHistory history, string bound)
    {
        ArgumentNullException.ThrowIfNull(history);
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
        return new(char.ToUpperInvariant(bound[0]) + bound[1..], "step", $"{bound}, {unit}")
        {
            WholeX = true,
            Series =
            [
                new("measured", [.. all.Select(m => ((double)m.Step, scale * m.Measurement.Measured))]),
                new("budget", [.. all.Select(m => ((double)m.Step, scale * m.Measurement.Limit))], Dashed: true),
            ],
        };
    }

    /// <summary>Training and validation loss by epoch.</summary>
    public static LineChart Loss(TrainingHistory history) =>
        Chart("Loss", "loss", history, ("training", e => e.Loss), ("validation", e => e.ValidationLoss));

    /// <summary>Training and validation accuracy by epoch.</summary>
    public static LineChart Accuracy(TrainingHistory history) =>
        Chart("Accuracy", "accuracy, %", history, ("training", e => e.Accuracy * 100), ("validation", e => e.ValidationAccuracy * 100));

    /// <summary>Parameters by epoch.</summary>
    public static LineChart Parameters(TrainingHistory history) =>
        Chart("Parameters", "parameters", history, ("trainable parameters", e => e.Parameters));

    /// <summary>The fraction of the weights under masks that is active, by step.</summary>
    public static LineChart ActiveWeights(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var cuts = history.Events.Where(e => e.Weights > 0);
        return new("Weights", "step", "active weights, %")
        {
            WholeX = true,
            Series = [new("active weights", [.. cuts.Select(e => ((double)e.Step, 100.0 * e.WeightsOn!.Value / e.Weights!.Value))])],
        };
    }

    static LineChart Chart(
        string title, string unit, TrainingHistory history, params (string Name, Func<EpochRecord, double?> Value)[] lines)
    {
        ArgumentNullException.ThrowIfNull(history);
        static double X(EpochRecord epoch) => epoch.Epoch;
        return new(title, "epoch", unit)
        {
            WholeX = true,
            // Mask updates are too frequent to be marked.
            Markers = [.. from e in history.Events
                          where e.Weights is null
                          let text = $"{e.Kind}, epoch {e.Epoch}: {e.ParametersBefore} to {e.ParametersAfter} parameters"
                          select new Marker(e.Epoch, text)],
            Series = [.. lines
                .Where(line => history.Epochs.Any(e => line.Value(e) is not null))
                .Select((line, k) => new Series(line.Name, [.. history.Epochs.Select(e => (X(e), line.Value(e) ?? double.NaN))], k > 0))],
        };
    }
}
