using System.Globalization;
using MLNet.Pruning.Reporting.Text;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>Tables of a training history.</summary>
public static class HistoryTables
{
    /// <summary>A row for each epoch. Columns without data are left out.</summary>
    public static TextTable Epochs(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        (string Heading, Func<EpochRecord, string> Cell, bool Shown)[] columns =
        [
            ("epoch#", e => e.Epoch.ToString(CultureInfo.InvariantCulture), true),
            ("training loss#", e => Fixed(e.Loss), true),
            ("training accuracy#", e => Percent(e.Accuracy), history.Epochs.Any(e => e.Accuracy is not null)),
            ("validation loss#", e => Fixed(e.ValidationLoss), history.Epochs.Any(e => e.ValidationLoss is not null)),
            ("validation accuracy#", e => Percent(e.ValidationAccuracy), history.Epochs.Any(e => e.ValidationAccuracy is not null)),
            ("parameters#", e => Count(e.Parameters), true),
            ("seconds#", e => e.Seconds.ToString("F2", CultureInfo.InvariantCulture), true),
            ("rows/s#", e => Count(e.RowsPerSecond), true),
        ];
        columns = [.. columns.Where(c => c.Shown)];
        var table = new TextTable([.. columns.Select(c => c.Heading)]);
        foreach (var epoch in history.Epochs)
            table.Add([.. columns.Select(c => c.Cell(epoch))]);
        return table;
    }

    /// <summary>The options of the run as text.</summary>
    /// <param name="history">The history.</param>
    /// <param name="set">Whether to show only those that were set; histories of earlier versions do not tell which.</param>
    public static TextTable Options(TrainingHistory history, bool set = false)
    {
        ArgumentNullException.ThrowIfNull(history);
        var table = new TextTable("option", "value");
        foreach (var (name, value) in history.Options.Where(option => !set || history.OptionsSet.Contains(option.Key)))
            table.Add(name, value);
        return table;
    }

    /// <summary>What each group of neurons, or each layer under a mask, had at the start and has at the end.</summary>
    /// <param name="history">The history.</param>
    /// <param name="ofWeights">Whether to show active weights by layer, or neurons by group.</param>
    public static TextTable Layers(TrainingHistory history, bool ofWeights)
    {
        ArgumentNullException.ThrowIfNull(history);
        var table = new TextTable(ofWeights ? "layer" : "group", "at the start#", "at the end#", "left#");
        foreach (var layer in LayerSizes.Of(history, ofWeights))
            table.Add(layer.Name, Count(layer.Start), Count(layer.End), Percent((double)layer.End / Math.Max(1, layer.Start)));
        return table;
    }

    /// <summary>The versions and the machine with which the model was trained.</summary>
    public static TextTable Environment(TrainingEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var table = new TextTable("trained with", "");
        foreach (var (name, version) in environment.Versions)
            table.Add(name, version);
        table.Add("system", environment.System);
        table.Add("processor", $"{environment.Processor}, {environment.Cores} core{(environment.Cores == 1 ? "" : "s")}, "
            + environment.Instructions);
        table.Add("began", environment.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC");
        return table;
    }

    /// <summary>A row for each layer: its size, its density, and its kernel.</summary>
    public static TextTable Scoring(IReadOnlyList<PlanStep> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        var table = new TextTable("layer", "inputs#", "outputs#", "density#", "kernel");
        foreach (var layer in layers)
            table.Add(layer.Layer, Count(layer.Inputs), Count(layer.Outputs), Percent(layer.Density), layer.Kernel);
        return table;
    }

    /// <summary>A row for each bound of the run's budget, with the measurements.</summary>
    public static TextTable Budget(BudgetRecord budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        var table = new TextTable("bound", "wanted#", "at the start#", "when pruning ended#", "may be off by#", "holds");
        foreach (var bound in budget.AtEnd.Concat(budget.AtStart).DistinctBy(Key))
        {
            var start = budget.AtStart.FirstOrDefault(m => Key(m) == Key(bound));
            var end = budget.AtEnd.FirstOrDefault(m => Key(m) == Key(bound));
            var noise = end?.Noise is > 0 and var part ? (100 * part).ToString("F1", CultureInfo.InvariantCulture) + " %" : "";
            var holds = end is null ? "" : end.Holds ? "yes" : "no";
            table.Add(Name(bound), Measured(bound.Quantity, bound.Limit), Cell(start), Cell(end), noise, holds);
        }
        return table;

        static (BudgetQuantity, int?) Key(BudgetMeasurement m) => (m.Quantity, m.Rows);

        static string Cell(BudgetMeasurement? m) => m is null ? "" : Measured(m.Quantity, m.Measured);
    }

    /// <summary>The name of a bound, such as "latency of 1 row".</summary>
    internal static string Name(BudgetMeasurement bound) => bound.Quantity switch
    {
        BudgetQuantity.Latency => $"latency of {bound.Rows} row{(bound.Rows == 1 ? "" : "s")}",
        BudgetQuantity.Throughput => "throughput",
        BudgetQuantity.FileSize => "file",
        _ => "accuracy",
    };

    /// <summary>A row for each pruning event, with accuracy if it was measured, otherwise with loss. Empty columns are left out.</summary>
    public static TextTable Events(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var byAccuracy = history.Events.Any(e => e.AccuracyBefore is not null || e.AccuracyAfter is not null);
        var measure = byAccuracy ? "accuracy" : "loss";
        (string Heading, Func<PruningRecord, string> Cell)[] columns =
        [
            ("epoch#", e => e.Epoch.ToString(CultureInfo.InvariantCulture)),
            ("step#", e => Count(e.Step)),
            ("what", e => e.TakenBack == true ? $"{e.Kind} (taken back later)" : e.Kind),
            // Mask updates have a group for every parameter, and are frequent.
            ("groups", e => e.Weights is null ? string.Join(", ", e.Groups.Select(g => $"{g.Name} {g.Before} to {g.After}")) : ""),
            ("active weights#", e => Count(e.WeightsOn)),
            ("inactive#", e => e is { Weights: > 0 and var all, WeightsOn: { } active } ? Percent(1 - ((double)active / all)) : ""),
            ("by the schedule#", e => Percent(e.Scheduled)),
            ("came back#", e => Count(e.Reactivated)),
            ("parameters before#", e => Count(e.ParametersBefore)),
            ("after#", e => Count(e.ParametersAfter)),
            ("MACs a row before#", e => Count(e.MacsBefore)),
            ("after#", e => Count(e.MacsAfter)),
            .. history.Events.SelectMany(e => e.Budget).Select(Name).Distinct().Select(name => (name + "#", new Func<PruningRecord, string>(
                e => e.Budget.FirstOrDefault(m => Name(m) == name) is { } m ? Measured(m.Quantity, m.Measured) : ""))),
            ($"{measure} before#", e => byAccuracy ? Percent(e.AccuracyBefore) : Fixed(e.LossBefore)),
            ("right after#", e => byAccuracy ? Percent(e.AccuracyAfter) : Fixed(e.LossAfter)),
            ("recovered#", e => byAccuracy ? Percent(e.AccuracyRecovered) : Fixed(e.LossRecovered)),
            ("took#", e => e.Seconds is { } seconds ? Duration(seconds) : ""),
        ];
        columns = [.. columns.Where(c => history.Events.Count == 0 || history.Events.Any(e => c.Cell(e).Length > 0))];
        var table = new TextTable([.. columns.Select(c => c.Heading)]);
        foreach (var e in history.Events)
            table.Add([.. columns.Select(c => c.Cell(e))]);
        return table;
    }
}
