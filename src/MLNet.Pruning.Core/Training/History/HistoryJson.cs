using System.Text.Json.Serialization;

namespace MLNet.Pruning.Training;

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TrainingHistory))]
sealed partial class HistoryJson : JsonSerializerContext;
