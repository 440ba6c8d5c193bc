using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>The loss and accuracy of a model on a set of examples.</summary>
/// <param name="Rows">The number of examples.</param>
/// <param name="Loss">Their mean loss; if they have weights, the weighted mean.</param>
/// <param name="Accuracy">The fraction of correct answers, weighted as the loss; null if the objective has none.</param>
public sealed record Evaluation(long Rows, double Loss, double? Accuracy);

/// <summary>Examples for evaluation, read once if they fit in memory.</summary>
public sealed class EvaluationSet : IDisposable
{
    /// <summary>Reads the examples as far as they fit the options' memory limit.</summary>
    public EvaluationSet(IExampleSource source, TrainingOptions options, IObjective objective, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(objective);
        Feed = Training.Feed.Open(source, options with { Shuffle = false, DropLastBatch = false }, objective.ClassCount, cancellation);
    }

    internal EvaluationSet(IFeed feed) => Feed = feed;

    internal IFeed Feed { get; }

    /// <summary>
    /// Computes the loss over all examples in evaluation mode, on replicas with room for so many rows at a time; by plans if their loss is
    /// given.
    /// </summary>
    internal Evaluation Evaluate(
        ReplicaSet replicas, IObjective objective, PlannedLoss? planned, int room, CancellationToken cancellation)
    {
        var totals = new EpochTotals { Correct = 0 };
        // A model or loss that draws random numbers in evaluation too must not change those of training.
        using var random = new RandomState();
        var modes = replicas.Modules.Select(module => new EvaluationMode(module)).ToArray();
        try
        {
            Feed.BeginEpoch(0, cancellation);
            for (var slots = Feed.Next(cancellation); slots.Length > 0; slots = Feed.Next(cancellation))
                for (cancellation.ThrowIfCancellationRequested(); slots.Length > 0; slots = slots[Math.Min(room, slots.Length)..])
                {
                    var some = slots[..Math.Min(room, slots.Length)];
                    totals.Add(some.Length, replicas.Evaluate(some, Feed.Examples, objective, planned));
                }
        }
        finally
        {
            foreach (var mode in modes)
                mode.Dispose();
        }
        return new Evaluation(totals.Rows, totals.Loss, totals.Accuracy);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Feed.Dispose();
}

/// <summary>Sums over the steps of an epoch.</summary>
public sealed class EpochTotals
{
    /// <summary>Examples computed so far.</summary>
    public long Rows { get; internal set; }

    /// <summary>The sum of their weights: their number if they have none.</summary>
    public double Weight { get; internal set; }

    /// <summary>The sum of their losses, each times its weight.</summary>
    public double LossSum { get; internal set; }

    /// <summary>The weight of the examples with a correct answer; null if the objective has none.</summary>
    public double? Correct { get; internal set; }

    /// <summary>Seconds of training.</summary>
    public double Seconds { get; internal set; }

    /// <summary>The mean loss.</summary>
    public double Loss => Weight > 0 ? LossSum / Weight : double.NaN;

    /// <summary>The fraction of correct answers.</summary>
    public double? Accuracy => Weight > 0 ? Correct / Weight : null;

    /// <summary>Set by the hook that validates after the epoch.</summary>
    public Evaluation? Validation { get; set; }

    internal void Clear() => (Rows, Weight, LossSum, Correct, Seconds, Validation) = (0, 0, 0, 0, 0, null);

    internal void Add(int rows, BatchResult batch)
    {
        Rows += rows;
        Weight += batch.Weight;
        LossSum += batch.Loss * batch.Weight;
        Correct += batch.Correct;
    }
}
