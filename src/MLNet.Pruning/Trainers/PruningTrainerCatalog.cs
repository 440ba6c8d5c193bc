using MLNet.Pruning;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML;

/// <summary>Trainers for <see cref="MulticlassClassificationCatalog.Trainers"/>.</summary>
public static class PruningTrainerCatalog
{
    /// <param name="catalog">The catalog of <see cref="MulticlassClassificationCatalog.Trainers"/>.</param>
    extension(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog)
    {
        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="labelColumnName">The column to learn: a key, as <c>MapValueToKey</c> makes one.</param>
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
            catalog.PrunedFeedForward(FeedForward(
                labelColumnName, featureColumnName, hiddenSizes, epochs, batchSize, learningRate, exampleWeightColumnName));

        /// <summary>Makes a trainer of fully connected networks.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedFeedForwardTrainer PrunedFeedForward(PrunedFeedForwardTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options);

        /// <summary>Makes a trainer of convolutional networks.</summary>
        /// <param name="labelColumnName">The column to learn: a key, as <c>MapValueToKey</c> makes one.</param>
        /// <param name="featureColumnName">The column to learn from: a vector of Single, one channel of the image after the other.</param>
        /// <param name="imageHeight">The image's height in pixels, or 0 for what fits the column.</param>
        /// <param name="imageWidth">The image's width in pixels, or 0 for what fits the column.</param>
        /// <param name="imageChannels">1 for grey, 3 for color; 0 for what the column's type says, or 1.</param>
        /// <param name="channels">Channels of each convolution block, each at least 1; null for 16 and 32.</param>
        /// <param name="hiddenSizes">Neurons of each layer after the blocks, each at least 1; null for 256 and 128.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of Adam; above 0.</param>
        public PrunedConvNetTrainer PrunedConvNet(
            string labelColumnName = "Label",
            string featureColumnName = "Features",
            int imageHeight = 0,
            int imageWidth = 0,
            int imageChannels = 0,
            IReadOnlyList<int>? channels = null,
            IReadOnlyList<int>? hiddenSizes = null,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001)
        {
            var options = new PrunedConvNetTrainer.Options
            {
                LabelColumnName = labelColumnName,
                FeatureColumnName = featureColumnName,
                ImageHeight = imageHeight,
                ImageWidth = imageWidth,
                ImageChannels = imageChannels,
                Epochs = epochs,
                BatchSize = batchSize,
                LearningRate = learningRate,
            };
            options.Channels = channels ?? options.Channels;
            options.HiddenSizes = hiddenSizes ?? options.HiddenSizes;
            return catalog.PrunedConvNet(options);
        }

        /// <summary>Makes a trainer of convolutional networks.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedConvNetTrainer PrunedConvNet(PrunedConvNetTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options);

        /// <summary>Makes a trainer of vision transformers.</summary>
        /// <param name="labelColumnName">The column to learn: a key, as <c>MapValueToKey</c> makes one.</param>
        /// <param name="featureColumnName">What to learn from: tokens of <c>MergeTokens</c>, or images, channel by channel.</param>
        /// <param name="patchSize">Height and width of a patch in pixels; 0 to take it from the tokens, or 4 for images.</param>
        /// <param name="merge">How many patches merge before the first block, a fraction or a number; 0 for tokens.</param>
        /// <param name="dim">Values per token; a multiple of <paramref name="heads"/>.</param>
        /// <param name="depth">The number of blocks; at least 1.</param>
        /// <param name="heads">Attention heads per block; at least 1.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of AdamW; above 0.</param>
        public PrunedVitTrainer PrunedVit(
            string labelColumnName = "Label",
            string featureColumnName = "Tokens",
            int patchSize = 0,
            double merge = 0,
            int dim = 64,
            int depth = 4,
            int heads = 4,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001) => catalog.PrunedVit(new PrunedVitTrainer.Options
            {
                LabelColumnName = labelColumnName,
                FeatureColumnName = featureColumnName,
                PatchSize = patchSize,
                Merge = merge,
                Dim = dim,
                Depth = depth,
                Heads = heads,
                Epochs = epochs,
                BatchSize = batchSize,
                LearningRate = learningRate,
            });

        /// <summary>Makes a trainer of vision transformers.</summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedVitTrainer PrunedVit(PrunedVitTrainer.Options options) => new(MLNetInternals.EnvironmentOf(catalog), options);

        /// <summary>Makes a trainer of a TorchSharp module of your own.</summary>
        /// <param name="build">Builds the module, a new one of the same structure with every call; it gives a logit for each
        /// class.</param>
        /// <param name="labelColumnName">The column to learn: a key, as <c>MapValueToKey</c> makes one.</param>
        /// <param name="featureColumnName">The column to learn from: a vector of Single of known size.</param>
        /// <param name="inputShape">The shape of one input of the module, such as [3, 32, 32]; null for the flat feature column.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of Adam; above 0.</param>
        public PrunedModuleTrainer PrunedModule(
            Func<nn.Module<Tensor, Tensor>> build,
            string labelColumnName = "Label",
            string featureColumnName = "Features",
            IReadOnlyList<long>? inputShape = null,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001) => catalog.PrunedModule(build, new PrunedModuleTrainer.Options
            {
                LabelColumnName = labelColumnName,
                FeatureColumnName = featureColumnName,
                InputShape = inputShape,
                Epochs = epochs,
                BatchSize = batchSize,
                LearningRate = learningRate,
            });

        /// <summary>Makes a trainer of a TorchSharp module of your own.</summary>
        /// <param name="build">Builds the module, a new one of the same structure with every call; it gives a logit for each
        /// class.</param>
        /// <param name="options">How to train it.</param>
        public PrunedModuleTrainer PrunedModule(Func<nn.Module<Tensor, Tensor>> build, PrunedModuleTrainer.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), build, options);
    }

    internal static PrunedFeedForwardTrainer.Options FeedForward(string label, string features, IReadOnlyList<int>? hiddenSizes, int epochs,
        int batchSize, double learningRate, string? weight)
    {
        var options = new PrunedFeedForwardTrainer.Options
        {
            LabelColumnName = label,
            FeatureColumnName = features,
            ExampleWeightColumnName = weight,
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = learningRate,
        };
        options.HiddenSizes = hiddenSizes ?? options.HiddenSizes;
        return options;
    }
}
