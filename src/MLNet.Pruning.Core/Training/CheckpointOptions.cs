using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>Where and how often a run saves its state, so that it can continue.</summary>
/// <param name="Path">The file of the newest checkpoint; written completely or not at all.</param>
public sealed record CheckpointOptions(string Path)
{
    /// <summary>Save after every this many epochs; at least 1.</summary>
    public int EveryEpochs { get; init; } = 1;

    /// <summary>Also save after every this many steps; 0 to save between epochs only.</summary>
    public int EverySteps { get; init; }

    /// <summary>
    /// How many checkpoints are kept; at least 1. The one before the newest has the name of <see cref="Path"/> with <c>.1</c>, the one
    /// before that <c>.2</c>, and so on. A run goes on from the newest that is not damaged.
    /// </summary>
    public int Keep { get; init; } = 2;

    /// <summary>Whether to continue from the file if it exists; otherwise an existing file is replaced.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>
    /// Whether runs on other training rows have files of their own, as the folds of a cross-validation need: a hash of the rows stands in
    /// the file's name, as in <c>run-0123456789abcdef.checkpoint</c>.
    /// </summary>
    public bool PerDataSet { get; init; }

    /// <summary>The options for a run on these rows.</summary>
    internal CheckpointOptions For(ulong rows) => PerDataSet ? this with { Path = Named($"{rows:x16}"), PerDataSet = false } : this;

    /// <summary>The seed of the run to go on with; null where there is none.</summary>
    internal int? SavedSeed()
    {
        if (!Resume)
            return null;
        if (!PerDataSet)
            return CheckpointFiles.Seed(Path);
        // The runs of one trainer have one seed, whatever their rows.
        var pattern = System.IO.Path.GetFileName(Named(new string('?', 16)));
        return Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, pattern)
            .Select(CheckpointFiles.Seed).FirstOrDefault(seed => seed is not null);
    }

    string Named(string rows) => System.IO.Path.Join(System.IO.Path.GetDirectoryName(Path),
        $"{System.IO.Path.GetFileNameWithoutExtension(Path)}-{rows}{System.IO.Path.GetExtension(Path)}");

    /// <summary>Checks before training, not after the first epoch, that the file can be written.</summary>
    internal void Probe()
    {
        if (Directory.Exists(Path))
            throw new IOException($"Checkpoint.Path is '{Path}', which is a folder; it must be the path of a file.");
        try
        {
            WholeFile.Probe(Path);
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
        TrainingOptions.Require(Keep >= 1, "Checkpoint.Keep", Keep, "at least 1");
        var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path));
        if (directory is not null && !Directory.Exists(directory))
            throw new DirectoryNotFoundException($"Checkpoint.Path is '{Path}', but there is no folder '{directory}'.");
    }
}
