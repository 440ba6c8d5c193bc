using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The record of a run: steps sampled at an interval, all epochs, all pruning events. Plain values only, so that reports need nothing
/// else.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Reporting)]
public sealed record TrainingHistory : IJsonOnDeserialized
{
    /// <summary>A description of the trained model.</summary>
    public string Model { get; set; } = "";

    /// <summary>
    /// The same description after the last epoch so far, or of the model that the run has ended with: it has the sizes that pruning left.
    /// Null before that, and in histories of earlier versions.
    /// </summary>
    public string? ModelAfter { get; set; }

    /// <summary>Trainable parameters when the run began.</summary>
    public long ParametersAtStart { get; set; }

    /// <summary>
    /// How many trainable parameters of the model that <see cref="ModelAfter"/> describes are not zero: without inactive weights. Null
    /// where that is.
    /// </summary>
    public long? NonZeroParameters { get; set; }

    /// <summary>The number of replicas that computed each batch.</summary>
    public int Replicas { get; set; }

    /// <summary>What computed the gradients, and why it was not a plan if it was not. Null in histories of earlier versions.</summary>
    public string? Compute { get; set; }

    /// <summary>The seed of the run.</summary>
    public int Seed { get; set; }

    /// <summary>The training rows; null in histories of earlier versions.</summary>
    public DataRecord? Data { get; set; }

    /// <summary>The machine and the versions at the start of the run; null in histories of earlier versions.</summary>
    public TrainingEnvironment? Environment { get; set; }

    /// <summary>The options of the run as text, by name. Those without a value are left out.</summary>
    public Dictionary<string, string> Options { get; init; } = [];

    /// <summary>The names of the options that were set: to something else than what they are by default.</summary>
    public List<string> OptionsSet { get => field ??= []; init; } = [];

    /// <summary>The sampled steps, and the steps right before and right after each pruning event.</summary>
    public List<StepRecord> Steps { get; init; } = [];

    /// <summary>The epochs.</summary>
    public List<EpochRecord> Epochs { get; init; } = [];

    /// <summary>All pruning events.</summary>
    public List<PruningRecord> Events { get; init; } = [];

    /// <summary>The budget of pruning, and how it ended; null if no <see cref="Budget"/> was set.</summary>
    public BudgetRecord? Budget { get; set; }

    /// <summary>
    /// How layers are computed when the trained model scores: all layers of a scoring plan; for a module that LibTorch scores, layers with
    /// many inactive weights. Null if it is unknown.
    /// </summary>
    public IReadOnlyList<PlanStep>? Scoring { get; set; }

    /// <summary>The scoring speed of the trained model; null if it was not measured.</summary>
    public ScoringSpeed? ScoringSpeed { get; set; }

    /// <summary>The burden of each layer's neurons, if a burden monitor was used.</summary>
    public List<BurdenRecord> Burden { get; init; } = [];

    /// <summary>
    /// The epoch, from 1, whose model the run has ended with by <see cref="TrainingOptions.RestoreBest"/>; null if it has not.
    /// </summary>
    public int? BestEpoch { get; set; }

    /// <summary>Why the run ended before its last epoch; null if it did not.</summary>
    public string? Stopped { get; set; }

    /// <summary>Whether the run was cancelled. Its model is as it was after the last whole step.</summary>
    [JsonIgnore]
    public bool IsCanceled => Stopped == Canceled;

    /// <summary>Whether the run has ended, by its last epoch or before. A history out of a checkpoint tells how far its run was.</summary>
    [JsonIgnore]
    public bool IsOver => Stopped is not null || (EpochsWanted is { } all && Epochs.Count >= all);

    /// <summary>How many epochs the run is to have; null in histories of earlier versions.</summary>
    internal int? EpochsWanted => Options.TryGetValue(nameof(TrainingOptions.Epochs), out var text)
        && int.TryParse(text, CultureInfo.InvariantCulture, out var all) ? all : null;

    /// <summary>What <see cref="Stopped"/> says of a cancelled run.</summary>
    internal const string Canceled = "cancelled";

    // The serializer itself checks this only if it reads no stream.
    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Model is null)
            throw new JsonException("Its model is null.");
    }

    /// <summary>The history as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HistoryJson.Default.TrainingHistory);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static TrainingHistory FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return FromJson(new MemoryStream(Encoding.UTF8.GetBytes(json)));
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote from a stream of UTF-8.</summary>
    /// <exception cref="InvalidDataException">It is something else, or would take much more memory than its size justifies.</exception>
    public static TrainingHistory FromJson(Stream json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return GuardedStream.Json(json, HistoryJson.Default.TrainingHistory)
                ?? throw new InvalidDataException("The training history is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"This is not a training history: {e.Message}", e);
        }
    }

    /// <summary>
    /// Reads the history out of a saved model (<c>mlContext.Model.Save</c>, <c>WriteTo</c>) or a checkpoint, without loading its network;
    /// or a file with what <see cref="ToJson"/> wrote.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is something else, is damaged, or has no history.</exception>
    public static TrainingHistory Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var what = $"'{path}'";
        // A run may replace its checkpoint meanwhile.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (IsJson(stream))
            return FromJsonFile(stream, what);
        var archive = SavedNetwork.Archive(stream, what);
        if (archive.Kind == Checkpoint.Kind)
            return Checkpoint.HistoryOf(archive, what);
        if (!archive.Entries.ContainsKey(SavedNetwork.History))
            throw new InvalidDataException($"{what} has no training history: an earlier version saved it, or not a trainer.");
        var history = archive.Part(SavedNetwork.History, what, SavedHistory.Read);
        history.ScoringSpeed = SavedNetwork.SpeedOf(archive, what) ?? history.ScoringSpeed;
        return history;
    }

    /// <summary>
    /// Whether the file begins as an object in JSON does, which no model and no checkpoint does. The stream is at the object then.
    /// </summary>
    static bool IsJson(FileStream stream)
    {
        Span<byte> start = stackalloc byte[16];
        var read = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        var text = read.TrimStart("\uFEFF \t\r\n"u8);
        var isObject = text is [(byte)'{', ..];
        stream.Position = isObject ? read.Length - text.Length : 0;
        return isObject;
    }

    static TrainingHistory FromJsonFile(FileStream stream, string what)
    {
        try
        {
            return FromJson(stream);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{what} cannot be read. {e.Message}", e.InnerException);
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

    /// <summary>Steps of the run up to the end of the epoch.</summary>
    public required long Steps { get; init; }

    /// <summary>Examples in the epoch.</summary>
    public required long Rows { get; init; }

    /// <summary>The mean training loss while the parameters changed.</summary>
    public required double Loss { get; init; }

    /// <summary>The fraction of correct answers on training examples while the parameters changed.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The mean loss over the validation set after the epoch.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The fraction of correct answers on the validation set after the epoch.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>The learning rate of the last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seconds of training, without validation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Training examples per second.</summary>
    public required double RowsPerSecond { get; init; }

    /// <summary>Trainable parameters at the end.</summary>
    public required long Parameters { get; init; }
}

/// <summary>One pruning event.</summary>
public sealed record PruningRecord
{
    /// <summary>The epoch in which or after which it happened, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Steps of the run before it.</summary>
    public required long Step { get; init; }

    /// <summary>The kind of pruning.</summary>
    public required string Kind { get; init; }

    /// <summary>Trainable parameters before; for a masked model, the active ones.</summary>
    public long ParametersBefore { get; init; }

    /// <summary>Trainable parameters after; for a masked model, the active ones.</summary>
    public long ParametersAfter { get; init; }

    /// <summary>Multiply-accumulates of one row before, in linear and convolutional layers.</summary>
    public long? MacsBefore { get; init; }

    /// <summary>Multiply-accumulates of one row after.</summary>
    public long? MacsAfter { get; init; }

    /// <summary>Seconds for ranking, removal and rebuilding, without measurements.</summary>
    public double? Seconds { get; init; }

    /// <summary>
    /// The rows on which loss and accuracy were measured: "validation", or "training" (some rows of it) without a validation set.
    /// </summary>
    public string? MeasuredOn { get; init; }

    /// <summary>Mean loss just before.</summary>
    public double? LossBefore { get; init; }

    /// <summary>Mean loss right after.</summary>
    public double? LossAfter { get; init; }

    /// <summary>Mean loss after recovery: at the next event, or at the end of the run.</summary>
    public double? LossRecovered { get; set; }

    /// <summary>Accuracy just before.</summary>
    public double? AccuracyBefore { get; init; }

    /// <summary>Accuracy right after.</summary>
    public double? AccuracyAfter { get; init; }

    /// <summary>Accuracy after recovery: at the next event, or at the end of the run.</summary>
    public double? AccuracyRecovered { get; set; }

    /// <summary>For a mask update: the number of weights under masks.</summary>
    public long? Weights { get; init; }

    /// <summary>For a mask update: how many of these weights are active afterwards.</summary>
    public long? WeightsOn { get; init; }

    /// <summary>
    /// The fraction that the schedule wants removed or inactive by then, of the neurons or weights at the start; null without a schedule.
    /// </summary>
    public double? Scheduled { get; init; }

    /// <summary>Weights that became active.</summary>
    public long? Reactivated { get; init; }

    /// <summary>Weights that became inactive.</summary>
    public long? Deactivated { get; init; }

    /// <summary>The change of each group, or of each parameter under a mask.</summary>
    public IReadOnlyList<PrunedGroupRecord> Groups { get; init; } = [];

    /// <summary>The measurements for the run's budget after the event; empty if there are none.</summary>
    public IReadOnlyList<BudgetMeasurement> Budget { get => field ?? []; init; } = [];

    /// <summary>Whether the event was undone later because the accuracy did not recover.</summary>
    public bool? TakenBack { get; set; }
}

/// <summary>The change of one group, or of one parameter under a mask.</summary>
/// <param name="Name">The group, or the parameter.</param>
/// <param name="Before">Its size before; for a parameter, its active weights.</param>
/// <param name="After">Its size after; for a parameter, its active weights.</param>
/// <param name="Scores">The importance of each neuron before; empty if there is none.</param>
public sealed record PrunedGroupRecord(string Name, int Before, int After, IReadOnlyList<double> Scores)
{
    /// <summary>The removed neurons, by their numbers just before; for an event that only zeroes, the zeroed neurons.</summary>
    public IReadOnlyList<int> Removed { get => field ?? []; init; } = [];

    /// <summary>The same neurons, by their numbers at the start of the run.</summary>
    public IReadOnlyList<int> RemovedOriginal { get => field ?? []; init; } = [];

    /// <summary>For a parameter, the weights that became active.</summary>
    public long? Reactivated { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TrainingHistory))]
sealed partial class HistoryJson : JsonSerializerContext;

/// <summary>The name of a model in reports, with its sizes if it has them.</summary>
static class ModelTitle
{
    public static string Of(nn.Module model) => model switch
    {
        FeedForward network => $"{network.GetName()} {Join(network.Blueprint.Sizes)}",
        ConvNet network => Of(network.GetName(), network.Blueprint),
        Vae network => Of(network.GetName(), network.Blueprint),
        Vit network => Of(network.GetName(), network.Blueprint),
        _ => model.GetType().Name,
    };

    static string Of(string name, ConvNetBlueprint plan) =>
        $"{name} {string.Join('x', plan.Image)}, {Join(plan.Channels)}, {Join(plan.Hidden.Append(plan.Classes))}";

    static string Of(string name, VaeBlueprint plan) =>
        $"{name} {string.Join('x', plan.Image)}, {Join(plan.Channels)}, {Join(plan.Hidden)}, {plan.Latent} latents, "
        + Join(plan.HiddenBack);

    static string Of(string name, VitBlueprint plan) =>
        $"{name} {string.Join('x', plan.Image)}, patches {plan.PatchSize}x{plan.PatchSize}, "
        + $"{plan.Depth} blocks of {plan.Dim}, heads {Each(plan.BlockHeads)}, hidden {Each(plan.BlockHidden)}";

    static string Each(IReadOnlyList<int> sizes) => sizes.Distinct().Count() == 1 ? $"{sizes[0]}" : Join(sizes);

    static string Join(IEnumerable<int> sizes) => string.Join('-', sizes);
}
