namespace MLNet.Pruning;

/// <summary>Where and how often a run saves its state, so that it can continue.</summary>
/// <param name="Path">The file; written completely or not at all.</param>
public sealed record CheckpointOptions(string Path)
{
    /// <summary>Save after every this many epochs; at least 1.</summary>
    public int EveryEpochs { get; init; } = 1;

    /// <summary>Also save after every this many steps; 0 to save between epochs only.</summary>
    public int EverySteps { get; init; }

    /// <summary>Whether to continue from the file if it exists; otherwise an existing file is replaced.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>The seed of the run to go on with; null where there is none.</summary>
    internal int? SavedSeed() => Resume && File.Exists(Path) ? Training.Checkpoint.Seed(Path) : null;

    /// <summary>Checks before training, not after the first epoch, that the file can be written.</summary>
    internal void Probe()
    {
        if (Directory.Exists(Path))
            throw new IOException($"Checkpoint.Path is '{Path}', which is a folder; it must be the path of a file.");
        try
        {
            using var probe = new FileStream(
                $"{Path}.{Guid.NewGuid():N}", FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Checkpoint.Path is '{Path}', but no file can be written there: {e.Message}", e);
        }
    }

    internal void Validate()
    {
        TrainingOptions.Require(!string.IsNullOrWhiteSpace(Path), "Checkpoint.Path", Path, "the path of a file");
        TrainingOptions.Require(EveryEpochs >= 1, "Checkpoint.EveryEpochs", EveryEpochs, "at least 1");
        TrainingOptions.Require(EverySteps >= 0, "Checkpoint.EverySteps", EverySteps, "0 or more");
        var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path));
        if (directory is not null && !Directory.Exists(directory))
            throw new DirectoryNotFoundException($"Checkpoint.Path is '{Path}', but there is no folder '{directory}'.");
    }
}
