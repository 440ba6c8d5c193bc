using MLNet.Pruning.Scoring;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// Trains a convolutional network for images: blocks of convolution, activation and pooling, then fully connected layers. As a multiclass
/// classifier it adds <c>Score</c>, the probability of each class, and <c>PredictedLabel</c>, a key with the label's own
/// values. A row with a NaN among its features predicts the missing key.
/// </summary>
public sealed class PrunedConvNetTrainer : IEstimator<PrunedModelTransformer>
{
    readonly Options options;
    readonly TrainerCore core;
    readonly LearningTask task;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedConvNetTrainer(IHostEnvironment environment, Options options)
        : this(environment, options, LearningTask.Multiclass)
    {
    }

    internal PrunedConvNetTrainer(IHostEnvironment environment, Options options, LearningTask task)
    {
        this.task = task;
        this.options = PrunedTrainerOptions.Checked(options);
        core = new TrainerCore(environment, nameof(PrunedConvNetTrainer), this.options, task);
    }

    /// <inheritdoc/>
    public PrunedModelTransformer Fit(IDataView input) => FitFrom(input, null);

    /// <summary>
    /// Continues training with a model that was trained before: with its weights and the shape that pruning has left it. Weights that are
    /// inactive in it stay so, unless <see cref="WeightPruning"/> brings them back or leaves out their layer.
    /// Of the options, those of the shape do not count.
    /// </summary>
    /// <param name="input">The training set. Its label is of the same type and, for a key, has the same values as that of the
    /// previous model.</param>
    /// <param name="previousModel">
    /// The trained model, or a pipeline with it, as <c>mlContext.Model.Load</c> gives it. It is unchanged.
    /// </param>
    /// <exception cref="ArgumentException">The model is of another kind, has other classes, or was trained on other features.</exception>
    public PrunedModelTransformer Fit(IDataView input, ITransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(previousModel);
        return FitFrom(input, previousModel);
    }

    PrunedModelTransformer FitFrom(IDataView input, ITransformer? previous) =>
        core.Fit<ConvNetBlueprint>(input, previous, options, task, (features, outputs, was) => was is not null
            ? was with { Dropout = options.Dropout }
            : TrainerCore.Checked(new ConvNetBlueprint(
                options.Image.Of(features),
                options.Channels,
                options.HiddenSizes,
                outputs,
                options.Activation,
                options.BatchNorm,
                options.Dropout)));

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        TrainerCore.Shape(inputSchema, options, task);

    /// <summary>
    /// Options of <see cref="PrunedConvNetTrainer"/>. The feature column holds one channel of the image after the other, each row by row,
    /// as ML.NET's <c>ExtractPixels</c> gives them.
    /// </summary>
    public sealed class Options : PrunedModelOptions
    {
        /// <summary>The image's height in pixels; at least 1, or 0 for what fits the column: a square where the width is 0 too.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1, or 0 for what fits the column.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color; 0 to take them from the column's type, or 1.</summary>
        public int ImageChannels { get; set; }

        /// <summary>Channels of each convolution block, each at least 1. A block halves height and width, rounding down.</summary>
        public IReadOnlyList<int> Channels { get; set; } = [16, 32];

        /// <summary>Neurons of each fully connected layer between the blocks and the classes, each at least 1; [] for none.</summary>
        public IReadOnlyList<int> HiddenSizes { get; set; } = [256, 128];

        /// <summary>The activation after convolutions and hidden layers.</summary>
        public Activation Activation { get; set; } = Activation.Relu;

        /// <summary>Whether each convolution has a batch norm before its activation.</summary>
        public bool BatchNorm { get; set; }

        /// <summary>The fraction of each hidden layer that is dropped out in training; in [0, 1).</summary>
        public double Dropout { get; set; }

        internal ImageOptions Image => new(ImageHeight, ImageWidth, ImageChannels);

        private protected override void Check()
        {
            base.Check();
            Image.Validate();
            Channels = OptionChecks.Sizes(Channels, nameof(Channels), 1);
            HiddenSizes = OptionChecks.Sizes(HiddenSizes, nameof(HiddenSizes), 0);
            OptionChecks.Known(Activation, nameof(Activation));
            OptionChecks.Require(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "at least 0 and below 1");
        }
    }
}
