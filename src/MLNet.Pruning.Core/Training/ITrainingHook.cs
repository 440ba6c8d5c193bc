namespace MLNet.Pruning;

/// <summary>Something that happens in a training run. All methods are called on the thread that called the loop, with every replica at rest.</summary>
/// <remarks>
/// A run calls Started once, then for each epoch BeforeEpoch, for each step BeforeForward, AfterBackward and AfterStep, then AfterEpoch
/// and BetweenEpochs, and Ended in any case. A hook may read and write parameters at all times and gradients in <see cref="AfterBackward"/>,
/// put another model in place with <see cref="TrainingRun.Replace"/> or change its shape with <see cref="TrainingRun.Reshape"/> (not in AfterBackward),
/// or end the run with <see cref="TrainingRun.Stop"/>.
/// </remarks>
public interface ITrainingHook
{
    /// <summary>The run is about to begin, or to go on from a checkpoint.</summary>
    void Started(TrainingRun run) { }

    /// <summary>The replicas are there, or there anew after the model was replaced: the place to register forward hooks on each of <see cref="TrainingRun.Replicas"/>.</summary>
    void ReplicasBuilt(TrainingRun run) { }

    /// <summary>An epoch begins.</summary>
    void BeforeEpoch(TrainingRun run) { }

    /// <summary>A batch is chosen and about to be computed.</summary>
    void BeforeForward(TrainingRun run) { }

    /// <summary>The model's gradients are those of the mean loss over the whole batch; the parameters have not moved yet.</summary>
    void AfterBackward(TrainingRun run) { }

    /// <summary>The optimizer has moved the parameters.</summary>
    void AfterStep(TrainingRun run) { }

    /// <summary>All batches of the epoch are done.</summary>
    void AfterEpoch(TrainingRun run) { }

    /// <summary>The epoch is validated and in the history, and nothing is saved yet: the place to change the model's shape. Called after the last epoch too.</summary>
    void BetweenEpochs(TrainingRun run) { }

    /// <summary>The run is over, also when it failed or was cancelled.</summary>
    void Ended(TrainingRun run) { }
}
