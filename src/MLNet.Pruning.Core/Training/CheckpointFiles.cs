using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Training;

/// <summary>The files of one run: the newest checkpoint, and those before it, with <c>.1</c>, <c>.2</c> and so on after its name.</summary>
/// <param name="path">The newest.</param>
/// <param name="keep">How many are kept.</param>
sealed class CheckpointFiles(string path, int keep)
{
    bool resumed, newestIsGood;

    /// <summary>The seed of the run that wrote the files; null where none can be read, which resuming will report.</summary>
    public static int? Seed(string path)
    {
        try
        {
            return Newest(path, _ => { }) is { } found ? Checkpoint.PositionOf(found.Archive, found.Path).Seed : null;
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The newest checkpoint that is not damaged; null if there is no file at the path.</summary>
    /// <param name="path">The newest.</param>
    /// <param name="warn">Gets a sentence about each damaged file that was left out.</param>
    /// <exception cref="InvalidDataException">All files are damaged.</exception>
    public static (Archive Archive, string Path)? Newest(string path, Action<string> warn)
    {
        if (!File.Exists(path))
            return null;
        var damaged = new List<InvalidDataException>();
        // A process that was killed between two renames leaves one number out.
        for (var (age, file) = (0, path); File.Exists(file) || File.Exists(Older(path, age + 1)); file = Older(path, ++age))
        {
            if (!File.Exists(file))
                continue;
            try
            {
                using var stream = File.OpenRead(file);
                var archive = Archive.Read(stream, Checkpoint.Kind, $"Checkpoint '{file}'");
                foreach (var failure in damaged)
                    warn($"{failure.Message} '{file}', which was written before, is read instead.");
                return (archive, file);
            }
            catch (InvalidDataException failure)
            {
                damaged.Add(failure);
            }
        }
        throw new InvalidDataException(damaged is [var only] ? only.Message
            : $"None of the checkpoints of this run can be read. {string.Join(' ', damaged.Select(d => d.Message))}", damaged[0]);
    }

    /// <summary>Finds the checkpoint to go on from; null if the run starts anew.</summary>
    public (Archive Archive, string Path)? Resume(Action<string> warn)
    {
        var found = Newest(path, warn);
        if (found is null && File.Exists(Older(path, 1)))
            warn($"There is no checkpoint '{path}', and the run starts anew. To go on from '{Older(path, 1)}', give it that name.");
        (resumed, newestIsGood) = (found is not null, found?.Path == path);
        return found;
    }

    /// <summary>Writes a checkpoint, and keeps those before it. Files of another run than this one go.</summary>
    public void Write(Action<Stream> write)
    {
        var rotates = newestIsGood && keep > 1 && File.Exists(path);
        for (var age = keep - 1; rotates && age > 1; age--)
            if (File.Exists(Older(path, age - 1)))
                File.Move(Older(path, age - 1), Older(path, age), overwrite: true);
        WholeFile.Write(path, write, rotates ? Older(path, 1) : null);
        for (var age = resumed ? keep : 1; File.Exists(Older(path, age)); age++)
            File.Delete(Older(path, age));
        (resumed, newestIsGood) = (true, true);
    }

    static string Older(string path, int age) => $"{path}.{age}";
}
