using System.Text;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>Saves a model with its weights in one file, and loads it.</summary>
public static class ModelFile
{
    const string Kind = SavedNetwork.Model;

    /// <summary>Writes the model to a file, whole or not at all.</summary>
    public static void Save(string path, Blueprint blueprint, nn.Module model) => WholeFile.Write(path,
        stream => Save(stream, blueprint, model));

    /// <summary>
    /// Writes the model to a stream. For a user module, its graph is written too if <see cref="NetworkPlans.Trace"/> can find it, so that
    /// <see cref="Plans.ScoringPlan.Load(Stream, Plans.ScoringOutput?, Plans.ScoringPrecision)"/> needs no user code.
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

    /// <summary>Reads a model. The caller disposes of the module.</summary>
    /// <exception cref="InvalidDataException">The file is truncated, damaged, or not a model.</exception>
    public static (Blueprint Blueprint, nn.Module Model) Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Load(stream, $"'{path}'");
    }

    /// <summary>Reads a model. The caller disposes of the module.</summary>
    /// <param name="stream">The stream, at the start of the model.</param>
    /// <param name="what">What error messages call the stream.</param>
    /// <exception cref="InvalidDataException">The stream is truncated, damaged, or not a model.</exception>
    public static (Blueprint Blueprint, nn.Module Model) Load(Stream stream, string what = "The model")
    {
        ArgumentNullException.ThrowIfNull(stream);
        var archive = Archive.Read(stream, Kind, what);
        var blueprint = archive.Part(SavedNetwork.Blueprint, what, Blueprint.FromJson);
        blueprint.CheckSize(ModuleState.Bytes(archive), what);
        var model = archive.Part(SavedNetwork.Blueprint, what, _ => blueprint.Build());
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
