using System.Globalization;

namespace MLNet.Pruning;

/// <summary>Options of a training run. All are checked before anything is read or trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over all examples; at least 1.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Examples in a batch; at least 1.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// Batches whose gradients are averaged for each step of the optimizer, as if they were one larger batch; at least 1.
    /// </summary>
    public int AccumulateBatches { get; init; } = 1;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The initial learning rate; above 0.</summary>
    public double LearningRate { get; init; } = 0.001;

    /// <summary>Weight decay; at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Momentum in [0, 1); only for <see cref="OptimizerKind.Sgd"/> and <see cref="OptimizerKind.RmsProp"/>.</summary>
    public double Momentum { get; init; }

    /// <summary>Whether <see cref="OptimizerKind.Sgd"/> uses Nesterov momentum; needs a momentum above 0.</summary>
    public bool Nesterov { get; init; }

    /// <summary>How the learning rate changes over the run; null for a constant rate.</summary>
    public LearningRateSchedule? Schedule { get; init; }

    /// <summary>The maximum joint norm of all gradients; larger ones are scaled down. Above 0; null for no bound.</summary>
    public double? GradientClipNorm { get; init; }

    /// <summary>Copies of the model that train in parallel on the CPU; 0 for one per core that the batch can keep busy.</summary>
    public int Replicas { get; init; }

    /// <summary>The seed of the shuffle, and of everything random in the model; at least 0.</summary>
    public int Seed { get; init; }

    /// <summary>Whether to shuffle the examples in each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether to skip the last batch of an epoch if it is not full.</summary>
    public bool DropLastBatch { get; init; }

    /// <summary>Random changes of training images; null for none.</summary>
    public Augmentation? Augmentation { get; init; }

    /// <summary>
    /// The maximum number of bytes of examples held in memory. More examples are streamed through a shuffle pool of that size. 0 for half
    /// of the available memory.
    /// </summary>
    public long MemoryLimit { get; init; }

    /// <summary>
    /// What computes the gradients: a plan is faster than LibTorch, and gives the same within rounding. The history says which was used.
    /// </summary>
    public TrainingCompute Compute { get; init; }

    /// <summary>Where to train: "cpu", "cuda" or "cuda:N".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Steps between those that the history records; at least 1.</summary>
    public int HistoryInterval { get; init; } = 100;

    /// <summary>When to end the run before its last epoch; null for never.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>
    /// Ends the run with the model of the epoch that was best by this metric, of those at whose end pruning was over; null for the last
    /// epoch's.
    /// </summary>
    public TrainingMetric? RestoreBest { get; init; }

    /// <summary>Where and how often to save checkpoints; null for never.</summary>
    public CheckpointOptions? Checkpoint { get; init; }

    /// <summary>Receives the progress about ten times a second and at the end of each epoch.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>
    /// Receives warnings before the first step, one sentence each, about settings that will probably not do what was intended; null to
    /// ignore them.
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Extensions of the run, called in this order.</summary>
    public IReadOnlyList<ITrainingHook> Hooks { get; init; } = [];

    /// <summary>Throws an <see cref="ArgumentException"/> that names the first wrong option, its value and what it must be.</summary>
    public void Validate()
    {
        Require(Epochs >= 1, nameof(Epochs), Epochs, "at least 1");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(AccumulateBatches >= 1, nameof(AccumulateBatches), AccumulateBatches, "at least 1");
        Require((long)BatchSize * AccumulateBatches <= Array.MaxLength, nameof(AccumulateBatches), AccumulateBatches,
            $"at most {Array.MaxLength / BatchSize} with batches of {BatchSize}");
        RequireDefined(Optimizer, nameof(Optimizer));
        Require(double.IsFinite(LearningRate) && LearningRate > 0, nameof(LearningRate), LearningRate, "above 0");
        Require(double.IsFinite(WeightDecay) && WeightDecay >= 0, nameof(WeightDecay), WeightDecay, "0 or more");
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "at least 0 and below 1");
        Require(Momentum == 0 || Optimizer is OptimizerKind.Sgd or OptimizerKind.RmsProp, nameof(Momentum), Momentum,
            $"0, as {Optimizer} has none of its own");
        var canNesterov = Optimizer == OptimizerKind.Sgd && Momentum > 0;
        Require(!Nesterov || canNesterov, nameof(Nesterov), Nesterov, $"false for {Optimizer} with a momentum of {Momentum}");
        Require(GradientClipNorm is not { } norm || (double.IsFinite(norm) && norm > 0), nameof(GradientClipNorm), GradientClipNorm,
            "above 0, or null");
        Require(Enum.IsDefined(Compute), nameof(Compute), Compute, "a value of the enumeration");
        Require(Replicas >= 0, nameof(Replicas), Replicas, "at least 1, or 0 for one a core");
        Require(Seed >= 0, nameof(Seed), Seed, "0 or more");
        Require(MemoryLimit >= 0, nameof(MemoryLimit), MemoryLimit, "a count of bytes, or 0 for half of the memory there is");
        Require(HistoryInterval >= 1, nameof(HistoryInterval), HistoryInterval, "at least 1");
        Require(IsDevice(Device), nameof(Device), Device, "\"cpu\", \"cuda\" or \"cuda:N\"");
        Require(IsCpu || Replicas <= 1, nameof(Replicas), Replicas, $"1 or 0 on {Device}: replicas are threads of the CPU");
        Require(Hooks is not null && !Hooks.Contains(null!), nameof(Hooks), Hooks is null ? null : $"{Hooks.Count} hooks",
            "hooks without null among them");
        Augmentation?.Validate();
        EarlyStopping?.Validate();
        if (RestoreBest is { } best)
            RequireDefined(best, nameof(RestoreBest));
        Checkpoint?.Validate();
        Schedule?.Validate();
    }

    /// <summary>Throws if epochs are to be judged by what the run does not measure.</summary>
    internal void RequireMeasured(bool validation, bool answers)
    {
        foreach (var (option, metric) in new[] { (nameof(EarlyStopping), EarlyStopping?.Metric), (nameof(RestoreBest), RestoreBest) })
        {
            if (metric is not { } by)
                continue;
            if (!validation && Metrics.NeedsValidation(by))
            {
                var other = Metrics.IsAccuracy(by) ? TrainingMetric.TrainingAccuracy : TrainingMetric.TrainingLoss;
                throw new ArgumentException($"{option} is by {by}, and the run has no validation set. Set ValidationSet (in Core, the "
                    + $"task's Validation), or choose {other}.");
            }
            if (!answers && Metrics.IsAccuracy(by))
                throw new ArgumentException($"{option} is by {by}, and the run's objective has no classes; choose a loss.");
        }
    }

    internal int StepRows => BatchSize * AccumulateBatches;

    internal bool IsCpu => Device == "cpu";

    internal static void Require(bool holds, string option, object? value, string wanted)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(
                null, string.Create(CultureInfo.InvariantCulture, $"{option} is {value ?? "null"}; it must be {wanted}."));
    }

    internal static void RequireDefined<T>(T value, string option)
        where T : struct, Enum =>
        Require(Enum.IsDefined(value), option, value, "one of " + string.Join(", ", Enum.GetNames<T>()));

    static bool IsDevice(string? device) =>
        device is "cpu" or "cuda" || (device is not null && device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _));
}

/// <summary>The optimizer of the parameters. Settings without an option have PyTorch's defaults.</summary>
public enum OptimizerKind
{
    /// <summary>Adam, with L2 weight decay added to the gradient.</summary>
    Adam,

    /// <summary>Adam with weight decay applied to the weights themselves.</summary>
    AdamW,

    /// <summary>Stochastic gradient descent, with momentum when it is above zero.</summary>
    Sgd,

    /// <summary>RMSprop, with momentum when it is above zero.</summary>
    RmsProp,
}
