using System.Text.Json;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Recipes;
using Microsoft.ML;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>One run of a study.</summary>
/// <param name="Varied">What tells it apart from the others, by name.</param>
/// <param name="Settings">Values in place of the recipe's.</param>
internal sealed record StudyRun(IReadOnlyDictionary<string, string> Varied, IReadOnlyList<string> Settings)
{
    /// <summary>The name of its folder.</summary>
    internal string Name { get; } = Grid.FolderName(Varied);

    /// <summary>What tells it apart, in words.</summary>
    internal string Words => string.Join(", ", Grid.ShortNames([.. Varied.Keys]).Zip(Varied.Values, (name, value) => $"{name} {value}"));
}

/// <summary>Every n-th run of a study, so that several machines do a part each.</summary>
/// <param name="Part">Which part, from 1.</param>
/// <param name="Parts">Of how many.</param>
internal readonly record struct Shard(int Part, int Parts)
{
    internal bool Has(int run) => run % Parts == Part - 1;

    internal static Shard Parse(string text) => text.Split('/') is [var part, var parts] && int.TryParse(part, out int i)
        && int.TryParse(parts, out int n) && i >= 1 && i <= n ? new(i, n)
        : throw new ArgumentException($"--shard {text}: wanted a part and how many there are, such as 1/4.");

    public override string ToString() => $"{Part}/{Parts}";
}

/// <summary>
/// Runs of one recipe with different settings, each in a folder of its own. A finished run is not run again, and one that was cut short
/// goes on, as long as its settings and the recipe are the same.
/// </summary>
/// <param name="file">The recipe.</param>
/// <param name="folder">The folder of the study.</param>
/// <param name="runs">The runs.</param>
internal sealed class Study(string file, string folder, IReadOnlyList<StudyRun> runs)
{
    const string RunFile = "run.json", LockFile = "run.lock";

    /// <summary>What run.json says: which run the folder is of.</summary>
    sealed record Begun(Dictionary<string, string> Varied, IReadOnlyList<string> Settings, string Recipe);

    internal IReadOnlyList<StudyRun> Runs => runs;

    internal string Folder => folder;

    /// <summary>Where a run is.</summary>
    internal string FolderOf(StudyRun run) => Path.Combine(folder, run.Name);

    /// <summary>
    /// Reads the recipe with the settings of each run and makes its steps, so that a mistake is known before the first run.
    /// </summary>
    /// <returns>The recipe of the first run.</returns>
    internal Recipe Check()
    {
        var mlContext = new MLContext().UsePruning();
        HashSet<string> data = [];
        Recipe? first = null;
        foreach (var run in runs)
        {
            try
            {
                var recipe = Recipe.Load(file, run.Settings);
                RecipePipeline.Check(recipe, mlContext, data.Add(recipe.DataText));
                first ??= recipe;
            }
            catch (RecipeException failure)
            {
                throw new ArgumentException($"The run with {run.Words}: {failure.Message}", failure);
            }
        }
        return first is { Program: var program } && program.Sets(nameof(PrunedTrainerOptions.Checkpoint))
            ? throw new ArgumentException($"'{file}' has trainer.checkpoint, one file for all runs; leave it out: each has its own.")
            : first!;
    }

    /// <summary>Does the runs that are not finished, in order.</summary>
    /// <param name="shard">Which of them.</param>
    /// <param name="fresh">Whether to do those again that are finished or were cut short.</param>
    /// <param name="log">Gets told of each run.</param>
    /// <param name="command">What goes on with the study.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The failures: settings that do not work are a result as well, and the other runs are done.</returns>
    /// <exception cref="RunStoppedException">It was cancelled.</exception>
    internal IReadOnlyList<(StudyRun Run, string Failure)> Train(
        Shard shard, bool fresh, StudyLog log, string command, CancellationToken cancellation)
    {
        List<(StudyRun, string)> failures = [];
        foreach (var (index, run) in runs.Index().Where(pair => shard.Has(pair.Index)))
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                string path = Directory.CreateDirectory(FolderOf(run)).FullName;
                using var owned = Lock(Path.Combine(path, LockFile));
                if (owned is null)
                    log.Busy(index, run);
                else if (!fresh && Result(run) is { } result)
                    log.Done(index, run, result, before: true);
                else
                {
                    log.Begin(index, run);
                    log.Done(index, run, Train(run, path, fresh, log.Display, cancellation), before: false);
                }
            }
            catch (OperationCanceledException)
            {
                throw new RunStoppedException($"What is done is in {folder}. To go on:\n  {command}");
            }
            catch (Exception failure) when (IsOfRun(failure))
            {
                failures.Add((run, Errors.Line(failure)));
                log.Failed(index, run, Errors.Line(failure));
            }
        }
        return failures;
    }

    RunResult Train(StudyRun run, string path, bool fresh, ProgressStyle display, CancellationToken cancellation)
    {
        string begun = Path.Combine(path, RunFile), recipe = RecipeOf(run);
        fresh |= Read<Begun>(begun)?.Recipe != recipe;
        if (fresh)
        {
            File.Delete(Path.Combine(path, RecipeRun.ResultFile));
            WholeFile.Write(begun, stream => JsonSerializer.Serialize(
                stream, new Begun(new(run.Varied), run.Settings, recipe), Output.Json));
        }
        return new RecipeRun { File = file, Settings = run.Settings, Folder = path, Fresh = fresh, Style = display }.Run(cancellation);
    }

    /// <summary>The finished runs, of all shards.</summary>
    internal IReadOnlyList<(StudyRun Run, RunResult Result)> Finished() =>
        [.. runs.Select(run => (run, Result(run))).Where(pair => pair.Item2 is not null).Select(pair => (pair.run, pair.Item2!))];

    /// <summary>Writes how many runs are not finished, and which failed.</summary>
    internal void WriteMissing(int finished, IReadOnlyList<(StudyRun Run, string Failure)> failures)
    {
        if (runs.Count - finished is > 0 and var missing)
            Console.WriteLine($"{missing} of {runs.Count} runs {(missing == 1 ? "is" : "are")} not finished.");
        foreach (var (run, failure) in failures)
            Console.Error.WriteLine($"failed: {run.Words}: {failure}");
    }

    /// <summary>What came of a run; null if it is not finished, or was made by other settings or another recipe.</summary>
    RunResult? Result(StudyRun run)
    {
        string path = Path.Combine(folder, run.Name);
        return Read<Begun>(Path.Combine(path, RunFile))?.Recipe == RecipeOf(run)
            ? Read<RunResult>(Path.Combine(path, RecipeRun.ResultFile)) : null;
    }

    /// <summary>The recipe of a run, without its comments.</summary>
    string RecipeOf(StudyRun run) => run.Settings.Aggregate(RecipeText.ReadFile(file), RecipeText.With).ToText();

    // What the machine lacks, such as room on its disk, the next run lacks as well.
    static bool IsOfRun(Exception failure) => failure is not (IOException or UnauthorizedAccessException or DllNotFoundException
        or OutOfMemoryException);

    /// <summary>Reads a file in JSON; null if there is none, or something else in it.</summary>
    static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(File.ReadAllText(path), Output.Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps other processes from the same run; null if one is at it.</summary>
    static FileStream? Lock(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
