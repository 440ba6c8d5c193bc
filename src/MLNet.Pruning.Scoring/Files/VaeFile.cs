using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Scoring;

namespace MLNet.Pruning.Persistence;

/// <summary>An autoencoder as an archive: its network, its columns, and the weights of its loss.</summary>
static class VaeFile
{
    const string Kind = "autoencoder", ColumnsEntry = "columns";

    /// <summary>Writes an autoencoder.</summary>
    public static void Write(Stream stream, Autoencoder autoencoder, IModelScorer scorer)
    {
        byte[] columns = JsonSerializer.SerializeToUtf8Bytes(autoencoder.Columns, VaeFileJson.Default.VaeColumns);
        NetworkPart.Copy(scorer.Network, new Archive(Kind), (ColumnsEntry, columns)).Write(stream);
    }

    /// <summary>Reads an autoencoder, after checking all of it; the scorer is the caller's to dispose of.</summary>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, of another version, or something else altogether.</exception>
    public static (Autoencoder Autoencoder, IModelScorer Scorer) Read(Stream stream, IHostEnvironment environment)
    {
        const string What = Autoencoder.What;
        var archive = Archive.Read(stream, Kind, What);
        var columns = archive.Part(ColumnsEntry, What, json =>
        {
            var columns = JsonSerializer.Deserialize(json, VaeFileJson.Default.VaeColumns) ?? throw new InvalidDataException("it is null.");
            columns.Validate();
            return columns;
        });
        var autoencoder = Autoencoder.Of(archive, columns);
        return (autoencoder, autoencoder.Scored.Scorer(NetworkPart.Copy(archive, new Archive(Kind)), environment));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VaeColumns))]
sealed partial class VaeFileJson : JsonSerializerContext;
