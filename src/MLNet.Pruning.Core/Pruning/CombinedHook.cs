using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>Several hooks as one.</summary>
sealed class CombinedHook(ITrainingHook[] hooks) : ITrainingHook, IStateful
{
    readonly IStateful[] stateful = [.. hooks.OfType<IStateful>()];

    /// <summary>A hook, or those that it is made of.</summary>
    public static IEnumerable<ITrainingHook> Parts(ITrainingHook hook) => hook is CombinedHook combined ? combined.Hooks.SelectMany(Parts) : [hook];

    IReadOnlyList<ITrainingHook> Hooks => hooks;

    public void Started(TrainingRun run) => Each(hook => hook.Started(run));

    public void ReplicasBuilt(TrainingRun run) => Each(hook => hook.ReplicasBuilt(run));

    public void BeforeEpoch(TrainingRun run) => Each(hook => hook.BeforeEpoch(run));

    public void BeforeForward(TrainingRun run) => Each(hook => hook.BeforeForward(run));

    public void AfterBackward(TrainingRun run) => Each(hook => hook.AfterBackward(run));

    public void AfterStep(TrainingRun run) => Each(hook => hook.AfterStep(run));

    public void AfterEpoch(TrainingRun run) => Each(hook => hook.AfterEpoch(run));

    public void BetweenEpochs(TrainingRun run) => Each(hook => hook.BetweenEpochs(run));

    public void Ended(TrainingRun run) => StandardHooks.End(hooks, run);

    void Each(Action<ITrainingHook> call) => Array.ForEach(hooks, call);

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
