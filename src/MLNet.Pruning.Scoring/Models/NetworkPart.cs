using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning.Persistence;

/// <summary>The network entries of a model file: blueprint, tensors, and how sparse layers are computed.</summary>
static class NetworkPart
{
    const string ScoringEntry = "scoring";

    /// <summary>Makes an archive of a network without its tensors.</summary>
    public static Archive Create(byte[] blueprint, SparseScoring scoring)
    {
        var network = new Archive("network");
        network.Add(SavedNetwork.Blueprint, blueprint);
        if (scoring != SparseScoring.Automatic)
        {
            var saved = new SavedScoring(scoring.ToString());
            network.Add(ScoringEntry, JsonSerializer.SerializeToUtf8Bytes(saved, NetworkPartJson.Default.SavedScoring));
        }
        return network;
    }

    /// <summary>Copies a network from one archive into another, and inserts more entries after the blueprint.</summary>
    public static Archive Copy(Archive from, Archive to, params ReadOnlySpan<(string Name, byte[] Content)> more)
    {
        to.Add(SavedNetwork.Blueprint, from[SavedNetwork.Blueprint]);
        foreach (var (name, content) in more)
            to.Add(name, content);
        foreach (var (name, content) in from.Entries.Where(e => e.Key.StartsWith(SavedNetwork.Tensor, StringComparison.Ordinal)))
            to.Add(name, content);
        CopyAny(from, to, ScoringEntry);
        CopyGraph(from, to);
        return to;
    }

    /// <summary>Copies the graph of a user module, or the reason why it has none; false if the archive has neither.</summary>
    public static bool CopyGraph(Archive from, Archive to) =>
        CopyAny(from, to, SavedGraph.Entry) | CopyAny(from, to, SavedGraph.FailureEntry);

    static bool CopyAny(Archive from, Archive to, string name)
    {
        if (!from.Entries.TryGetValue(name, out var content))
            return false;
        to.Add(name, content);
        return true;
    }

    public static byte[] Blueprint(Archive archive) => archive[SavedNetwork.Blueprint];

    /// <summary>How sparse layers are computed, as the file says. Older files may say "Measured"; that counts as automatic.</summary>
    /// <exception cref="InvalidDataException">The file has an unknown value.</exception>
    public static SparseScoring Scoring(Archive archive, string what)
    {
        if (!archive.Entries.ContainsKey(ScoringEntry))
            return SparseScoring.Automatic;
        return archive.Part(ScoringEntry, what, json => Saved(json)?.Scoring switch
        {
            nameof(SparseScoring.Dense) => SparseScoring.Dense,
            nameof(SparseScoring.Sparse) => SparseScoring.Sparse,
            "Measured" => SparseScoring.Automatic,
            var asked => throw new InvalidDataException($"it does not say how sparse layers are computed, but '{asked}'."),
        });

        static SavedScoring? Saved(byte[] json) => GuardedStream.Description(json, NetworkPartJson.Default.SavedScoring);
    }
}

sealed record SavedScoring(string Scoring);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SavedScoring))]
sealed partial class NetworkPartJson : JsonSerializerContext;
