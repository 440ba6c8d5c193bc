using MLNet.Pruning.Training;
namespace MLNet.Pruning;

/// <summary>How a model does on a set of examples.</summary>
/// <param name="Rows">The count of examples.</param>
/// <param name="Loss">Their mean loss.</param>
/// <param name="Accuracy">The fraction answered correctly; null where there is no such thing.</param>
public sealed record Evaluation(long Rows, double Loss, double? Accuracy);

/// <summary>Examples to evaluate on, read once where they fit in memory.</summary>
public sealed class EvaluationSet : IDisposable
{
    /// <summary>Reads the examples, as far as they fit the options' memory limit.</summary>
    public EvaluationSet(IExampleSource source, TrainingOptions options, IObjective objective, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(objective);
        Feed = Training.Feed.Open(source, options with { Shuffle = false, DropLastBatch = false }, objective.ClassCount, cancellation);
    }

    internal EvaluationSet(IFeed feed) => Feed = feed;

    internal IFeed Feed { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Feed.Dispose();
}
