using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Sparse;

namespace MLNet.Pruning.Persistence;

/// <summary>The part of a model's file that says how its sparse layers were asked to be computed.</summary>
static class ScoringPart
{
    const string Entry = "scoring";

    /// <summary>Adds it, unless it says nothing.</summary>
    public static void Add(Archive archive, SparseScoring scoring)
    {
        if (scoring != SparseScoring.Automatic)
            archive.Add(Entry, JsonSerializer.SerializeToUtf8Bytes(new SavedScoring(scoring.ToString()), ScoringPartJson.Default.SavedScoring));
    }

    /// <summary>What a file says; older files may say "Measured", and what was measured where, which nobody asks any more.</summary>
    /// <exception cref="InvalidDataException">It says something else.</exception>
    public static SparseScoring Read(Archive archive, string what)
    {
        if (!archive.Entries.TryGetValue(Entry, out var content))
            return SparseScoring.Automatic;
        string? asked;
        try
        {
            asked = JsonSerializer.Deserialize(content, ScoringPartJson.Default.SavedScoring)?.Scoring;
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
sealed partial class ScoringPartJson : JsonSerializerContext;
