namespace MLNet.Pruning.Scoring;

/// <summary>Computes rows of numbers from rows of features; may be called from any number of threads.</summary>
interface IRowScorer
{
    /// <summary>Computes <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    void Score(ReadOnlySpan<float> features, int rows, Span<float> output);

    /// <summary>Throws if the model has been disposed of: asked before rows are read on other threads, whose exceptions ML.NET wraps.</summary>
    void ThrowIfDisposed()
    {
    }
}
