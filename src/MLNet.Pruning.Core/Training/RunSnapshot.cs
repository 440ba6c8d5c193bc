using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>
/// What belongs to a run's network beside its tensors, and comes back with them: which neurons are left, which weights are active.
/// </summary>
interface ISnapshotPart
{
    /// <summary>The name of its entry.</summary>
    string EntryName { get; }

    /// <summary>What is not written, and needed to restore it.</summary>
    object? Shape => null;

    void Write(BinaryWriter writer);

    /// <summary>Takes up what was written; before the tensors are loaded, which must have their shapes by then.</summary>
    void Restore(object? shape, BinaryReader reader);

    /// <summary>The tensors are loaded.</summary>
    void Restored() { }

    /// <summary>A resumed run, which has lost nothing yet, comes to where it was when this was written.</summary>
    void Resume(BinaryReader reader) { }
}

/// <summary>The network and masks of a run at one time, to come back to: before an event, or after the best epoch.</summary>
sealed class RunSnapshot
{
    const string Kind = "snapshot", What = "The network to come back to";

    readonly Archive archive;
    readonly (ISnapshotPart Part, object? Shape)[] parts;

    RunSnapshot(Archive archive, TrainingRun run) =>
        (this.archive, parts) = (archive, [.. run.Shared.OfType<ISnapshotPart>().Select(part => (part, part.Shape))]);

    /// <summary>Takes a snapshot.</summary>
    /// <param name="run">The run.</param>
    /// <param name="withOptimizer">Whether training will continue from it, and needs the optimizer state.</param>
    public static RunSnapshot Of(TrainingRun run, bool withOptimizer = true)
    {
        var archive = new Archive(Kind);
        if (withOptimizer)
            Checkpoint.AddOptimizer(archive, run);
        ModuleState.Add(archive, run.Model);
        foreach (var part in run.Shared.OfType<ISnapshotPart>())
            archive.Add(part.EntryName, Checkpoint.Bytes(part.Write));
        return new(archive, run);
    }

    /// <summary>Restores the snapshot.</summary>
    public void Restore(TrainingRun run)
    {
        foreach (var (part, shape) in parts)
            archive.Part(part.EntryName, What, reader => part.Restore(shape, reader));
        run.DropReplicas(); // their statistics are those of now
        ModuleState.Load(archive, run.Model, What);
        if (Checkpoint.HasOptimizer(archive))
            Checkpoint.LoadOptimizer(archive, run, What);
        foreach (var (part, _) in parts)
            part.Restored();
    }

    public void Write(BinaryWriter writer)
    {
        using var stream = new MemoryStream();
        archive.Write(stream);
        writer.Write((int)stream.Length);
        writer.Write(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Reads what was written; the run's network has then lost what was gone at its time.</summary>
    public static RunSnapshot Read(BinaryReader reader, TrainingRun run)
    {
        using var stream = new MemoryStream(reader.ReadBlob());
        var archive = Archive.Read(stream, Kind, What);
        foreach (var part in run.Shared.OfType<ISnapshotPart>())
            archive.Part(part.EntryName, What, part.Resume);
        return new(archive, run);
    }
}
