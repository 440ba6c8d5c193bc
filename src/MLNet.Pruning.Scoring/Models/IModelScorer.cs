using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Scoring;

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
