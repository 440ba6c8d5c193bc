using MLNet.Pruning;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Trainers;
using static TorchSharp.torch;

namespace Microsoft.ML;

/// <summary>Trainers for <see cref="BinaryClassificationCatalog.Trainers"/>. Their models add <c>PredictedLabel</c>, <c>Score</c>
/// (the logit) and <c>Probability</c>.</summary>
public static class PruningBinaryCatalog
{
    /// <param name="catalog">The catalog of <see cref="BinaryClassificationCatalog.Trainers"/>.</param>
    extension(BinaryClassificationCatalog.BinaryClassificationTrainers catalog)
    {
        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="labelColumnName">The column to learn: a Boolean.</param>
        /// <param name="featureColumnName">The column to learn from: a vector of Single of known size.</param>
        /// <param name="hiddenSizes">Neurons of each hidden layer, each at least 1; null for 50 and 30.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of Adam; above 0.</param>
        /// <param name="exampleWeightColumnName">A column of Single with the weight of each row; null if all count alike.</param>
        public PrunedFeedForwardTrainer PrunedFeedForward(
            string labelColumnName = "Label",
            string featureColumnName = "Features",
            IReadOnlyList<int>? hiddenSizes = null,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001,
            string? exampleWeightColumnName = null) =>
            catalog.PrunedFeedForward(PruningTrainerCatalog.FeedForward(
                labelColumnName, featureColumnName, hiddenSizes, epochs, batchSize, learningRate, exampleWeightColumnName));

        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedFeedForwardTrainer PrunedFeedForward(PrunedFeedForwardTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Binary);

        /// <summary>Makes a trainer of convolutional networks.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedConvNetTrainer PrunedConvNet(PrunedConvNetTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Binary);

        /// <summary>Makes a trainer of vision transformers.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedVitTrainer PrunedVit(PrunedVitTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Binary);

        /// <summary>Makes a trainer of a TorchSharp module of your own.</summary>
        /// <param name="build">Builds the module, a new one of the same structure with every call; it gives a logit:
        /// [rows, 1].</param>
        /// <param name="options">How to train it.</param>
        public PrunedModuleTrainer PrunedModule(
            Func<nn.Module<Tensor, Tensor>> build, PrunedModuleTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), build, options, LearningTask.Binary);
    }
}
