using MLNet.Pruning;
using MLNet.Pruning.Persistence;

namespace Microsoft.ML;

/// <summary>Token merging for <see cref="TransformsCatalog"/>.</summary>
public static class TokenMergingCatalog
{
    /// <param name="catalog">The catalog, <c>mlContext.Transforms</c>.</param>
    extension(TransformsCatalog catalog)
    {
        /// <summary>
        /// Makes an estimator that cuts images into patches and merges the most similar ones in a single pass. Adds a column of tokens (a
        /// vector of Single, survivors x values of a patch), and two columns named after it: <c>Sizes</c> (how many patches each token
        /// stands for) and <c>Sources</c> (the survivor of each patch).
        /// </summary>
        /// <param name="outputColumnName">The column of tokens to add.</param>
        /// <param name="inputColumnName">The images: a vector of Single, one channel after the other; null for the output's name.</param>
        /// <param name="imageHeight">The image's height in pixels, or 0 for what fits the column.</param>
        /// <param name="imageWidth">The image's width in pixels, or 0 for what fits the column.</param>
        /// <param name="channels">1 for grey, 3 for color; 0 for what the column's type says, or 1.</param>
        /// <param name="patchSize">Height and width of a patch in pixels; a divisor of the image's.</param>
        /// <param name="merge">How many patches merge away: a fraction from 0 to 0.5, rounded down, or a number, at most half.</param>
        public TokenMergingEstimator MergeTokens(
            string outputColumnName,
            string? inputColumnName = null,
            int imageHeight = 0,
            int imageWidth = 0,
            int channels = 0,
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

        /// <summary>Makes an estimator that cuts images into patches and merges the most similar ones.</summary>
        /// <param name="options">What to cut and to merge.</param>
        public TokenMergingEstimator MergeTokens(TokenMergingEstimator.Options options) =>
            new(MLNetInternals.EnvironmentOf(catalog), options);
    }
}
