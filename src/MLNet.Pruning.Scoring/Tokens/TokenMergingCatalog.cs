using MLNet.Pruning;
using MLNet.Pruning.Persistence;

namespace Microsoft.ML;

/// <summary>Merging of tokens for <see cref="TransformsCatalog"/>.</summary>
public static class TokenMergingCatalog
{
    /// <param name="catalog">The catalog, <c>mlContext.Transforms</c>.</param>
    extension(TransformsCatalog catalog)
    {
        /// <summary>
        /// Makes an estimator that cuts images into patches and merges the most similar ones, in a single pass. Adds the column of tokens
        /// (a vector of Single, survivors x values of a patch), <c>Sizes</c> (how many patches each stands for) and <c>Sources</c> (the
        /// survivor that each patch went to), called after it.
        /// </summary>
        /// <param name="outputColumnName">The column of tokens to add.</param>
        /// <param name="inputColumnName">The images: a vector of Single, one channel after the other. Null for the output's name.</param>
        /// <param name="imageHeight">The image's height in pixels; at least 1.</param>
        /// <param name="imageWidth">The image's width in pixels; at least 1.</param>
        /// <param name="channels">1 for grey, 3 for color.</param>
        /// <param name="patchSize">Pixels of a patch each way; they divide the image.</param>
        /// <param name="merge">How many patches merge away: a fraction from 0 to 0.5, rounded down, or a number, at most half.</param>
        public TokenMergingEstimator MergeTokens(
            string outputColumnName,
            string? inputColumnName,
            int imageHeight,
            int imageWidth,
            int channels = 1,
            int patchSize = 4,
            double merge = 0.5) => catalog.MergeTokens(new TokenMergingEstimator.Options
            {
                OutputColumnName = outputColumnName,
                InputColumnName = inputColumnName,
                ImageHeight = imageHeight,
                ImageWidth = imageWidth,
                ImageChannels = channels,
                PatchSize = patchSize,
                Merge = merge,
            });

        /// <summary>Makes an estimator that cuts images into patches and merges the most similar ones, as the options say.</summary>
        /// <param name="options">What to cut and to merge.</param>
        public TokenMergingEstimator MergeTokens(TokenMergingEstimator.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options);
    }
}
