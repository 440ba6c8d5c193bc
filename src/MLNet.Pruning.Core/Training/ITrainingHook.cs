using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// Something that happens in a training run. All methods are called on the thread that called the loop, with every replica at rest.
/// </summary>
/// <remarks>
/// A run calls Started once, then for each epoch BeforeEpoch, for each step BeforeForward, AfterBackward and AfterStep, then AfterEpoch
/// and BetweenEpochs, and Ended in any case. A hook may read and write parameters at all times and gradients in <see
/// cref="AfterBackward"/>, put another model in place with <see cref="TrainingRun.Replace"/> or change its shape with <see
/// cref="TrainingRun.Reshape"/> (not in AfterBackward), or end the run with <see cref="TrainingRun.Stop"/>.
/// </remarks>
public interface ITrainingHook
{
    /// <summary>The run is about to begin, or to go on from a checkpoint.</summary>
    void Started(TrainingRun run) { }

    /// <summary>
    /// The replicas are there, or there anew after the model was replaced: the place to register forward hooks on each of <see
    /// cref="TrainingRun.Replicas"/>.
    /// </summary>
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

    /// <summary>
    /// The epoch is validated and in the history, and nothing is saved yet: the place to change the model's shape. Called after the last
    /// epoch too.
    /// </summary>
    void BetweenEpochs(TrainingRun run) { }

    /// <summary>The run is over, also when it failed or was cancelled.</summary>
    void Ended(TrainingRun run) { }
}

/// <summary>A hook whose state belongs into a checkpoint.</summary>
public interface IStateful
{
    /// <summary>The name under which the state is kept; unique among the hooks of a run.</summary>
    string StateName { get; }

    /// <summary>
    /// Whether the state can be saved now. A hook that cannot in the middle of an epoch keeps the last checkpoint in place until it can;
    /// between epochs it must.
    /// </summary>
    bool CanSave(TrainingRun run) => true;

    /// <summary>Writes everything that <see cref="LoadState"/> needs.</summary>
    void SaveState(TrainingRun run, BinaryWriter writer);

    /// <summary>
    /// Takes up a saved state. Called before parameters and optimizer are loaded, so that a hook can first put the model of that time in
    /// place.
    /// </summary>
    void LoadState(TrainingRun run, BinaryReader reader);
}

/// <summary>
/// Sees to the parameters as the optimizer steps them: called, once a hook has given it to <see cref="TrainingRun.Share"/>, by the
/// threads that step, piece by piece, while a piece is in the core's cache.
/// </summary>
/// <remarks>Of several, the one that was shared last is the first before a step and the last after it.</remarks>
public interface IStepObserver
{
    /// <summary>The optimizer is about to move a piece.</summary>
    /// <param name="from">
    /// Where it begins in <see cref="TrainingRun.Values"/> and <see cref="TrainingRun.Gradients"/>. Pieces do not overlap.
    /// </param>
    /// <param name="to">Where it ends.</param>
    void BeforeStep(long from, long to) { }

    /// <summary>The optimizer has moved a piece.</summary>
    /// <param name="from">Where it begins.</param>
    /// <param name="to">Where it ends.</param>
    void AfterStep(long from, long to) { }

    /// <summary>The model has changed its shape, and its parameters lie in other places.</summary>
    /// <param name="run">The run.</param>
    /// <param name="reshaped">Cuts what is kept of a parameter to its new shape.</param>
    void Reshaped(TrainingRun run, Reshaped reshaped) { }

    /// <summary>
    /// Another model is about to take this one's place, or what is kept of its parameters to be forgotten: throws where that cannot be.
    /// </summary>
    void Replacing(TrainingRun run) { }
}

/// <summary>
/// What becomes of something that is kept of a parameter, such as an average of its gradients, when the parameter changes its shape.
/// </summary>
/// <param name="parameter">The parameter, in its new shape.</param>
/// <param name="kept">What is kept of it, in its old shape; not to be written to.</param>
/// <returns>The same in the new shape.</returns>
public delegate Tensor Reshaped(Parameter parameter, Tensor kept);
