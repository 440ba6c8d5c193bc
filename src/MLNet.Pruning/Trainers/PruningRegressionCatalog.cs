using System.Runtime.CompilerServices;
using MLNet.Pruning;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Trainers;
using static TorchSharp.torch;

namespace Microsoft.ML;

/// <summary>Trainers for <see cref="RegressionCatalog.Trainers"/>. Their models add <c>Score</c>, the number that they predict.</summary>
public static class PruningRegressionCatalog
{
    /// <param name="catalog">The catalog of <see cref="RegressionCatalog.Trainers"/>.</param>
    extension(RegressionCatalog.RegressionTrainers catalog)
    {
        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="labelColumnName">The column to learn: a Single.</param>
        /// <param name="featureColumnName">The column to learn from: a vector of Single of known size.</param>
        /// <param name="hiddenSizes">Neurons of each hidden layer, each at least 1; null for 50 and 30.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of Adam; above 0.</param>
        /// <param name="exampleWeightColumnName">A column of Single with the weight of each row; null if all count alike.</param>
        /// <param name="loss">How far a prediction is from its label, in standard deviations of the labels.</param>
        public PrunedFeedForwardTrainer PrunedFeedForward(
            string labelColumnName = "Label",
            string featureColumnName = "Features",
            IReadOnlyList<int>? hiddenSizes = null,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001,
            string? exampleWeightColumnName = null,
            RegressionLoss loss = RegressionLoss.Squared) =>
            catalog.PrunedFeedForward(PruningTrainerCatalog.FeedForward(
                labelColumnName, featureColumnName, hiddenSizes, epochs, batchSize, learningRate, exampleWeightColumnName), loss);

        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="options">What to train, and how.</param>
        /// <param name="loss">How far a prediction is from its label, in standard deviations of the labels.</param>
        [OverloadResolutionPriority(1)] // for new() { ... }
        public PrunedFeedForwardTrainer PrunedFeedForward(
            PrunedFeedForwardTrainer.Options options, RegressionLoss loss = RegressionLoss.Squared) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Regression(loss));

        /// <summary>Makes a trainer of convolutional networks.</summary>
        /// <param name="options">What to train, and how.</param>
        /// <param name="loss">How far a prediction is from its label, in standard deviations of the labels.</param>
        public PrunedConvNetTrainer PrunedConvNet(PrunedConvNetTrainer.Options options, RegressionLoss loss = RegressionLoss.Squared) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Regression(loss));

        /// <summary>Makes a trainer of vision transformers.</summary>
        /// <param name="options">What to train, and how.</param>
        /// <param name="loss">How far a prediction is from its label, in standard deviations of the labels.</param>
        public PrunedVitTrainer PrunedVit(PrunedVitTrainer.Options options, RegressionLoss loss = RegressionLoss.Squared) =>
            new(MLNetInternals.EnvironmentOf(catalog), options, LearningTask.Regression(loss));

        /// <summary>Makes a trainer of a TorchSharp module of your own.</summary>
        /// <param name="build">Builds the module, a new one of the same structure with every call; it gives the number to predict:
        /// [rows, 1].</param>
        /// <param name="options">How to train it.</param>
        /// <param name="loss">How far a prediction is from its label, in standard deviations of the labels if the network ends
        /// with a linear layer; if not, in units of the labels.</param>
        public PrunedModuleTrainer PrunedModule(
            Func<nn.Module<Tensor, Tensor>> build, PrunedModuleTrainer.Options options, RegressionLoss loss = RegressionLoss.Squared) =>
            new(MLNetInternals.EnvironmentOf(catalog), build, options, LearningTask.Regression(loss));
    }
}
