using System.Globalization;
using MLNet.Pruning.Reporting.Text;
using MLNet.Pruning.Training;
using static MLNet.Pruning.Reporting.Text.Numbers;

namespace MLNet.Pruning.Reporting;

/// <summary>A training history as tables.</summary>
public static class HistoryTables
{
    /// <summary>A row for each epoch. Columns that the run has nothing for are left out.</summary>
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

    /// <summary>A row for each pruning event.</summary>
    public static TextTable Events(TrainingHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var table = new TextTable("epoch#", "step#", "what", "groups", "parameters before#", "after#", "accuracy before#", "right after#", "recovered#");
        foreach (var e in history.Events)
        {
            table.Add(
                e.Epoch.ToString(CultureInfo.InvariantCulture),
                Count(e.Step),
                e.Kind,
                string.Join(", ", e.Groups.Select(g => $"{g.Name} {g.Before} to {g.After}")),
                Count(e.ParametersBefore),
                Count(e.ParametersAfter),
                Percent(e.AccuracyBefore),
                Percent(e.AccuracyAfter),
                Percent(e.AccuracyRecovered));
        }
        return table;
    }
}
