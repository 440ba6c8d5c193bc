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
    readonly Options options;
    readonly ImageOptions image;
    readonly string output, input;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to cut and to merge.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public TokenMergingEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        output = OptionChecks.Named(options.OutputColumnName, nameof(Options.OutputColumnName));
        image = new ImageOptions(options.ImageHeight, options.ImageWidth, options.ImageChannels);
        image.Validate();
        OptionChecks.AtLeast(1, options.PatchSize, nameof(Options.PatchSize));
        input = string.IsNullOrEmpty(options.InputColumnName) ? output : options.InputColumnName;
        this.options = new()
        {
            PatchSize = options.PatchSize,
            Pad = options.Pad,
            Merge = options.Merge,
        };
        if (image is { Height: > 0, Width: > 0 })
            Columns(Math.Max(1, image.Channels), image.Height, image.Width); // wrong options are told now, not when data is there
        Loaders.Register(environment);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or of another size.</exception>
    public TokenMergingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var size = image.Of(FeatureColumns.Find(input.Schema, this.input));
        var columns = Columns((int)size[0], (int)size[1], (int)size[2]);
        columns.Bind(input.Schema);
        return new TokenMergingTransformer(columns);
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ShapeColumns.FindFeatures(inputSchema, input);
        var names = MLNetInternals.Column("SlotNames", VectorKind.Vector, TextDataViewType.Instance);
        var sizes = TokenColumns.Shape.Select(name => MLNetInternals.Column(name, VectorKind.Scalar, NumberDataViewType.Int32));
        return ShapeColumns.Add(inputSchema,
            ShapeColumns.Numbers(output, annotations: [names, .. sizes]),
            ShapeColumns.Numbers(TokenColumns.SizesOf(output), annotations: [names]),
            MLNetInternals.Column(
                TokenColumns.SourcesOf(output), VectorKind.Vector, NumberDataViewType.Int32, annotations: new SchemaShape([names])));
    }

    TokenColumns Columns(int channels, int height, int width)
    {
        var grid = new PatchGrid(height, width, channels, options.PatchSize, options.Pad);
        return new TokenColumns(output, input, grid, MergeAmount.Of(options.Merge, grid.Count));
    }

    /// <summary>Options of <see cref="TokenMergingEstimator"/>.</summary>
    public sealed class Options
    {
        /// <summary>The column of tokens to add; <c>Tokens.Sizes</c> and <c>Tokens.Sources</c> are named after it.</summary>
        public string OutputColumnName { get; set; } = "Tokens";

        /// <summary>
        /// The images: a vector of Single, one channel after the other, row by row, as ML.NET's <c>ExtractPixels</c> gives them; null for
        /// the output's name.
        /// </summary>
        public string? InputColumnName { get; set; }

        /// <summary>The image's height in pixels; at least 1, or 0 for what fits the column: a square where the width is 0 too.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1, or 0 for what fits the column.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color; 0 to take them from the column's type, or 1.</summary>
        public int ImageChannels { get; set; }

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
