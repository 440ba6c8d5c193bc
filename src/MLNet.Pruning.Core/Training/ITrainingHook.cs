using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>An extension of a training run. All methods are called on the loop's thread, while no replica computes.</summary>
/// <remarks>
/// A run calls Started once; for each epoch BeforeEpoch, for each step BeforeForward, AfterBatch for each of its batches, AfterBackward and
/// AfterStep, then AfterEpoch and BetweenEpochs; and Ended in any case. A hook may read and write parameters at any time, and gradients in
/// <see cref="AfterBackward"/>.
/// It may replace the model with <see cref="TrainingRun.Replace"/>, change its shape with <see cref="TrainingRun.Reshape"/> (neither in
/// AfterBackward), or end the run with <see cref="TrainingRun.Stop"/>.
/// </remarks>
public interface ITrainingHook
{
    /// <summary>The run is about to start, or to continue from a checkpoint.</summary>
    void Started(TrainingRun run) { }

    /// <summary>
    /// Replicas were built, or built again after the model was replaced. Register forward hooks here on each of
    /// <see cref="TrainingRun.Replicas"/>.
    /// </summary>
    void ReplicasBuilt(TrainingRun run) { }

    /// <summary>An epoch begins.</summary>
    void BeforeEpoch(TrainingRun run) { }

    /// <summary>The rows of a batch are chosen, and about to be computed.</summary>
    void BeforeForward(TrainingRun run) { }

    /// <summary>
    /// A batch has gone forward and backward. With <see cref="TrainingOptions.AccumulateBatches"/> a step has several, and the gradients
    /// are not complete before <see cref="AfterBackward"/>.
    /// </summary>
    void AfterBatch(TrainingRun run) { }

    /// <summary>The model's gradients are those of the mean loss over all rows of the step. The parameters have not changed yet.</summary>
    void AfterBackward(TrainingRun run) { }

    /// <summary>The optimizer has updated the parameters.</summary>
    void AfterStep(TrainingRun run) { }

    /// <summary>All batches of the epoch are done.</summary>
    void AfterEpoch(TrainingRun run) { }

    /// <summary>
    /// The epoch is validated and in the history, but no checkpoint is saved yet. Change the model's shape here. Also called after the
    /// last epoch.
    /// </summary>
    void BetweenEpochs(TrainingRun run) { }

    /// <summary>
    /// The run was cancelled and ends now, between two steps: save what should be kept. Not called if a hook was interrupted at its work,
    /// nor before the first step.
    /// </summary>
    void Canceled(TrainingRun run) { }

    /// <summary>
    /// Whether the model will keep its size: false while the hook is going to prune it, asked between epochs before the hook's own
    /// <see cref="BetweenEpochs"/>. <see cref="EarlyStopping"/> and <see cref="TrainingOptions.RestoreBest"/> count epochs from the first
    /// one at whose end all hooks say true.
    /// </summary>
    bool IsSettled(TrainingRun run) => true;

    /// <summary>The run is over, even if it failed or was cancelled.</summary>
    void Ended(TrainingRun run) { }
}

/// <summary>A hook whose state is saved in checkpoints.</summary>
public interface IStateful
{
    /// <summary>The name of the state in checkpoints; unique among the hooks of a run.</summary>
    string StateName { get; }

    /// <summary>
    /// Whether the state can be saved now. Between epochs it must be true; within an epoch, the last checkpoint is kept until all hooks
    /// can save.
    /// </summary>
    bool CanSave(TrainingRun run) => true;

    /// <summary>Writes everything that <see cref="LoadState"/> needs.</summary>
    void SaveState(TrainingRun run, BinaryWriter writer);

    /// <summary>
    /// Restores a saved state. Called before parameters and optimizer are loaded, so that a hook can restore the model's shape first.
    /// </summary>
    void LoadState(TrainingRun run, BinaryReader reader);

    /// <summary>
    /// All hooks have loaded their states, and the model its parameters. Check and apply here what depends on them; an
    /// <see cref="InvalidDataException"/> then names the file.
    /// </summary>
    void StateLoaded(TrainingRun run) { }
}

/// <summary>
/// Processes parameters around the optimizer's step. Register it with <see cref="TrainingRun.Share"/>; the threads that step call it piece
/// by piece, while a piece is in the core's cache.
/// </summary>
/// <remarks>Of several observers, the one that was shared last is called first before a step, and last after it.</remarks>
public interface IStepObserver
{
    /// <summary>The optimizer is about to update a piece.</summary>
    /// <param name="from">
    /// The start of the piece in <see cref="TrainingRun.Values"/> and <see cref="TrainingRun.Gradients"/>. Pieces do not overlap.
    /// </param>
    /// <param name="to">The end of the piece.</param>
    void BeforeStep(long from, long to) { }

    /// <summary>The optimizer has updated a piece.</summary>
    /// <param name="from">The start of the piece.</param>
    /// <param name="to">The end of the piece.</param>
    void AfterStep(long from, long to) { }

    /// <summary>The shape of the model has changed, and its parameters are in other places.</summary>
    /// <param name="run">The run.</param>
    /// <param name="reshaped">Cuts a tensor kept for a parameter to the new shape.</param>
    void Reshaped(TrainingRun run, Reshaped reshaped) { }

    /// <summary>
    /// Another model is about to replace this one, or the state kept for its parameters is about to be dropped. Throw if that is not
    /// possible.
    /// </summary>
    void Replacing(TrainingRun run) { }
}

/// <summary>
/// Cuts a tensor that is kept for a parameter, such as an average of its gradients, when the parameter changes its shape.
/// </summary>
/// <param name="parameter">The parameter, in its new shape.</param>
/// <param name="kept">The kept tensor in the old shape; not to be changed.</param>
/// <returns>The kept tensor in the new shape.</returns>
public delegate Tensor Reshaped(Parameter parameter, Tensor kept);
