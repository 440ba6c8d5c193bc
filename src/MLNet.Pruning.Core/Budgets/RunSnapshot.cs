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

/// <summary>The network, optimizer state and masks of a run before an event, to undo the event.</summary>
sealed class RunSnapshot
{
    const string Kind = "snapshot", What = "The network before the event";

    readonly Archive archive;
    readonly (ISnapshotPart Part, object? Shape)[] parts;

    RunSnapshot(Archive archive, TrainingRun run) =>
        (this.archive, parts) = (archive, [.. run.Shared.OfType<ISnapshotPart>().Select(part => (part, part.Shape))]);

    /// <summary>Takes a snapshot.</summary>
    public static RunSnapshot Of(TrainingRun run)
    {
        var archive = new Archive(Kind);
        Checkpoint.AddModel(archive, run);
        foreach (var part in run.Shared.OfType<ISnapshotPart>())
            archive.Add(part.EntryName, Checkpoint.Bytes(part.Write));
        return new(archive, run);
    }

    /// <summary>Restores the snapshot.</summary>
    public void Restore(TrainingRun run)
    {
        foreach (var (part, shape) in parts)
            archive.Part(part.EntryName, What, reader => part.Restore(shape, reader));
        run.DropReplicas(); // their statistics are those of after the event
        Checkpoint.LoadModel(archive, run, What);
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

    /// <summary>Reads what was written; the run's network has then lost what was gone before the event.</summary>
    public static RunSnapshot Read(BinaryReader reader, TrainingRun run)
    {
        using var stream = new MemoryStream(reader.ReadBlob());
        var archive = Archive.Read(stream, Kind, What);
        foreach (var part in run.Shared.OfType<ISnapshotPart>())
            archive.Part(part.EntryName, What, part.Resume);
        return new(archive, run);
    }
}
