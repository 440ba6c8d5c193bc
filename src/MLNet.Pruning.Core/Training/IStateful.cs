namespace MLNet.Pruning;

/// <summary>A hook whose state belongs into a checkpoint.</summary>
public interface IStateful
{
    /// <summary>The name under which the state is kept; unique among the hooks of a run.</summary>
    string StateName { get; }

    /// <summary>Whether the state can be saved now. A hook that cannot in the middle of an epoch keeps the last checkpoint in place until it can; between epochs it must.</summary>
    bool CanSave(TrainingRun run) => true;

    /// <summary>Writes everything that <see cref="LoadState"/> needs.</summary>
    void SaveState(TrainingRun run, BinaryWriter writer);

    /// <summary>Takes up a saved state. Called before parameters and optimizer are loaded, so that a hook can first put the model of that time in place.</summary>
    void LoadState(TrainingRun run, BinaryReader reader);
}
