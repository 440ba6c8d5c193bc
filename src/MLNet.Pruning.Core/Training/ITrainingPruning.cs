namespace MLNet.Pruning;

/// <summary>A way to prune a model while it trains: immutable settings for any number of runs.</summary>
public interface ITrainingPruning
{
    /// <summary>Throws an <see cref="ArgumentException"/> that names the first wrong setting, its value and what it must be.</summary>
    /// <param name="options">The options of the run.</param>
    void Validate(TrainingOptions options);

    /// <summary>
    /// Makes a hook for one run; every run needs one of its own. The hook warns with <see cref="TrainingRun.Warn"/> before the first step
    /// if the settings will probably not do what was intended.
    /// </summary>
    ITrainingHook Begin();
}

/// <summary>Combines several ways to prune one model, such as neurons and weights: masks shrink with the neurons.</summary>
/// <param name="Parts">The parts, in the order in which they act at the same time.</param>
public sealed record CombinedPruning(IReadOnlyList<ITrainingPruning> Parts) : ITrainingPruning
{
    /// <summary>Combines several ways to prune one model, in the order in which they act at the same time.</summary>
    public CombinedPruning(params ITrainingPruning[] parts)
        : this((IReadOnlyList<ITrainingPruning>)parts)
    {
    }

    /// <inheritdoc/>
    public void Validate(TrainingOptions options)
    {
        TrainingOptions.Require(Parts is not null && Parts.Count > 0 && !Parts.Contains(null!), $"Pruning.{nameof(Parts)}",
            Parts is null ? null : $"{Parts.Count} ways", "at least one way to prune, without null among them");
        foreach (var part in Parts!)
            part.Validate(options);
    }

    /// <inheritdoc/>
    public ITrainingHook Begin() => new CombinedHook([.. Parts.Select(part => part.Begin())]);
}

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

    public void AfterBackward(TrainingRun run) => Each(run, static (hook, run) => hook.AfterBackward(run));

    public void AfterStep(TrainingRun run) => Each(run, static (hook, run) => hook.AfterStep(run));

    public void AfterEpoch(TrainingRun run) => Each(run, static (hook, run) => hook.AfterEpoch(run));

    public void BetweenEpochs(TrainingRun run) => Each(run, static (hook, run) => hook.BetweenEpochs(run));

    public void Canceled(TrainingRun run) => Each(run, static (hook, run) => hook.Canceled(run));

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
