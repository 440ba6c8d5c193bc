using MLNet.Pruning.Scoring;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// Trains a fully connected network that classifies rows into the values of a key column. Adds <c>Score</c>, the probability of each
/// class, and <c>PredictedLabel</c>, a key with the label's own values. A row with a NaN among its features predicts the missing key,
/// which <c>MapKeyToValue</c> turns into the default value of the
/// label's type (0 or NaN for numbers, empty text), as is ML.NET's convention.
/// </summary>
public sealed class PrunedFeedForwardTrainer : IEstimator<PrunedModelTransformer>
{
    readonly Options options;
    readonly TrainerCore core;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedFeedForwardTrainer(IHostEnvironment environment, Options options) =>
        core = new TrainerCore(environment, nameof(PrunedFeedForwardTrainer), this.options = PrunedTrainerOptions.Checked(options));

    /// <inheritdoc/>
    public PrunedModelTransformer Fit(IDataView input) => core.Fit(input, options, (features, classes) =>
        new FeedForwardBlueprint([features.Size, .. options.HiddenSizes, classes], options.Activation));

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        ScoreColumns.Shape(inputSchema, options.LabelColumnName, options.FeatureColumnName);

    /// <summary>Options of <see cref="PrunedFeedForwardTrainer"/>.</summary>
    public sealed class Options : PrunedClassifierOptions
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
