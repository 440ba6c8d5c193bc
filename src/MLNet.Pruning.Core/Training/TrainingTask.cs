using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>What is trained, on what, towards what.</summary>
public sealed class TrainingTask
{
    /// <summary>The model. It is trained in place and stays the caller's to dispose of.</summary>
    /// <remarks>
    /// A model of which every part is in evaluation mode is put in training mode; where only some are (a frozen batch norm), they stay so.
    /// However the run ends, the model is in evaluation mode after it.
    /// </remarks>
    public required nn.Module Model { get; init; }

    /// <summary>
    /// Builds another module with the same parameters by name and shape; what replicas are made from. Without it there is one replica.
    /// </summary>
    public Func<nn.Module>? Copy { get; init; }

    /// <summary>The examples to learn from.</summary>
    public required IExampleSource Examples { get; init; }

    /// <summary>Examples to score after each epoch; null for none.</summary>
    public IExampleSource? Validation { get; init; }

    /// <summary>What is minimised.</summary>
    public required IObjective Objective { get; init; }

    /// <summary>
    /// Makes the optimizer; null for the one that the options name. Its groups keep their own learning rates, which a schedule moves in
    /// proportion.
    /// </summary>
    public Func<IReadOnlyList<Parameter>, optim.Optimizer>? Optimizer { get; init; }
}

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
