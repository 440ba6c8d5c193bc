using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Persistence;

/// <summary>The parts of a model's file that are its network: the blueprint, the tensors, and how sparse layers were asked to be computed.</summary>
static class NetworkPart
{
    const string BlueprintEntry = "blueprint", ScoringEntry = "scoring", Tensor = "tensor:";

    /// <summary>A network by itself, its tensors still to be added.</summary>
    public static Archive Create(byte[] blueprint, SparseScoring scoring)
    {
        var network = new Archive("network");
        network.Add(BlueprintEntry, blueprint);
        if (scoring != SparseScoring.Automatic)
            network.Add(ScoringEntry, JsonSerializer.SerializeToUtf8Bytes(new SavedScoring(scoring.ToString()), NetworkPartJson.Default.SavedScoring));
        return network;
    }

    /// <summary>Copies a network from one archive into another, with more parts behind the blueprint.</summary>
    public static Archive Copy(Archive from, Archive to, params ReadOnlySpan<(string Name, byte[] Content)> more)
    {
        to.Add(BlueprintEntry, from[BlueprintEntry]);
        foreach (var (name, content) in more)
            to.Add(name, content);
        foreach (var (name, content) in from.Entries.Where(e => e.Key.StartsWith(Tensor, StringComparison.Ordinal)))
            to.Add(name, content);
        foreach (string name in (string[])[ScoringEntry, SavedGraph.Entry, SavedGraph.FailureEntry])
        {
            if (from.Entries.TryGetValue(name, out var content))
                to.Add(name, content);
        }
        return to;
    }

    /// <summary>What the network is made of, as JSON.</summary>
    public static byte[] Blueprint(Archive archive) => archive[BlueprintEntry];

    /// <summary>The network's description; null for a module of the user's own whose graph could not be told.</summary>
    /// <exception cref="InvalidDataException">It is none, or has wrong values.</exception>
    public static NetworkDescription? Describe(Archive archive, string what) => archive.Entries.ContainsKey(SavedGraph.Entry)
        ? archive.Part(SavedGraph.Entry, what, SavedGraph.Read)
        : archive.Part(BlueprintEntry, what, json => SavedDescription.IsModule(json) ? null : SavedDescription.Read(json));

    /// <summary>Why the graph of a module of the user's own could not be told; null where it could, or for a network of this library.</summary>
    public static string? Failure(Archive archive) =>
        archive.Entries.TryGetValue(SavedGraph.FailureEntry, out var text) ? Encoding.UTF8.GetString(text) : null;

    /// <summary>What a file says; older files may say "Measured", and what was measured where, which nobody asks any more.</summary>
    /// <exception cref="InvalidDataException">It says something else.</exception>
    public static SparseScoring Scoring(Archive archive, string what)
    {
        if (!archive.Entries.TryGetValue(ScoringEntry, out var content))
            return SparseScoring.Automatic;
        string? asked;
        try
        {
            asked = JsonSerializer.Deserialize(content, NetworkPartJson.Default.SavedScoring)?.Scoring;
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException($"{what} does not say how its sparse layers are computed: {failure.Message}", failure);
        }
        return asked switch
        {
            nameof(SparseScoring.Dense) => SparseScoring.Dense,
            nameof(SparseScoring.Sparse) => SparseScoring.Sparse,
            "Measured" => SparseScoring.Automatic,
            _ => throw new InvalidDataException($"{what} does not say how its sparse layers are computed, but '{asked}'."),
        };
    }
}

sealed record SavedScoring(string Scoring);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SavedScoring))]
sealed partial class NetworkPartJson : JsonSerializerContext;
