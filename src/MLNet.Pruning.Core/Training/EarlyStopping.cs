using System.Globalization;

namespace MLNet.Pruning;

/// <summary>What an epoch is judged by.</summary>
public enum TrainingMetric
{
    /// <summary>The mean loss over the validation set; lower is better.</summary>
    ValidationLoss,

    /// <summary>The fraction of correct answers on the validation set; higher is better.</summary>
    ValidationAccuracy,

    /// <summary>The mean loss over the epoch's training rows; lower is better.</summary>
    TrainingLoss,

    /// <summary>The fraction of correct answers on the epoch's training rows; higher is better.</summary>
    TrainingAccuracy,
}

/// <summary>
/// Ends a run when it has stopped getting better. Epochs count from the first one at whose end pruning is over
/// (<see cref="TrainingRun.IsSettled"/>): before that, a larger network would always be better than the one that is wanted.
/// </summary>
/// <param name="Metric">What must get better.</param>
public sealed record EarlyStopping(TrainingMetric Metric = TrainingMetric.ValidationLoss)
{
    /// <summary>Epochs without a better one after which the run ends; at least 1.</summary>
    public int Patience { get; init; } = 5;

    /// <summary>By how much an epoch must be better than the best one before it; at least 0.</summary>
    public double MinimumChange { get; init; }

    internal void Validate()
    {
        TrainingOptions.RequireDefined(Metric, "EarlyStopping.Metric");
        TrainingOptions.Require(Patience >= 1, "EarlyStopping.Patience", Patience, "at least 1");
        TrainingOptions.Require(
            double.IsFinite(MinimumChange) && MinimumChange >= 0, "EarlyStopping.MinimumChange", MinimumChange, "0 or more");
    }
}

/// <summary>Values of a metric.</summary>
static class Metrics
{
    public static bool NeedsValidation(TrainingMetric metric) =>
        metric is TrainingMetric.ValidationLoss or TrainingMetric.ValidationAccuracy;

    public static bool IsAccuracy(TrainingMetric metric) => metric is TrainingMetric.ValidationAccuracy or TrainingMetric.TrainingAccuracy;

    /// <summary>The value of the epoch that has just ended.</summary>
    public static double Of(TrainingMetric metric, TrainingRun run, string option) => metric switch
    {
        TrainingMetric.ValidationLoss => run.Totals.Validation?.Loss,
        TrainingMetric.ValidationAccuracy => run.Totals.Validation?.Accuracy,
        TrainingMetric.TrainingLoss => run.Totals.Loss,
        _ => run.Totals.Accuracy,
    } ?? throw new InvalidOperationException($"{option} is by {metric}, which this run does not measure: its objective counts no correct "
        + $"answers. Choose a loss.");

    public static bool IsBetter(TrainingMetric metric, double value, double? than, double by = 0) =>
        double.IsFinite(value) && (than is not { } best || !double.IsFinite(best)
            || (IsAccuracy(metric) ? value - by > best : value + by < best));

    /// <summary>Reads the metric of a saved state, and throws if it is another one, whose values mean nothing for this one.</summary>
    public static void RequireSame(TrainingMetric metric, BinaryReader reader, string option)
    {
        var saved = (TrainingMetric)reader.ReadByte();
        if (saved != metric)
            throw new InvalidDataException($"{option} was by {saved}, and is by {metric} in this run.");
    }
}

/// <summary>Stops a run by its settings.</summary>
sealed class EarlyStoppingHook(EarlyStopping settings) : ITrainingHook, IStateful
{
    double? best;
    int bestEpoch;

    public string StateName => "early stopping";

    public void BetweenEpochs(TrainingRun run)
    {
        var epoch = run.Epoch + 1;
        if (!run.IsSettled)
        {
            best = null;
            return;
        }
        var value = Metrics.Of(settings.Metric, run, nameof(EarlyStopping));
        if (Metrics.IsBetter(settings.Metric, value, best, settings.MinimumChange) || best is null)
            (best, bestEpoch) = (value, epoch);
        else if (epoch - bestEpoch >= settings.Patience && epoch < run.Options.Epochs)
            run.Stop(string.Create(CultureInfo.InvariantCulture,
                $"{settings.Metric} was best after epoch {bestEpoch}, {best:0.######}, and not better in the {epoch - bestEpoch} since."));
    }

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        writer.Write((byte)settings.Metric);
        writer.Write(best is not null);
        writer.Write(best ?? 0);
        writer.Write(bestEpoch);
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        Metrics.RequireSame(settings.Metric, reader, nameof(EarlyStopping));
        var known = reader.ReadBoolean();
        best = reader.ReadDouble() is var value && known ? value : null;
        bestEpoch = reader.ReadInt32();
    }
}

/// <summary>Keeps the network of the best epoch, and gives it back at the end of a run.</summary>
sealed class RestoreBestHook(TrainingMetric metric) : ITrainingHook, IStateful
{
    RunSnapshot? snapshot;
    double best;
    double? accuracy;
    int bestEpoch;

    public string StateName => "best epoch";

    public void BetweenEpochs(TrainingRun run)
    {
        if (!run.IsSettled)
        {
            snapshot = null;
            return;
        }
        var value = Metrics.Of(metric, run, nameof(TrainingOptions.RestoreBest));
        if (!Metrics.IsBetter(metric, value, snapshot is null ? null : best))
            return;
        (best, bestEpoch, snapshot) = (value, run.Epoch + 1, RunSnapshot.Of(run, withOptimizer: false));
        accuracy = run.Totals.Validation is { } validation ? validation.Accuracy : run.Totals.Accuracy;
    }

    /// <summary>
    /// After the last checkpoint, which keeps the last network beside the best one, so that a longer run can go on from it.
    /// </summary>
    public void Ended(TrainingRun run)
    {
        // A cancelled run keeps the model of its last step.
        if (!run.IsComplete || run.History.IsCanceled || snapshot is null)
            return;
        run.History.BestEpoch = bestEpoch;
        if (bestEpoch == run.Epoch)
            return;
        snapshot.Restore(run);
        if (run.History.Budget is not { } budget || accuracy is not { } kept)
            return;
        BudgetMeasurement[] end = [.. budget.AtEnd.Select(m => m.Quantity == BudgetQuantity.Accuracy ? m with { Measured = kept } : m)];
        run.History.Budget = budget with { AtEnd = end, Met = budget.Ended is not null && end.All(m => m.Holds) };
    }

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        writer.Write((byte)metric);
        writer.Write(snapshot is not null);
        if (snapshot is null)
            return;
        writer.Write(best);
        writer.Write(accuracy ?? double.NaN);
        writer.Write(bestEpoch);
        snapshot.Write(writer);
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        Metrics.RequireSame(metric, reader, nameof(TrainingOptions.RestoreBest));
        snapshot = null;
        if (!reader.ReadBoolean())
            return;
        best = reader.ReadDouble();
        accuracy = reader.ReadDouble() is var known && double.IsNaN(known) ? null : known;
        bestEpoch = reader.ReadInt32();
        snapshot = RunSnapshot.Read(reader, run);
    }
}
