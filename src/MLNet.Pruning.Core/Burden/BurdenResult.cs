using System.Text.Json;
using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>
/// The trainings that a <see cref="BurdenStudy"/> holds side by side. All have the same length, first weights and batches.
/// </summary>
public enum BurdenRunKind
{
    /// <summary>Not pruned.</summary>
    Dense,

    /// <summary>Pruned while it trains, by masks that are cut anew.</summary>
    Dynamic,

    /// <summary>From scratch under the masks that the dynamic run ended with.</summary>
    Optimal,

    /// <summary>From scratch under masks drawn at random, each layer as dense as in the dynamic run.</summary>
    Random,
}

/// <summary>One training of a <see cref="BurdenStudy"/>.</summary>
public sealed record BurdenRun
{
    /// <summary>Which of the trainings it is.</summary>
    public required BurdenRunKind Kind { get; init; }

    /// <summary>The seed of its first weights and of its batches.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether it had the mitigation, the merging of tokens.</summary>
    public required bool Merged { get; init; }

    /// <summary>Its record: accuracy by epoch, masks cut, and what its neurons bore.</summary>
    public required TrainingHistory History { get; init; }

    /// <summary>The masks that it ended with; null where it was not pruned.</summary>
    public WeightMasks? Masks { get; init; }

    /// <summary>
    /// What these masks cost the weights that the dynamic run ended with, inactive ones included; empty where it was not pruned.
    /// </summary>
    public IReadOnlyList<LayerCost> Costs { get; init; } = [];

    /// <summary>
    /// The fraction of the validation set answered correctly at the end; of the training set, while it trained, where there was no other.
    /// </summary>
    [JsonIgnore]
    public double? Accuracy => History.Epochs.Count == 0 ? null : History.Epochs[^1].ValidationAccuracy ?? History.Epochs[^1].Accuracy;

    /// <summary>The run in words, such as "optimal, seed 2, merged".</summary>
    [JsonIgnore]
    public string Title => FormattableString.Invariant($"{Kind.ToString().ToLowerInvariant()}, seed {Seed}{(Merged ? ", merged" : "")}");
}

/// <summary>What a <see cref="BurdenStudy"/> found: its runs. Plain values only.</summary>
public sealed record BurdenResult(IReadOnlyList<BurdenRun> Runs)
{
    /// <summary>The runs of one kind, with or without merging, by seed.</summary>
    public IReadOnlyList<BurdenRun> Of(BurdenRunKind kind, bool merged) =>
        [.. Runs.Where(r => r.Kind == kind && r.Merged == merged).OrderBy(r => r.Seed)];

    /// <summary>The result as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BurdenJson.Default.BurdenResult);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static BurdenResult FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return JsonSerializer.Deserialize(json, BurdenJson.Default.BurdenResult) is { Runs: not null } result ? result
                : throw new InvalidDataException("The result of the burden study has no runs.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is no result of a burden study: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BurdenResult))]
[JsonSerializable(typeof(FinishedRun))]
sealed partial class BurdenJson : JsonSerializerContext;

/// <summary>A run as it lies in a study's folder, with what tells whether it is of the same study.</summary>
/// <param name="Plan">How the study goes.</param>
/// <param name="Run">The run.</param>
/// <param name="Chance">Of a dynamic run, what random masks would cost its weights.</param>
sealed record FinishedRun(string Plan, BurdenRun Run, IReadOnlyList<LayerCost>? Chance);
