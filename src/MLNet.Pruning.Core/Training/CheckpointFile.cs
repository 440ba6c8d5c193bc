using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A checkpoint, read without its run: the model at that moment, and what is known of it.</summary>
public sealed class CheckpointFile
{
    readonly Archive archive;
    readonly CheckpointPosition position;

    CheckpointFile(Archive archive, string path)
    {
        (this.archive, Path) = (archive, path);
        position = Checkpoint.PositionOf(archive, What);
        History = Checkpoint.HistoryOf(archive, What);
        Blueprint = archive.Part(SavedNetwork.Blueprint, What, Blueprint.FromJson);
        Blueprint.CheckSize(ModuleState.Bytes(archive), What);
        Metadata = archive.Entries.Where(entry => entry.Key.StartsWith(Checkpoint.MetadataPrefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[Checkpoint.MetadataPrefix.Length..], entry => entry.Value);
    }

    /// <summary>Reads the newest checkpoint of a run that is not damaged.</summary>
    /// <param name="path">The run's <see cref="CheckpointOptions.Path"/>, or one of the older files beside it.</param>
    /// <param name="warn">Gets a sentence about each damaged file that was left out; null to ignore them.</param>
    /// <exception cref="FileNotFoundException">There is no file.</exception>
    /// <exception cref="InvalidDataException">All files of the run are damaged, or something else.</exception>
    public static CheckpointFile Read(string path, Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return CheckpointFiles.Newest(path, warn ?? (_ => { })) is { } found
            ? new(found.Archive, found.Path)
            : throw new FileNotFoundException($"There is no checkpoint '{path}'.", path);
    }

    /// <summary>The file that was read.</summary>
    public string Path { get; }

    /// <summary>Complete epochs of the run.</summary>
    public int Epoch => position.Epoch;

    /// <summary>Steps of the optimizer.</summary>
    public long Step => position.Step;

    /// <summary>The run's seed.</summary>
    public int Seed => position.Seed;

    /// <summary>The run's history so far.</summary>
    public TrainingHistory History { get; }

    /// <summary>The structure of the model, at the size that pruning has left. A user module's has no code: set its Builder.</summary>
    public Blueprint Blueprint { get; }

    /// <summary>What the run's <see cref="TrainingTask.Metadata"/> has put there.</summary>
    public IReadOnlyDictionary<string, byte[]> Metadata { get; }

    /// <summary>Builds the model with the weights of the checkpoint. The caller disposes of it.</summary>
    /// <param name="build">Builds a user module as it was before training; null for models of this library.</param>
    /// <exception cref="InvalidOperationException">It is a user module, and there is no function, or it builds another module.</exception>
    /// <exception cref="InvalidDataException">The weights are those of another module.</exception>
    public nn.Module Build(Func<nn.Module<Tensor, Tensor>>? build = null)
    {
        var module = (build is not null && Blueprint is ModuleBlueprint own ? own with { Builder = build } : Blueprint).Build();
        try
        {
            ModuleState.Load(archive, module, What);
            module.eval();
            return module;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    string What => $"Checkpoint '{Path}'";
}
