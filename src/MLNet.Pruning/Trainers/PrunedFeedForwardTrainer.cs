using MLNet.Pruning.Scoring;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// Trains a fully connected network. As a multiclass classifier it adds <c>Score</c>, the probability of each class, and
/// <c>PredictedLabel</c>, a key with the label's own values. A row with a NaN among its features predicts the missing key, which
/// <c>MapKeyToValue</c> turns into the default value of the label's type (0 or NaN for numbers, empty text), as is ML.NET's convention.
/// The trainers of binary classifiers and regressors come from <c>mlContext.BinaryClassification</c> and <c>mlContext.Regression</c>.
/// </summary>
public sealed class PrunedFeedForwardTrainer : IEstimator<PrunedModelTransformer>
{
    readonly Options options;
    readonly TrainerCore core;
    readonly LearningTask task;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedFeedForwardTrainer(IHostEnvironment environment, Options options)
        : this(environment, options, LearningTask.Multiclass)
    {
    }

    internal PrunedFeedForwardTrainer(IHostEnvironment environment, Options options, LearningTask task)
    {
        this.task = task;
        this.options = PrunedTrainerOptions.Checked(options);
        core = new TrainerCore(environment, nameof(PrunedFeedForwardTrainer), this.options, task);
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
        core.Fit<FeedForwardBlueprint>(input, previous, options, task, (features, outputs, was) =>
            was ?? new([features.Size, .. options.HiddenSizes, outputs], options.Activation));

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        TrainerCore.Shape(inputSchema, options, task);

    /// <summary>Options of <see cref="PrunedFeedForwardTrainer"/>.</summary>
    public sealed class Options : PrunedModelOptions
    {
        /// <summary>Neurons of each hidden layer, from inputs to outputs; each at least 1.</summary>
        public IReadOnlyList<int> HiddenSizes { get; set; } = [50, 30];

        /// <summary>The activation between the layers.</summary>
        public Activation Activation { get; set; } = Activation.Relu;

        private protected override void Check()
        {
            base.Check();
            HiddenSizes = OptionChecks.Sizes(HiddenSizes, nameof(HiddenSizes), 0);
            OptionChecks.Known(Activation, nameof(Activation));
        }
    }
}
