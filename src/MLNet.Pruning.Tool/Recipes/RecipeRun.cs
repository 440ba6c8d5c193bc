using System.Text.Json;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Recipes;
using MLNet.Pruning.Reporting;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning.Tool.Recipes;

/// <summary>Trains a recipe, and writes into the folder of the run what comes of it.</summary>
internal sealed class RecipeRun
{
    internal const string ModelFile = "model.zip", CheckpointFile = "run.checkpoint", ReportFile = "report.html",
        ResultFile = "result.json";

    /// <summary>The recipe.</summary>
    internal required string File { get; init; }

    /// <summary>Values in place of the recipe's.</summary>
    internal IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The folder of the run; null for the recipe's.</summary>
    internal string? Folder { get; init; }

    /// <summary>Whether to begin anew where there is a checkpoint.</summary>
    internal bool Fresh { get; init; }

    internal ProgressStyle Style { get; init; }

    /// <summary>Trains.</summary>
    /// <exception cref="RunStoppedException">It was cancelled. The checkpoint is written, and the message says how to go on.</exception>
    internal RunResult Run(CancellationToken cancellation)
    {
        var recipe = Recipe.Load(File, Settings);
        string folder = Folder ?? FolderOf(recipe, File);
        Directory.CreateDirectory(folder);
        var mlContext = new MLContext(recipe.RandomSeed);
        mlContext.Log += (_, message) =>
        {
            if (message.Kind is ChannelMessageKind.Warning)
                Console.Error.WriteLine($"warning: {message.RawMessage}");
        };
        string checkpoint = Path.Combine(folder, CheckpointFile);
        bool goesOn = !Fresh && System.IO.File.Exists(checkpoint);
        var options = new Dictionary<string, object?> { [nameof(PrunedTrainerOptions.Cancellation)] = cancellation };
        if (!recipe.Program.Sets(nameof(PrunedTrainerOptions.Checkpoint)))
            options[nameof(PrunedTrainerOptions.Checkpoint)] = new CheckpointOptions(checkpoint) { Resume = !Fresh };
        using var display = new TrainingDisplay(recipe.Program.Epochs, Style);
        options[nameof(PrunedTrainerOptions.Progress)] = (IProgress<TrainingProgress>)display;
        var pipeline = recipe.Build(mlContext, options);
        if (goesOn && Style == ProgressStyle.Automatic)
            Console.WriteLine($"Goes on from {checkpoint}; --fresh begins anew.");
        var model = Fit(pipeline, goesOn);
        display.Dispose();
        using var trained = (IDisposable)model;
        var history = Trained(model).History!;
        if (history.IsCanceled)
        {
            string where = recipe.Program.Sets(nameof(PrunedTrainerOptions.Checkpoint)) ? "The run is in the recipe's trainer.checkpoint."
                : System.IO.File.Exists(checkpoint) ? $"The run is in {checkpoint}."
                : "The run had not saved a checkpoint yet, and begins anew.";
            throw new RunStoppedException($"{where} To go on:\n  {Command()}");
        }
        var result = Write(recipe, mlContext, pipeline, model, history, folder);
        // A finished run does not go on: with other settings, the next one in the folder begins anew.
        foreach (string file in Directory.EnumerateFiles(folder, CheckpointFile + "*"))
            System.IO.File.Delete(file);
        return result;
    }

    static ITransformer Fit(RecipePipeline pipeline, bool goesOn)
    {
        try
        {
            return pipeline.Fit();
        }
        catch (InvalidDataException failure) when (goesOn)
        {
            throw new InvalidDataException($"{failure.Message} Here, --fresh begins anew, and --output keeps both runs.", failure);
        }
    }

    /// <summary>The folder of a recipe's runs: what it says, or one beside the recipe with its name.</summary>
    internal static string FolderOf(Recipe recipe, string file)
    {
        string whole = Path.GetFullPath(file), beside = Path.ChangeExtension(whole, null);
        return recipe.Outputs.Folder ?? (beside == whole ? $"{beside}-run" : beside);
    }

    /// <summary>A folder beside that of a recipe's runs, as short as one would type it.</summary>
    internal static string FolderBeside(Recipe recipe, string file, string ending)
    {
        string whole = FolderOf(recipe, file) + ending, near = Path.GetRelativePath(".", whole);
        return near.StartsWith("..", StringComparison.Ordinal) ? whole : near;
    }

    /// <summary>The network in a pipeline.</summary>
    internal static PrunedTransformer Trained(ITransformer model) => model switch
    {
        PrunedTransformer network => network,
        IEnumerable<ITransformer> chain => chain.OfType<PrunedTransformer>().Single(),
        _ => throw new InvalidOperationException($"A {model.GetType().Name} holds no trained network."),
    };

    RunResult Write(
        Recipe recipe, MLContext mlContext, RecipePipeline pipeline, ITransformer model, TrainingHistory history, string folder)
    {
        string file = Path.Combine(folder, ModelFile);
        Trained(model).MeasureScoring(); // travels with the model
        mlContext.Model.Save(model, pipeline.TrainingSet.Schema, file);
        if (recipe.Outputs.Onnx)
            mlContext.Model.ExportOnnx(model, Path.ChangeExtension(file, ".onnx"));
        var task = Enum.Parse<LearnedTask>(recipe.Program.Task);
        var (metrics, answers) = TestMetrics.Of(mlContext, task, model, pipeline.TestSet, recipe.Program.JudgedColumn);
        var result = RunResult.Of(File, Settings, folder, task, metrics, history, file) with { Seed = recipe.RandomSeed ?? history.Seed };
        System.IO.File.Copy(File, Path.Combine(folder, "recipe" + Path.GetExtension(File)), overwrite: true);
        if (recipe.Outputs.Report)
            HistoryPage.Save(
                Path.Combine(folder, ReportFile), history, Path.GetFileName(File), result.Facts(), test: answers, command: Command());
        // The last of all files: a run with a result is finished.
        WholeFile.Write(Path.Combine(folder, ResultFile), stream => JsonSerializer.Serialize(stream, result, Output.Json));
        return result;
    }

    string Command() => Output.CommandLine(
        ["train", File, .. Output.Option("--set", Settings), .. Output.Option("--output", Folder)]);
}
