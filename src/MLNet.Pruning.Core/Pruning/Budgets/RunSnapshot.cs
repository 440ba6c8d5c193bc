using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>The network, optimizer state and masks of a run before an event, to undo the event.</summary>
sealed class RunSnapshot
{
    const string Kind = "snapshot", What = "The network before the event";
    const string NeuronsEntry = "neurons", MasksEntry = "masks";

    readonly Archive archive;
    readonly NeuronShapes? shapes;

    RunSnapshot(Archive archive, NeuronShapes? shapes) => (this.archive, this.shapes) = (archive, shapes);

    /// <summary>Takes a snapshot.</summary>
    /// <param name="run">The run.</param>
    /// <param name="neurons">The remaining neurons; null if none are removed.</param>
    public static RunSnapshot Of(TrainingRun run, PrunedNeurons? neurons)
    {
        var archive = new Archive(Kind);
        Checkpoint.AddModel(archive, run);
        if (neurons is not null)
            archive.Add(NeuronsEntry, Checkpoint.Bytes(neurons.Write));
        if (run.Find<MaskedWeights>() is { } masked)
            archive.Add(MasksEntry, Checkpoint.Bytes(masked.Write));
        return new(archive, neurons?.Map.Shapes());
    }

    /// <summary>Restores the snapshot.</summary>
    public void Restore(TrainingRun run, PrunedNeurons? neurons)
    {
        if (neurons is not null && shapes is not null)
            archive.Part(NeuronsEntry, What, reader => neurons.Restore(shapes, reader));
        run.DropReplicas(); // their batch-norm statistics are from after the event
        Checkpoint.LoadModel(archive, run, What);
        if (run.Find<MaskedWeights>() is not { } masked)
            return;
        archive.Part(MasksEntry, What, masked.Read);
        masked.Settle();
    }

    public void Write(BinaryWriter writer)
    {
        using var stream = new MemoryStream();
        archive.Write(stream);
        writer.Write((int)stream.Length);
        writer.Write(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Reads a snapshot from a checkpoint.</summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="neurons">The neurons of the run's model before any removal. Those that were removed before the event are then
    /// removed.</param>
    public static RunSnapshot Read(BinaryReader reader, PrunedNeurons? neurons)
    {
        using var stream = new MemoryStream(reader.ReadBlob());
        var archive = Archive.Read(stream, Kind, What);
        if (neurons is not null)
            archive.Part(NeuronsEntry, What, neurons.Read);
        return new(archive, neurons?.Map.Shapes());
    }
}
