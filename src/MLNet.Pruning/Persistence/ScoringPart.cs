using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Training;

namespace MLNet.Pruning.Persistence;

/// <summary>The part of a model's file that says how its sparse layers are computed. Without times: training the same model again shall give the same file, and who reads it measures anew.</summary>
static class ScoringPart
{
    const string Entry = "scoring";

    /// <summary>Adds it, unless it says nothing.</summary>
    public static void Add(Archive archive, ScoringChoice choice)
    {
        if (!choice.IsWorthKeeping)
            return;
        var layers = choice.Layers.Select(layer => new SavedLayer(layer.Layer, [.. layer.Times.Select(time => time.Rows)], [.. layer.Times.Select(time => time.Sparse)]));
        archive.Add(Entry, JsonSerializer.SerializeToUtf8Bytes(new SavedScoring(choice.Scoring, choice.Processor, [.. layers]), ScoringPartJson.Default.SavedScoring));
    }

    /// <summary>What a file says; that sparse layers are measured where it says nothing.</summary>
    /// <exception cref="InvalidDataException">It says something else.</exception>
    public static ScoringChoice Read(Archive archive, string what)
    {
        if (!archive.Entries.TryGetValue(Entry, out var content))
            return new(SparseScoring.Measured);
        SavedScoring? saved = null;
        string? wrong = null;
        try
        {
            saved = JsonSerializer.Deserialize(content, ScoringPartJson.Default.SavedScoring);
        }
        catch (JsonException failure)
        {
            wrong = failure.Message;
        }
        if (saved is not { Processor: not null, Layers: not null } || !Enum.IsDefined(saved.Scoring) || saved.Layers.Any(layer => layer is not { Layer: not null, Rows: not null, Sparse: not null } || layer.Rows.Length != layer.Sparse.Length))
            throw new InvalidDataException($"{what} does not say how its sparse layers are computed: {wrong ?? "something is missing"}.");
        return new(saved.Scoring, saved.Processor, [.. saved.Layers.Select(Choice)]);
    }

    static ScoringRecord Choice(SavedLayer layer) => new()
    {
        Layer = layer.Layer,
        Inputs = 0,
        Outputs = 0,
        Density = 0,
        Bytes = 0,
        Times = [.. layer.Rows.Zip(layer.Sparse, (rows, sparse) => new ScoringTime(rows, null, null, sparse))],
    };
}

sealed record SavedScoring(SparseScoring Scoring, string Processor, SavedLayer[] Layers);

sealed record SavedLayer(string Layer, long[] Rows, bool[] Sparse);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SavedScoring))]
sealed partial class ScoringPartJson : JsonSerializerContext;
