using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What a run leaves behind.</summary>
/// <param name="Model">The trained model: the task's own, or the one that a hook put in its place.</param>
/// <param name="History">The record of the run.</param>
public sealed record TrainingResult(nn.Module Model, TrainingHistory History)
{
    readonly IReadOnlyList<object> shared = [];

    internal TrainingResult(nn.Module model, TrainingHistory history, IReadOnlyList<object> shared)
        : this(model, history) => this.shared = shared;

    /// <summary>What a hook has left behind with <see cref="TrainingRun.Share"/>, by its type; null where there is none.</summary>
    public T? Find<T>()
        where T : class => shared.OfType<T>().FirstOrDefault();
}
