namespace MLNet.Pruning;

/// <summary>A training run was cancelled by its token. The exception has the model as it is after the last whole step.</summary>
public sealed class TrainingCanceledException : OperationCanceledException
{
    internal TrainingCanceledException(TrainingResult result, OperationCanceledException canceled)
        : base($"The training was cancelled. {nameof(TrainingCanceledException)}.{nameof(Result)} has the model as it was then.", canceled,
            canceled.CancellationToken) => Result = result;

    /// <summary>
    /// The result of the run so far. Its history says <see cref="TrainingHistory.IsCanceled"/>; if the run was cancelled within an epoch,
    /// the last epoch of the history has the rows that it came to.
    /// </summary>
    public TrainingResult Result { get; }
}
