using System.Text.Json.Serialization;

namespace MLNet.Pruning.Burden;

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BurdenResult))]
[JsonSerializable(typeof(FinishedRun))]
sealed partial class BurdenJson : JsonSerializerContext;

/// <summary>A run as it lies in a study's folder, with what tells whether it is of the same study.</summary>
/// <param name="Plan">How the study goes.</param>
/// <param name="Run">The run.</param>
/// <param name="Chance">Of a dynamic run, what random masks would cost its weights.</param>
sealed record FinishedRun(string Plan, BurdenRun Run, IReadOnlyList<LayerCost>? Chance);
