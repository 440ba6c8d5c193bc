using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A model, its training examples, and its loss.</summary>
public sealed class TrainingTask
{
    /// <summary>The model. It is trained in place; the caller disposes of it.</summary>
    /// <remarks>
    /// If all of the model is in evaluation mode, it is set to training mode; otherwise parts in evaluation mode (a frozen batch norm)
    /// stay so. After the run the model is in evaluation mode in any case.
    /// </remarks>
    public required nn.Module Model { get; init; }

    /// <summary>Builds another module with the same parameters by name and shape, for replicas. Without it there is one replica.</summary>
    public Func<nn.Module>? Copy { get; init; }

    /// <summary>The examples to learn from.</summary>
    public required IExampleSource Examples { get; init; }

    /// <summary>Examples for validation after each epoch; null for none.</summary>
    public IExampleSource? Validation { get; init; }

    /// <summary>The loss.</summary>
    public required IObjective Objective { get; init; }

    /// <summary>
    /// The blueprint that the model was built from; checkpoints then hold what builds it again. Models of this library know theirs.
    /// </summary>
    public Blueprint? Blueprint { get; init; }

    /// <summary>
    /// What else a checkpoint keeps, by name: whatever a program needs to use the model without its training data, such as the names of
    /// the classes. <see cref="CheckpointFile.Metadata"/> gives it back.
    /// </summary>
    public IReadOnlyDictionary<string, byte[]> Metadata { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>
    /// Makes the optimizer; null for the one that the options name. Its groups keep their own learning rates, which a schedule scales.
    /// </summary>
    public Func<IReadOnlyList<Parameter>, optim.Optimizer>? Optimizer { get; init; }
}

/// <summary>The result of a run.</summary>
/// <param name="Model">The trained model: the task's own, or the one that replaced it.</param>
/// <param name="History">The record of the run.</param>
public sealed record TrainingResult(nn.Module Model, TrainingHistory History)
{
    readonly IReadOnlyList<object> shared = [];

    internal TrainingResult(nn.Module model, TrainingHistory history, IReadOnlyList<object> shared)
        : this(model, history) => this.shared = shared;

    /// <summary>The object of this type that a hook has left with <see cref="TrainingRun.Share"/>; null if there is none.</summary>
    public T? Find<T>()
        where T : class => shared.OfType<T>().FirstOrDefault();
}
