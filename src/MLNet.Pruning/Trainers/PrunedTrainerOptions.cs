using MLNet.Pruning.Scoring;
using Microsoft.ML;

namespace MLNet.Pruning;

/// <summary>The options that every trainer of MLNet.Pruning has, checked when the trainer is made.</summary>
public abstract class PrunedTrainerOptions
{
    private protected PrunedTrainerOptions()
    {
    }

    /// <summary>How often the training data is gone through; at least 1.</summary>
    public int Epochs { get; set; } = 10;

    /// <summary>Rows a step; at least 1.</summary>
    public int BatchSize { get; set; } = 128;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; set; } = OptimizerKind.Adam;

    /// <summary>The learning rate before any schedule; above 0.</summary>
    public double LearningRate { get; set; } = 0.001;

    /// <summary>How the learning rate changes over the run; null keeps it.</summary>
    public LearningRateSchedule? LearningRateSchedule { get; set; }

    /// <summary>Weight decay; 0 or more.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Momentum in [0, 1), for the optimizers that have one.</summary>
    public double Momentum { get; set; }

    /// <summary>Whether SGD takes its momentum as Nesterov does; only with a momentum above 0.</summary>
    public bool Nesterov { get; set; }

    /// <summary>Gradients are scaled down so that their joint norm is at most this; above 0, null for no bound.</summary>
    public double? GradientClipNorm { get; set; }

    /// <summary>How the model is pruned while it trains, such as a <see cref="NeuronPruning"/>; null for not at all.</summary>
    public ITrainingPruning? Pruning { get; set; }

    /// <summary>Watches what pruning costs the neurons that stay, for <see cref="TrainingHistory.Burden"/>; null for not at all.</summary>
    public BurdenMonitor? Burden { get; set; }

    /// <summary>
    /// The seed of the first weights and of the order of rows, 0 or more; null draws one from the MLContext, which repeats itself if that
    /// has a seed.
    /// </summary>
    public int? Seed { get; set; }

    /// <summary>Rows to measure loss and accuracy on after each epoch, with the same columns as the training set; null for none.</summary>
    public IDataView? ValidationSet { get; set; }

    /// <summary>Where to train and score: "cpu", "cuda" or "cuda:N"; null for what <c>MLContext.GpuDeviceId</c> says.</summary>
    public string? Device { get; set; }

    /// <summary>How many copies of the model train side by side on the CPU, a thread each; 0 for one a core.</summary>
    public int Replicas { get; set; }

    /// <summary>
    /// The maximum number of bytes of rows held in memory; more are streamed through a shuffle pool of that size. 0 takes half of the
    /// memory there is.
    /// </summary>
    public long MemoryLimit { get; set; }

    /// <summary>
    /// How the trained model computes layers of which at least half of the weights are inactive, as <see cref="WeightPruning"/> leaves
    /// them: by default whichever way is faster, by a rule of their shape and density. The model keeps it when it is saved.
    /// </summary>
    public SparseScoring SparseScoring { get; set; } = SparseScoring.Automatic;

    /// <summary>Told how the run goes, about ten times a second and at the end of each epoch.</summary>
    public IProgress<TrainingProgress>? Progress { get; set; }

    /// <summary>Stops the run at the next batch.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>
    /// Where and how often to save what a run needs to go on; null for never. The file is that of one run: with CrossValidate,
    /// whose folds are runs of their own, leave it null.
    /// </summary>
    public CheckpointOptions? Checkpoint { get; set; }

    /// <summary>A copy of options, checked, which later changes do not reach.</summary>
    internal static T Checked<T>(T options)
        where T : PrunedTrainerOptions
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = (T)options.MemberwiseClone();
        copy.Check();
        return copy;
    }

    /// <summary>Checks the options that the training loop does not, and copies lists.</summary>
    private protected virtual void Check() => OptionChecks.Known(SparseScoring, nameof(SparseScoring));

    /// <summary>What of it the training loop is told.</summary>
    internal TrainingOptions ToTrainingOptions(int seed) => new()
    {
        Epochs = Epochs,
        BatchSize = BatchSize,
        Optimizer = Optimizer,
        LearningRate = LearningRate,
        Schedule = LearningRateSchedule,
        WeightDecay = WeightDecay,
        GradientClipNorm = GradientClipNorm,
        Momentum = Momentum,
        Nesterov = Nesterov,
        Seed = seed,
        Device = Device ?? "cpu",
        Replicas = Replicas,
        MemoryLimit = MemoryLimit,
        Progress = Progress,
        Checkpoint = Checkpoint,
    };
}

/// <summary>The options that every trainer of classifiers has.</summary>
public abstract class PrunedClassifierOptions : PrunedTrainerOptions
{
    private protected PrunedClassifierOptions()
    {
    }

    /// <summary>The column to learn: a key, as <c>MapValueToKey</c> makes one. Rows in which it is missing are skipped.</summary>
    public string LabelColumnName { get; set; } = "Label";

    /// <summary>The column to learn from: a vector of Single of known size. Rows with a NaN or an infinity in it are skipped.</summary>
    public string FeatureColumnName { get; set; } = "Features";

    private protected override void Check()
    {
        base.Check();
        OptionChecks.Named(LabelColumnName, nameof(LabelColumnName));
        OptionChecks.Named(FeatureColumnName, nameof(FeatureColumnName));
    }
}
