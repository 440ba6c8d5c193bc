using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What a run leaves behind.</summary>
/// <param name="Model">The trained model: the task's own, or the one that a hook put in its place.</param>
/// <param name="History">The record of the run.</param>
public sealed record TrainingResult(nn.Module Model, TrainingHistory History)
{
    /// <summary>Which weights are on where a <see cref="WeightPruning"/> pruned the run; null otherwise.</summary>
    public WeightMasks? Masks { get; init; }
}
