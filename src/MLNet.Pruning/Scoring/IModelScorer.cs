using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Scoring;

/// <summary>What computes a trained model, and holds its weights.</summary>
interface IModelScorer : IRowScorer, IDisposable
{
    /// <summary>What the network is made of now.</summary>
    Blueprint Blueprint { get; }

    /// <summary>The network in TorchSharp, the scorer's own; built when it is first asked for, if there is none.</summary>
    nn.Module Module { get; }

    /// <summary>How sparse layers were asked to be computed.</summary>
    SparseScoring Scoring { get; }

    /// <summary>How layers are computed.</summary>
    IReadOnlyList<ScoringRecord> Layers { get; }

    /// <summary>Measures on one thread, in some tenths of a second.</summary>
    ScoringSpeed Measure();

    /// <summary>Scores by the weights that the module has now.</summary>
    void Refresh();

    /// <summary>Adds the tensors that the module has now, for a file.</summary>
    void AddTensors(Archive archive);
}
