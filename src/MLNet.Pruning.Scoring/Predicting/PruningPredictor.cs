using Microsoft.ML;

namespace MLNet.Pruning;

/// <summary>
/// Predicts one row at a time with a trained classifier or regressor. Thread-safe; allocates nothing but its results. Made by
/// <c>mlContext.Model.CreatePredictor</c>, and then its model must not be disposed of while it is in use; or by
/// <c>services.AddPruningPredictor</c>, and then it follows the model's file.
/// </summary>
/// <typeparam name="TIn">
/// A row, with the model's features in a float[]. If the pipeline begins with ML.NET's image steps, it may have what they read instead,
/// such as an <c>MLImage</c>.
/// </typeparam>
/// <typeparam name="TOut">
/// The prediction: of several classes <c>Score</c>, a float[], and <c>PredictedLabel</c>; of two <c>Score</c> and <c>Probability</c>, each
/// a float, and <c>PredictedLabel</c>, a bool; of a regressor <c>Score</c>, a float. Properties may be left out.
/// </typeparam>
public sealed class PruningPredictor<TIn, TOut>
    where TIn : class
    where TOut : class, new()
{
    volatile RowPredictor<TIn, TOut> current;

    internal PruningPredictor(RowPredictor<TIn, TOut> first) => current = first;

    /// <summary>Predicts the label of a row.</summary>
    /// <param name="row">The row; not changed.</param>
    /// <exception cref="ArgumentException">The features are missing, or their number differs from what the model reads.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed of.</exception>
    public TOut Predict(TIn row) => Predict(row, out _);

    /// <summary>Predicts the label of a row, and names the classes.</summary>
    /// <param name="row">The row; not changed.</param>
    /// <param name="labels">
    /// The names of the classes in the order of <c>Score</c>, of the model that made this prediction; empty for a model without.
    /// </param>
    /// <exception cref="ArgumentException">The features are missing, or their number differs from what the model reads.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed of.</exception>
    public TOut Predict(TIn row, out IReadOnlyList<string> labels)
    {
        var model = current;
        labels = model.Labels;
        if (!model.Counts)
            return model.Predict(row);
        while (!model.TryEnter())
        {
            // Another model has come since; if none has, the container has been disposed of.
            ObjectDisposedException.ThrowIf(ReferenceEquals(model, current), this);
            model = current;
        }
        try
        {
            labels = model.Labels;
            return model.Predict(row);
        }
        finally
        {
            model.Leave();
        }
    }

    /// <summary>Uses another model for calls from now on. Calls in progress end with the one that they began with.</summary>
    internal void Replace(RowPredictor<TIn, TOut> next)
    {
        var before = current;
        current = next;
        before.Leave();
    }

    /// <summary>Refuses further calls.</summary>
    internal void Close() => current.Leave();
}

/// <summary>Options of <c>services.AddPruningPredictor</c>.</summary>
public sealed class PruningPredictorOptions
{
    static readonly TimeSpan longest = TimeSpan.FromDays(1);

    /// <summary>
    /// How long to wait between two looks at the file; up to a day, or <see cref="Timeout.InfiniteTimeSpan"/> to load the file once. A new
    /// file serves after two looks: the first sees that it has changed, the second that it is whole.
    /// </summary>
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Prepares the context of each load, such as by <c>UsePrunedModule</c> for networks of one's own; null for nothing.</summary>
    public Action<MLContext>? Configure { get; set; }

    internal void Validate()
    {
        bool holds = ReloadInterval == Timeout.InfiniteTimeSpan || (ReloadInterval > TimeSpan.Zero && ReloadInterval <= longest);
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(null, $"{nameof(ReloadInterval)} is {ReloadInterval}; it must be above 0 and at most "
                + "a day, or Timeout.InfiniteTimeSpan.");
        }
    }
}
