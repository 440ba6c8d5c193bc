using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The record of a run: steps sampled at an interval, every epoch, every pruning event. Plain values only, so that reports need nothing
/// else.
/// </summary>
public sealed record TrainingHistory
{
    /// <summary>What was trained, in words.</summary>
    public string Model { get; set; } = "";

    /// <summary>Trainable parameters when the run began.</summary>
    public long ParametersAtStart { get; set; }

    /// <summary>How many replicas computed each batch.</summary>
    public int Replicas { get; set; }

    /// <summary>The sampled steps.</summary>
    public List<StepRecord> Steps { get; init; } = [];

    /// <summary>The epochs.</summary>
    public List<EpochRecord> Epochs { get; init; } = [];

    /// <summary>What pruning did, and when.</summary>
    public List<PruningRecord> Events { get; init; } = [];

    /// <summary>What pruning was to come to, and whether it did; null where no <see cref="Budget"/> was given.</summary>
    public BudgetRecord? Budget { get; set; }

    /// <summary>How layers are computed when the trained model scores: all of those of a scoring plan; of a module that LibTorch scores,
    /// those with many inactive weights. Null where there is nothing to say.</summary>
    public IReadOnlyList<PlanStep>? Scoring { get; set; }

    /// <summary>How fast the trained model scores; null where it was not measured.</summary>
    public ScoringSpeed? ScoringSpeed { get; set; }

    /// <summary>What the neurons of each layer bore, where a a burden monitor watched.</summary>
    public List<BurdenRecord> Burden { get; init; } = [];

    /// <summary>Why the run ended before its last epoch; null when it did not.</summary>
    public string? Stopped { get; set; }

    /// <summary>The history as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HistoryJson.Default.TrainingHistory);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static TrainingHistory FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return JsonSerializer.Deserialize(json, HistoryJson.Default.TrainingHistory)
                ?? throw new InvalidDataException("The training history is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is not a training history: {e.Message}", e);
        }
    }
}

/// <summary>One sampled step.</summary>
/// <param name="Step">The step of the run, from 1.</param>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Loss">The mean loss over the step's batch.</param>
/// <param name="LearningRate">The learning rate of the step.</param>
public sealed record StepRecord(long Step, int Epoch, double Loss, double LearningRate);

/// <summary>One epoch.</summary>
public sealed record EpochRecord
{
    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Steps of the run until its end.</summary>
    public required long Steps { get; init; }

    /// <summary>Examples seen in it.</summary>
    public required long Rows { get; init; }

    /// <summary>The mean training loss, taken while the parameters moved.</summary>
    public required double Loss { get; init; }

    /// <summary>The fraction of training examples answered correctly, taken while the parameters moved.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The mean loss over the validation set after the epoch.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The fraction of the validation set answered correctly after the epoch.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>The learning rate of its last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seconds of training, without validation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Examples a second.</summary>
    public required double RowsPerSecond { get; init; }

    /// <summary>Trainable parameters at its end.</summary>
    public required long Parameters { get; init; }
}

/// <summary>One pruning event.</summary>
public sealed record PruningRecord
{
    /// <summary>The epoch it happened in or after, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Steps of the run before it.</summary>
    public required long Step { get; init; }

    /// <summary>What kind of pruning it was.</summary>
    public required string Kind { get; init; }

    /// <summary>Trainable parameters before; of a masked model, those that are on.</summary>
    public long ParametersBefore { get; init; }

    /// <summary>Trainable parameters after; of a masked model, those that are on.</summary>
    public long ParametersAfter { get; init; }

    /// <summary>Multiply-accumulates of one row before, in linear and convolutional layers.</summary>
    public long? MacsBefore { get; init; }

    /// <summary>Multiply-accumulates of one row after.</summary>
    public long? MacsAfter { get; init; }

    /// <summary>Seconds that it took to rank, to remove and to build what computes anew, without measuring.</summary>
    public double? Seconds { get; init; }

    /// <summary>
    /// What loss and accuracy were measured on: "validation" or "training" (some rows of it, where there is no validation set).
    /// </summary>
    public string? MeasuredOn { get; init; }

    /// <summary>Mean loss just before.</summary>
    public double? LossBefore { get; init; }

    /// <summary>Mean loss right after.</summary>
    public double? LossAfter { get; init; }

    /// <summary>Mean loss after recovery: when the next event came, or the run ended.</summary>
    public double? LossRecovered { get; set; }

    /// <summary>Accuracy just before.</summary>
    public double? AccuracyBefore { get; init; }

    /// <summary>Accuracy right after.</summary>
    public double? AccuracyAfter { get; init; }

    /// <summary>Accuracy after recovery: when the next event came, or the run ended.</summary>
    public double? AccuracyRecovered { get; set; }

    /// <summary>Of a mask that was cut anew: the weights under masks.</summary>
    public long? Weights { get; init; }

    /// <summary>Of these, the weights that are on since.</summary>
    public long? WeightsOn { get; init; }

    /// <summary>Weights that were off and are on since.</summary>
    public long? Reactivated { get; init; }

    /// <summary>Weights that were on and are off since.</summary>
    public long? Deactivated { get; init; }

    /// <summary>What happened to each group, or to each parameter under a mask.</summary>
    public IReadOnlyList<PrunedGroupRecord> Groups { get; init; } = [];

    /// <summary>What the network measures against the run's budget since; empty where there is none.</summary>
    public IReadOnlyList<BudgetMeasurement> Budget { get => field ?? []; init; } = [];

    /// <summary>Whether it was taken back since, because the accuracy did not recover.</summary>
    public bool? TakenBack { get; set; }
}

/// <summary>What an event did to one group, or to one parameter under a mask.</summary>
/// <param name="Name">The group, or the parameter.</param>
/// <param name="Before">Its size before; of a parameter, the weights that were on.</param>
/// <param name="After">Its size after; of a parameter, the weights that are on.</param>
/// <param name="Scores">The importance of each neuron before; empty where there is none.</param>
public sealed record PrunedGroupRecord(string Name, int Before, int After, IReadOnlyList<double> Scores)
{
    /// <summary>The neurons that went, by their numbers just before; of an event that only zeroes, those that were zeroed.</summary>
    public IReadOnlyList<int> Removed { get => field ?? []; init; } = [];

    /// <summary>The same by the numbers that they had when the run began.</summary>
    public IReadOnlyList<int> RemovedOriginal { get => field ?? []; init; } = [];

    /// <summary>Of a parameter, the weights that were off and are on since.</summary>
    public long? Reactivated { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TrainingHistory))]
sealed partial class HistoryJson : JsonSerializerContext;

/// <summary>What a report calls a model: its name, and its sizes where it tells them.</summary>
static class ModelTitle
{
    public static string Of(nn.Module model) => model switch
    {
        FeedForward network => $"{network.GetName()} {string.Join('-', network.Blueprint.Sizes)}",
        ConvNet network => Of(network.GetName(), network.Blueprint),
        _ => model.GetType().Name,
    };

    static string Of(string name, ConvNetBlueprint plan) =>
        $"{name} {string.Join('x', plan.Image)}, {string.Join('-', plan.Channels)}, {string.Join('-', plan.Hidden.Append(plan.Classes))}";
}
