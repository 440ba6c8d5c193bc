using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Scoring;

/// <summary>Computes rows of numbers from rows of features; may be called from any number of threads.</summary>
interface IRowScorer
{
    /// <summary>Computes <paramref name="rows"/> rows lying one after the other in <paramref name="features"/>.</summary>
    void Score(ReadOnlySpan<float> features, int rows, Span<float> output);

    /// <summary>Throws if the model is disposed of: asked before rows are read on other threads, whose exceptions ML.NET wraps.</summary>
    void ThrowIfDisposed()
    {
    }
}

/// <summary>What computes a trained model, and holds its weights.</summary>
interface IModelScorer : IRowScorer, IDisposable
{
    /// <summary>The network as it is now: see <see cref="NetworkPart"/>.</summary>
    Archive Network { get; }

    /// <summary>How layers are computed.</summary>
    IReadOnlyList<PlanStep> Layers { get; }

    /// <summary>Why no plan computes the network; null where one does, or where nobody has tried.</summary>
    string? PlanFailure { get; }

    /// <summary>Measures on one thread, in some tenths of a second.</summary>
    ScoringSpeed Measure();

    /// <summary>Scores by the weights that the network's module has now, where there is one.</summary>
    void Refresh();
}
