using MLNet.Pruning.Scoring;
using Microsoft.ML;

namespace MLNet.Pruning;

/// <summary>Options of all trainers of MLNet.Pruning. They are checked when the trainer is made.</summary>
public abstract class PrunedTrainerOptions
{
    private protected PrunedTrainerOptions()
    {
    }

    /// <summary>Passes over the training data; at least 1.</summary>
    public int Epochs { get; set; } = 10;

    /// <summary>Rows in a batch; at least 1.</summary>
    public int BatchSize { get; set; } = 128;

    /// <summary>
    /// Batches whose gradients are averaged for each step of the optimizer, as if they were one larger batch; at least 1.
    /// </summary>
    public int AccumulateBatches { get; set; } = 1;

    /// <summary>
    /// A column of Single with the weight of each row: how much it counts in losses and accuracies. Null if all rows count alike. As in
    /// ML.NET's trainers, rows whose weight is not above 0 and finite are skipped.
    /// </summary>
    public string? ExampleWeightColumnName { get; set; }

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; set; } = OptimizerKind.Adam;

    /// <summary>The initial learning rate; above 0.</summary>
    public double LearningRate { get; set; } = 0.001;

    /// <summary>How the learning rate changes over the run; null for a constant rate.</summary>
    public LearningRateSchedule? LearningRateSchedule { get; set; }

    /// <summary>Weight decay; at least 0.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Momentum in [0, 1), for the optimizers that have one.</summary>
    public double Momentum { get; set; }

    /// <summary>Whether SGD uses Nesterov momentum; needs a momentum above 0.</summary>
    public bool Nesterov { get; set; }

    /// <summary>The maximum joint norm of all gradients; larger ones are scaled down. Above 0; null for no bound.</summary>
    public double? GradientClipNorm { get; set; }

    /// <summary>
    /// Weights that training starts from, from a file of PyTorch or in safetensors; null for random ones. The last layer is random if the
    /// file is of other classes. A <c>Fit</c> with a previous model starts from that model instead.
    /// </summary>
    public PretrainedWeights? Pretrained { get; set; }

    /// <summary>
    /// Random changes of training images, for trainers whose features are the pixels of images; null for none. The validation set stays as
    /// it is.
    /// </summary>
    public Augmentation? Augmentation { get; set; }

    /// <summary>How the model is pruned while it trains, such as <see cref="NeuronPruning"/>; null for no pruning.</summary>
    public ITrainingPruning? Pruning { get; set; }

    /// <summary>
    /// Measures the burden of pruning on the remaining neurons, for <see cref="TrainingHistory.Burden"/>; null to measure nothing.
    /// </summary>
    public BurdenMonitor? Burden { get; set; }

    /// <summary>
    /// Makes extensions of a run, which the training loop calls at fixed points after pruning's own; null for none. Called once for every
    /// run, so that each fold of CrossValidate has hooks of its own: <c>Hooks = () => [new MyHook()]</c>.
    /// </summary>
    public Func<IEnumerable<ITrainingHook>>? Hooks { get; set; }

    /// <summary>When to end the run before its last epoch; null for never.</summary>
    public EarlyStopping? EarlyStopping { get; set; }

    /// <summary>
    /// Gives the model of the epoch that was best by this metric, of those at whose end pruning was over; null for the last epoch's.
    /// </summary>
    public TrainingMetric? RestoreBest { get; set; }

    /// <summary>
    /// The seed of the initial weights and of the order of rows; at least 0. Null draws a seed from the MLContext, so that runs repeat if
    /// the context has a seed.
    /// </summary>
    public int? Seed { get; set; }

    /// <summary>
    /// Rows on which loss and accuracy are measured after each epoch, with the same columns as the training set; null for none.
    /// </summary>
    public IDataView? ValidationSet { get; set; }

    /// <summary>Where to train and score: "cpu", "cuda" or "cuda:N"; null for what <c>MLContext.GpuDeviceId</c> says.</summary>
    public string? Device { get; set; }

    /// <summary>
    /// What computes the gradients: by default a plan where there is one for the network, which is faster than LibTorch and gives the same
    /// within rounding. The history says which was used.
    /// </summary>
    public TrainingCompute Compute { get; set; }

    /// <summary>Copies of the model that train in parallel on the CPU, one thread each; 0 for one per core.</summary>
    public int Replicas { get; set; }

    /// <summary>
    /// The maximum number of bytes of rows held in memory. More rows are streamed through a shuffle pool of that size. 0 for half of the
    /// available memory.
    /// </summary>
    public long MemoryLimit { get; set; }

    /// <summary>
    /// How the trained model computes layers with at least half of their weights inactive, as <see cref="WeightPruning"/> leaves them: by
    /// default whichever way is faster, by a rule on shape and density. The setting is saved with the model.
    /// </summary>
    public SparseScoring SparseScoring { get; set; } = SparseScoring.Automatic;

    /// <summary>Receives the progress about ten times a second and at the end of each epoch.</summary>
    public IProgress<TrainingProgress>? Progress { get; set; }

    /// <summary>
    /// Stops the run at the next batch. <c>Fit</c> then returns the model as it is after the last whole step, and its history says
    /// <see cref="TrainingHistory.IsCanceled"/>. Before the first step there is no model, and <c>Fit</c> throws an
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>
    /// Where and how often to save checkpoints; null for never. With CrossValidate, set <see cref="CheckpointOptions.PerDataSet"/>, as each
    /// fold is a run on other rows. <c>mlContext.Model.LoadCheckpoint</c> makes a model of a checkpoint.
    /// </summary>
    public CheckpointOptions? Checkpoint { get; set; }

    /// <summary>A checked copy of the options; later changes do not affect it.</summary>
    internal static T Checked<T>(T options)
        where T : PrunedTrainerOptions
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = (T)options.MemberwiseClone();
        copy.Check();
        return copy;
    }

    /// <summary>Checks the options that the training loop does not check, and copies lists.</summary>
    private protected virtual void Check()
    {
        OptionChecks.Known(SparseScoring, nameof(SparseScoring));
        Pretrained?.Validate();
        OptionChecks.Require(
            ExampleWeightColumnName is not "", nameof(ExampleWeightColumnName), "empty", "the name of a column, or null for none");
    }

    internal TrainingOptions ToTrainingOptions(int seed) => new()
    {
        Epochs = Epochs,
        BatchSize = BatchSize,
        AccumulateBatches = AccumulateBatches,
        Augmentation = Augmentation,
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
        Compute = Compute,
        MemoryLimit = MemoryLimit,
        EarlyStopping = EarlyStopping,
        RestoreBest = RestoreBest,
        Progress = Progress,
        Checkpoint = Checkpoint,
    };
}

/// <summary>Options of all trainers that learn a label: of classifiers and regressors.</summary>
public abstract class PrunedModelOptions : PrunedTrainerOptions
{
    private protected PrunedModelOptions()
    {
    }

    /// <summary>
    /// The column to learn: a key for multiclass classification, as <c>MapValueToKey</c> makes one, a Boolean for binary classification, a
    /// Single for regression. Rows in which it is missing are skipped.
    /// </summary>
    public string LabelColumnName { get; set; } = "Label";

    /// <summary>The column to learn from: a vector of Single of known size. Rows with a NaN or an infinity in it are skipped.</summary>
    public string FeatureColumnName { get; set; } = "Features";

    /// <summary>The share of each label that is spread over all classes in the loss; at least 0, below 1.</summary>
    public double LabelSmoothing { get; set; }

    /// <summary>A trained model whose answers are learnt beside the labels; null to learn from the labels alone.</summary>
    public Distillation? Distillation { get; set; }

    private protected override void Check()
    {
        base.Check();
        OptionChecks.Require(LabelSmoothing is >= 0 and < 1, nameof(LabelSmoothing), LabelSmoothing, "at least 0 and below 1");
        Distillation?.Validate();
        OptionChecks.Named(LabelColumnName, nameof(LabelColumnName));
        OptionChecks.Named(FeatureColumnName, nameof(FeatureColumnName));
    }
}
