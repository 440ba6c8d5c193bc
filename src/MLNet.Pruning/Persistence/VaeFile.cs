using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Persistence;

/// <summary>An autoencoder as an archive: its blueprint, its columns, the weights of its loss, and its own weights.</summary>
static class VaeFile
{
    const string Kind = "autoencoder", What = "The pruned autoencoder";
    const string BlueprintEntry = "blueprint", ColumnsEntry = "columns";

    /// <summary>Writes an autoencoder.</summary>
    public static void Write(Stream stream, Autoencoder autoencoder, IModelScorer scorer)
    {
        scorer.Refresh();
        var archive = new Archive(Kind);
        archive.Add(BlueprintEntry, Encoding.UTF8.GetBytes(scorer.Blueprint.ToJson()));
        archive.Add(ColumnsEntry, JsonSerializer.SerializeToUtf8Bytes(autoencoder.Columns, VaeFileJson.Default.VaeColumns));
        scorer.AddTensors(archive);
        ScoringPart.Add(archive, scorer.Scoring);
        archive.Write(stream);
    }

    /// <summary>Reads an autoencoder, after checking all of it; the scorer is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    public static (Autoencoder Autoencoder, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment)
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
        var autoencoder = new Autoencoder(blueprint, columns);
        return (autoencoder, autoencoder.Scorers.Loaded(blueprint, archive, environment, scoring));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VaeColumns))]
sealed partial class VaeFileJson : JsonSerializerContext;
