using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;

namespace MLNet.Pruning;

/// <summary>The trainings that a <see cref="BurdenStudy"/> compares. All have the same length, initial weights and batches.</summary>
public enum BurdenRunKind
{
    /// <summary>Not pruned.</summary>
    Dense,

    /// <summary>Pruned while it trains; masks are updated again and again.</summary>
    Dynamic,

    /// <summary>From scratch under the masks that the dynamic run ended with.</summary>
    Optimal,

    /// <summary>From scratch under random masks with the same density per layer as in the dynamic run.</summary>
    Random,
}

/// <summary>One training of a <see cref="BurdenStudy"/>.</summary>
public sealed record BurdenRun
{
    /// <summary>The kind of training.</summary>
    public required BurdenRunKind Kind { get; init; }

    /// <summary>The seed of its initial weights and batches.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether tokens are merged, which is the mitigation.</summary>
    public required bool Merged { get; init; }

    /// <summary>The record: accuracy by epoch, mask updates, and the burden of its neurons.</summary>
    public required TrainingHistory History { get; init; }

    /// <summary>The final masks; null if it was not pruned.</summary>
    public WeightMasks? Masks { get; init; }

    /// <summary>
    /// The cost of these masks on the final weights of the dynamic run, including inactive ones; empty if it was not pruned.
    /// </summary>
    public IReadOnlyList<LayerCost> Costs { get; init; } = [];

    /// <summary>Final accuracy on the validation set; without one, accuracy on the training set during training.</summary>
    [JsonIgnore]
    public double? Accuracy => History.Epochs.Count == 0 ? null : History.Epochs[^1].ValidationAccuracy ?? History.Epochs[^1].Accuracy;

    /// <summary>The run in words, such as "optimal, seed 2, merged".</summary>
    [JsonIgnore]
    public string Title => FormattableString.Invariant($"{Kind.ToString().ToLowerInvariant()}, seed {Seed}{(Merged ? ", merged" : "")}");
}

/// <summary>The runs of a <see cref="BurdenStudy"/>, as plain values.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed record BurdenResult(IReadOnlyList<BurdenRun> Runs)
{
    // Masks are long texts, and the parser doubles its buffer until it holds all of one.
    internal const int MemoryFactor = 4;

    /// <summary>The runs of one kind, with or without merging, by seed.</summary>
    public IReadOnlyList<BurdenRun> Of(BurdenRunKind kind, bool merged) =>
        [.. Runs.Where(r => r.Kind == kind && r.Merged == merged).OrderBy(r => r.Seed)];

    /// <summary>The result as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BurdenJson.Default.BurdenResult);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static BurdenResult FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return FromJson(new MemoryStream(Encoding.UTF8.GetBytes(json)));
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote from a stream of UTF-8.</summary>
    /// <exception cref="InvalidDataException">It is something else, or would take much more memory than its size justifies.</exception>
    public static BurdenResult FromJson(Stream json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return GuardedStream.Json(json, BurdenJson.Default.BurdenResult, MemoryFactor) is { Runs: not null } result ? result
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

/// <summary>A run in a study's folder, with the settings that show whether it belongs to the same study.</summary>
/// <param name="Plan">The settings of the study.</param>
/// <param name="Run">The run.</param>
/// <param name="Chance">For a dynamic run, the cost of random masks on its weights. The name is part of the file format.</param>
sealed record FinishedRun(string Plan, BurdenRun Run, IReadOnlyList<LayerCost>? Chance);
