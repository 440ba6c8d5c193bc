namespace MLNet.Pruning;

/// <summary>Calls several hooks, in their order, as one.</summary>
sealed class CombinedHook(ITrainingHook[] hooks) : ITrainingHook, IStateful
{
    readonly IStateful[] stateful = [.. hooks.OfType<IStateful>()];

    /// <summary>The parts of a combined hook, or the hook itself.</summary>
    public static IEnumerable<ITrainingHook> Parts(ITrainingHook hook) => hook is CombinedHook combined ? combined.Hooks.SelectMany(Parts)
        : [hook];

    IReadOnlyList<ITrainingHook> Hooks => hooks;

    public void Started(TrainingRun run) => Each(run, static (hook, run) => hook.Started(run));

    public void ReplicasBuilt(TrainingRun run) => Each(run, static (hook, run) => hook.ReplicasBuilt(run));

    public void BeforeEpoch(TrainingRun run) => Each(run, static (hook, run) => hook.BeforeEpoch(run));

    public void BeforeForward(TrainingRun run) => Each(run, static (hook, run) => hook.BeforeForward(run));

    public void AfterBatch(TrainingRun run) => Each(run, static (hook, run) => hook.AfterBatch(run));

    public void AfterBackward(TrainingRun run) => Each(run, static (hook, run) => hook.AfterBackward(run));

    public void AfterStep(TrainingRun run) => Each(run, static (hook, run) => hook.AfterStep(run));

    public void AfterEpoch(TrainingRun run) => Each(run, static (hook, run) => hook.AfterEpoch(run));

    public void BetweenEpochs(TrainingRun run) => Each(run, static (hook, run) => hook.BetweenEpochs(run));

    public void Canceled(TrainingRun run) => Each(run, static (hook, run) => hook.Canceled(run));

    public bool IsSettled(TrainingRun run) => hooks.All(hook => hook.IsSettled(run));

    public void Ended(TrainingRun run) => End(hooks, run);

    void Each(TrainingRun run, Action<ITrainingHook, TrainingRun> call)
    {
        foreach (var hook in hooks)
            call(hook, run);
    }

    /// <summary>Tells every hook that the run is over, whatever another one throws: each gives back what it holds.</summary>
    static void End(ReadOnlySpan<ITrainingHook> hooks, TrainingRun run)
    {
        if (hooks.IsEmpty)
            return;
        try
        {
            hooks[0].Ended(run);
        }
        finally
        {
            End(hooks[1..], run);
        }
    }

    public string StateName => "combined pruning";

    public bool CanSave(TrainingRun run) => stateful.All(part => part.CanSave(run));

    public void SaveState(TrainingRun run, BinaryWriter writer)
    {
        foreach (var part in stateful)
        {
            writer.Write(part.StateName);
            part.SaveState(run, writer);
        }
    }

    public void StateLoaded(TrainingRun run)
    {
        foreach (var hook in stateful)
            hook.StateLoaded(run);
    }

    public void LoadState(TrainingRun run, BinaryReader reader)
    {
        foreach (var part in stateful)
        {
            if (reader.ReadString() is var name && name != part.StateName)
                throw new InvalidDataException($"The checkpoint has the state of {name} where this run has {part.StateName}.");
            part.LoadState(run, reader);
        }
    }
}
