using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning;

/// <summary>
/// Cuts images into patches and merges the most similar ones into their mean, in a single pass. Adds the tokens (a matrix of survivors by
/// values of a patch), their sizes, and the survivor of each patch. There is nothing to train.
/// </summary>
public sealed class TokenMergingEstimator : IEstimator<TokenMergingTransformer>
{
    readonly TokenColumns columns;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to cut and to merge.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public TokenMergingEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        string output = OptionChecks.Named(options.OutputColumnName, nameof(Options.OutputColumnName));
        OptionChecks.AtLeast(1, options.ImageHeight, nameof(Options.ImageHeight));
        OptionChecks.AtLeast(1, options.ImageWidth, nameof(Options.ImageWidth));
        OptionChecks.AtLeast(1, options.ImageChannels, nameof(Options.ImageChannels));
        OptionChecks.AtLeast(1, options.PatchSize, nameof(Options.PatchSize));
        string input = string.IsNullOrEmpty(options.InputColumnName) ? output : options.InputColumnName;
        var grid = new PatchGrid(options.ImageHeight, options.ImageWidth, options.ImageChannels, options.PatchSize, options.Pad);
        columns = new TokenColumns(output, input, grid, MergeAmount.Of(options.Merge, grid.Count));
        Loaders.Register(environment);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or of another size.</exception>
    public TokenMergingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        columns.Bind(input.Schema);
        return new TokenMergingTransformer(columns);
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ShapeColumns.FindFeatures(inputSchema, columns.Input);
        var names = MLNetInternals.Column("SlotNames", VectorKind.Vector, TextDataViewType.Instance);
        var sizes = TokenColumns.Shape.Select(name => MLNetInternals.Column(name, VectorKind.Scalar, NumberDataViewType.Int32));
        return ShapeColumns.Add(inputSchema,
            ShapeColumns.Numbers(columns.Output, annotations: [names, .. sizes]),
            ShapeColumns.Numbers(columns.Sizes, annotations: [names]),
            MLNetInternals.Column(columns.Sources, VectorKind.Vector, NumberDataViewType.Int32, annotations: new SchemaShape([names])));
    }

    /// <summary>Options of <see cref="TokenMergingEstimator"/>.</summary>
    public sealed class Options
    {
        /// <summary>The column of tokens to add; <c>Tokens.Sizes</c> and <c>Tokens.Sources</c> are named after it.</summary>
        public string OutputColumnName { get; set; } = "Tokens";

        /// <summary>The images: a vector of Single, one channel after the other, row by row; null for the output's name.</summary>
        public string? InputColumnName { get; set; }

        /// <summary>The image's height in pixels; at least 1.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color.</summary>
        public int ImageChannels { get; set; } = 1;

        /// <summary>Height and width of a patch in pixels; at least 1.</summary>
        public int PatchSize { get; set; } = 4;

        /// <summary>
        /// Whether to pad an image with zeros at its right and bottom if the patches do not divide it; otherwise it is refused.
        /// </summary>
        public bool Pad { get; set; }

        /// <summary>How many patches merge away: a fraction from 0 to 0.5, rounded down, or a number, at most half.</summary>
        public double Merge { get; set; } = 0.5;
    }
}
