using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// Trains a fully connected network to tell the values of a key column apart. Its outputs are <c>Score</c>, the probability
/// of each class, and <c>PredictedLabel</c>, a key with the label's own values.
/// A row with a NaN among its features predicts the missing key, which <c>MapKeyToValue</c> turns into the default value of the
/// label's type (0 or NaN for numbers, empty text), as is ML.NET's convention.
/// </summary>
public sealed class PrunedFeedForwardTrainer : IEstimator<PrunedModelTransformer>
{
    readonly ClassifierTraining training;
    readonly IReadOnlyList<int> hiddenSizes;
    readonly Activation activation;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedFeedForwardTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        hiddenSizes = options.HiddenSizes is null
            ? throw new ArgumentException($"{nameof(Options.HiddenSizes)} is null; wanted the sizes of the hidden layers, or [] for none.", nameof(options))
            : [.. options.HiddenSizes];
        foreach (int size in hiddenSizes)
        {
            if (size < 1)
                throw new ArgumentException($"{nameof(Options.HiddenSizes)} has a layer of {size} neurons; wanted at least 1.", nameof(options));
        }
        activation = Enum.IsDefined(options.Activation)
            ? options.Activation
            : throw new ArgumentException($"{nameof(Options.Activation)} is {options.Activation}; wanted one of {string.Join(", ", Enum.GetNames<Activation>())}.", nameof(options));
        training = new ClassifierTraining(environment, nameof(PrunedFeedForwardTrainer), options);
    }

    /// <inheritdoc/>
    public PrunedModelTransformer Fit(IDataView input) =>
        training.Fit(input, (features, classes) => new FeedForwardBlueprint([features.Size, .. hiddenSizes, classes], activation));

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => training.Columns.OutputShape(inputSchema);

    /// <summary>What <see cref="PrunedFeedForwardTrainer"/> trains, and how.</summary>
    public sealed class Options : PrunedClassifierOptions
    {
        /// <summary>Neurons of each hidden layer, from the inputs on; each at least 1.</summary>
        public IReadOnlyList<int> HiddenSizes { get; set; } = [50, 30];

        /// <summary>What stands between the layers.</summary>
        public Activation Activation { get; set; } = Activation.Relu;
    }
}
