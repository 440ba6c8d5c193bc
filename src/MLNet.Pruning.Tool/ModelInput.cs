using MLNet.Pruning.Plans;
using Microsoft.ML;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tool;

/// <summary>Opens the files that users give for models, and says of other files what they are.</summary>
internal static class ModelInput
{
    /// <summary>Loads a saved pipeline.</summary>
    internal static ITransformer Load(MLContext mlContext, string file, out DataViewSchema schema)
    {
        Require(file);
        try
        {
            return mlContext.Model.Load(file, out schema);
        }
        catch (Exception failure) when (failure is InvalidDataException or FormatException or InvalidOperationException)
        {
            throw IsCheckpoint(file)
                ? new InvalidDataException($"'{file}' is the checkpoint of a run, without the pipeline around the network. Go on with "
                    + "the run for a model.zip; `inspect`, `export` and `report` read checkpoints.", failure)
                : new InvalidDataException($"'{file}' is no model that `mlprune train` or mlContext.Model.Save wrote: {failure.Message}",
                    failure);
        }
    }

    /// <summary>Loads a saved pipeline, or the network of a checkpoint.</summary>
    internal static ITransformer LoadAny(MLContext mlContext, string file)
    {
        Require(file);
        return IsCheckpoint(file) ? mlContext.Model.LoadCheckpoint(file) : Load(mlContext, file, out _);
    }

    /// <summary>The plan of the network in a file: of a saved model or pipeline, or of a checkpoint.</summary>
    internal static ScoringPlan Plan(string file)
    {
        Require(file);
        if (!IsCheckpoint(file))
            return ScoringPlan.Load(file);
        using var model = new MLContext().UsePruning().Model.LoadCheckpoint(file);
        using var network = new MemoryStream();
        model.WriteTo(network);
        network.Position = 0;
        return ScoringPlan.Load(network);
    }

    /// <summary>The network of a model in TorchSharp; the model owns it.</summary>
    internal static nn.Module Network(PrunedTransformer model) => model switch
    {
        PrunedModelTransformer network => network.Module,
        PrunedVaeTransformer network => network.Module,
        _ => throw new NotSupportedException($"A {model.GetType().Name} has no network."),
    };

    /// <summary>Whether a file is a checkpoint.</summary>
    internal static bool IsCheckpoint(string file)
    {
        try
        {
            return CheckpointFile.Read(file) is not null;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    static void Require(string file)
    {
        if (Directory.Exists(file))
        {
            string inside = Path.Combine(file, Recipes.RecipeRun.ModelFile);
            string wanted = File.Exists(inside) ? $"a file, such as '{inside}'" : "a model";
            throw new FileNotFoundException($"'{file}' is a folder; wanted {wanted}.");
        }
        if (!File.Exists(file))
            throw new FileNotFoundException($"There is no file '{file}'.", file);
    }
}
