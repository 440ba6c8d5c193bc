using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Training;

/// <summary>Saves the run between epochs and every so many steps, and takes it up again.</summary>
sealed class CheckpointHook(CheckpointOptions options, IReadOnlyList<IStateful> stateful) : ITrainingHook
{
    public void Started(TrainingRun run)
    {
        // What could not be saved is found out before anything is trained.
        if (stateful.GroupBy(hook => hook.StateName).FirstOrDefault(hooks => hooks.Count() > 1) is { Key: var twice })
            throw new ArgumentException($"Two hooks of this run call their state '{twice}', so that a checkpoint could not tell them apart.");
        run.Optimizer.RequireStates();
        if (options.Resume && File.Exists(options.Path))
            Checkpoint.Load(options.Path, run, stateful);
    }

    public void AfterStep(TrainingRun run)
    {
        if (options.EverySteps > 0 && run.Step % options.EverySteps == 0 && stateful.All(hook => hook.CanSave(run)))
            Save(run, run.Epoch, run.StepInEpoch);
    }

    public void BetweenEpochs(TrainingRun run)
    {
        var done = run.Epoch + 1;
        if (done % options.EveryEpochs == 0 || done == run.Options.Epochs || run.StopReason is not null)
            Save(run, done, 0);
    }

    void Save(TrainingRun run, int epoch, int stepInEpoch)
    {
        LossGuard.RequireFiniteParameters(run); // a file to go on from is not overwritten by what nobody can go on from
        WholeFile.Write(options.Path, stream => Checkpoint.Of(run, epoch, stepInEpoch, stateful).Write(stream));
    }
}
