using MLNet.Pruning;
using MLNet.Pruning.Persistence;

namespace Microsoft.ML;

/// <summary>Estimators for <see cref="TransformsCatalog"/>.</summary>
public static class PruningTransformsCatalog
{
    /// <param name="catalog">The catalog, <c>mlContext.Transforms</c>.</param>
    extension(TransformsCatalog catalog)
    {
        /// <summary>
        /// Makes an estimator that trains a variational autoencoder on images, without labels, and adds the columns <c>Latent</c>,
        /// <c>Reconstruction</c> and <c>Loss</c>.
        /// </summary>
        /// <param name="inputColumnName">The images: a vector of Single with values from 0 to 1, one channel after the other.</param>
        /// <param name="imageHeight">The image's height in pixels, or 0 for what fits the column.</param>
        /// <param name="imageWidth">The image's width in pixels, or 0 for what fits the column.</param>
        /// <param name="imageChannels">1 for grey, 3 for color; 0 for what the column's type says, or 1.</param>
        /// <param name="latentSize">The number of latents of an image; at least 1.</param>
        /// <param name="epochs">Passes over the training data; at least 1.</param>
        /// <param name="batchSize">Rows in a batch; at least 1.</param>
        /// <param name="learningRate">The learning rate of Adam; above 0.</param>
        public PrunedVaeEstimator PrunedVae(
            string inputColumnName = "Features",
            int imageHeight = 0,
            int imageWidth = 0,
            int imageChannels = 0,
            int latentSize = 32,
            int epochs = 10,
            int batchSize = 128,
            double learningRate = 0.001) => catalog.PrunedVae(new PrunedVaeEstimator.Options
            {
                InputColumnName = inputColumnName,
                ImageHeight = imageHeight,
                ImageWidth = imageWidth,
                ImageChannels = imageChannels,
                LatentSize = latentSize,
                Epochs = epochs,
                BatchSize = batchSize,
                LearningRate = learningRate,
            });

        /// <summary>
        /// Makes an estimator that trains a variational autoencoder on images and adds the columns named in the options.
        /// </summary>
        /// <param name="options">What to train, and how.</param>
        public PrunedVaeEstimator PrunedVae(PrunedVaeEstimator.Options options) => new(MLNetInternals.EnvironmentOf(catalog), options);
    }
}
