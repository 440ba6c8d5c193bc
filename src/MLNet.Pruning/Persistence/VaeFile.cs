using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Models;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Persistence;

/// <summary>An autoencoder as an archive: its blueprint, its columns, the weights of its loss, and its own weights.</summary>
static class VaeFile
{
    const string Kind = "autoencoder", What = "The pruned autoencoder";
    const string BlueprintEntry = "blueprint", ColumnsEntry = "columns";

    /// <summary>Writes an autoencoder; the same bytes whichever TorchSharp stands below.</summary>
    public static void Write(Stream stream, Autoencoder autoencoder, Vae module, SparseScoring scoring)
    {
        var archive = new Archive(Kind);
        archive.Add(BlueprintEntry, Encoding.UTF8.GetBytes(module.Blueprint.ToJson()));
        archive.Add(ColumnsEntry, JsonSerializer.SerializeToUtf8Bytes(autoencoder.Columns, VaeFileJson.Default.VaeColumns));
        ModuleState.Add(archive, module);
        ScoringPart.Add(archive, scoring);
        archive.Write(stream);
    }

    /// <summary>Reads an autoencoder, after checking all of it; the module is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    public static (Autoencoder Autoencoder, Vae Module, SparseScoring Scoring) Read(Stream stream)
    {
        var archive = Archive.Read(stream, Kind, What);
        var scoring = ScoringPart.Read(archive, What);
        var blueprint = Blueprint.FromJson(Encoding.UTF8.GetString(archive[BlueprintEntry])) as VaeBlueprint
            ?? throw new InvalidDataException($"{What} has the blueprint of another model.");
        VaeColumns columns;
        try
        {
            columns = JsonSerializer.Deserialize(archive[ColumnsEntry], VaeFileJson.Default.VaeColumns) ?? throw new InvalidDataException($"{What} names no columns.");
            columns.Validate();
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{What} names its columns wrongly: {failure.Message}", failure);
        }
        var module = blueprint.Build();
        try
        {
            ModuleScope.Detach(module);
            ModuleState.Load(archive, module, What);
            return (new Autoencoder(blueprint, columns), module, scoring);
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VaeColumns))]
sealed partial class VaeFileJson : JsonSerializerContext;
