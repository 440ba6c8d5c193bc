using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Scoring;

/// <summary>How a model's sparse layers are to be computed: what was asked for, and what was chosen where.</summary>
/// <param name="Scoring">What was asked for.</param>
/// <param name="Processor">The machine that the choices were measured on; empty for none.</param>
/// <param name="Layers">The choices.</param>
sealed record ScoringChoice(SparseScoring Scoring, string Processor, IReadOnlyList<ScoringRecord> Layers)
{
    public ScoringChoice(SparseScoring scoring) : this(scoring, "", [])
    {
    }

    /// <summary>The choices, if they were made on a machine like this one.</summary>
    public IReadOnlyList<ScoringRecord> Here => Processor == Sparse.Processor.Name ? Layers : [];

    /// <summary>Whether a reader of the model's file would do otherwise without being told.</summary>
    public bool IsWorthKeeping => Scoring != SparseScoring.Measured || Layers.Any(layer => layer.IsEverSparse);
}
