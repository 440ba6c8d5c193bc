using System.Text;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>A model with its weights in one file.</summary>
public static class ModelFile
{
    const string Kind = "model";

    /// <summary>Writes the model to a file, whole or not at all.</summary>
    public static void Save(string path, Blueprint blueprint, nn.Module model) => WholeFile.Write(path,
        stream => Save(stream, blueprint, model));

    /// <summary>
    /// Writes the model to a stream. Of a module of the user's own its graph is written too, where <see cref="NetworkPlans.Trace"/> can
    /// tell it, so that <see cref="Plans.ScoringPlan.Load(Stream, Plans.ScoringOutput, Plans.ScoringPrecision)"/> needs no code of the
    /// user's.
    /// </summary>
    public static void Save(Stream stream, Blueprint blueprint, nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(blueprint);
        ArgumentNullException.ThrowIfNull(model);
        var archive = new Archive(Kind);
        archive.Add(SavedNetwork.Blueprint, Encoding.UTF8.GetBytes(blueprint.ToJson()));
        ModuleState.Add(archive, model);
        if (blueprint is ModuleBlueprint && model is nn.Module<Tensor, Tensor> module)
            NetworkPlans.AddGraph(archive, module, blueprint.InputShape);
        archive.Write(stream);
    }

    /// <summary>Reads a model; the module is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The file is truncated, damaged, or not a model.</exception>
    public static (Blueprint Blueprint, nn.Module Model) Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Load(stream, $"'{path}'");
    }

    /// <summary>Reads a model; the module is the caller's to dispose of.</summary>
    /// <param name="stream">Where the model begins.</param>
    /// <param name="what">What to call the stream in an error.</param>
    /// <exception cref="InvalidDataException">The stream is truncated, damaged, or not a model.</exception>
    public static (Blueprint Blueprint, nn.Module Model) Load(Stream stream, string what = "The model")
    {
        ArgumentNullException.ThrowIfNull(stream);
        var archive = Archive.Read(stream, Kind, what);
        var (blueprint, model) = archive.Part(SavedNetwork.Blueprint, what, json =>
        {
            var blueprint = Blueprint.FromJson(Encoding.UTF8.GetString(json));
            return (blueprint, blueprint.Build());
        });
        try
        {
            ModuleState.Load(archive, model, what);
            return (blueprint, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
