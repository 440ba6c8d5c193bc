using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;

namespace MLNet.Pruning;

/// <summary>
/// Trains a vision transformer to tell the values of a key column apart, from images, or from the tokens that <c>MergeTokens</c> has made of
/// them. Its outputs are <c>Score</c>, the probability of each class, and <c>PredictedLabel</c>, a key with the label's own values. A row with a
/// NaN among its features predicts the missing key.
/// </summary>
public sealed class PrunedVitTrainer : IEstimator<PrunedModelTransformer>
{
    const int DefaultChannels = 1, DefaultPatchSize = 4;

    readonly ClassifierTraining training;
    readonly ImageOptions image;
    readonly int channels, patchSize, dim, depth, heads, hiddenSize;
    readonly double merge, dropout;
    readonly IReadOnlyList<double>? layerMerges;
    readonly Activation activation;
    readonly VitPooling pooling;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedVitTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        ImageOptions.Require(options.ImageChannels >= 0, nameof(Options.ImageChannels), options.ImageChannels, $"at least 1, or 0 for {DefaultChannels}");
        ImageOptions.Require(options.PatchSize >= 0, nameof(Options.PatchSize), options.PatchSize, $"at least 1, or 0 for {DefaultPatchSize}");
        image = new(options.ImageHeight, options.ImageWidth, options.ImageChannels > 0 ? options.ImageChannels : DefaultChannels);
        image.Validate();
        ImageOptions.Require(options.Dim >= 1, nameof(Options.Dim), options.Dim, "at least 1");
        ImageOptions.Require(options.Depth >= 1, nameof(Options.Depth), options.Depth, "at least 1");
        ImageOptions.Require(options.Heads >= 1, nameof(Options.Heads), options.Heads, "at least 1");
        ImageOptions.Require(options.Dim % options.Heads == 0, nameof(Options.Dim), options.Dim, $"a multiple of {nameof(Options.Heads)}, {options.Heads}");
        ImageOptions.Require(options.HiddenSize >= 0, nameof(Options.HiddenSize), options.HiddenSize, $"at least 1, or 0 for twice {nameof(Options.Dim)}");
        ImageOptions.Require(options.Dropout is >= 0 and < 1, nameof(Options.Dropout), options.Dropout, "at least 0 and below 1");
        ImageOptions.Require(Enum.IsDefined(options.Pooling), nameof(Options.Pooling), options.Pooling, $"one of {string.Join(", ", Enum.GetNames<VitPooling>())}");
        CheckMerge(options.Merge, nameof(Options.Merge));
        foreach (double merged in options.LayerMerges ?? [])
            CheckMerge(merged, nameof(Options.LayerMerges));
        ImageOptions.Require(options.LayerMerges is null || options.LayerMerges.Count == options.Depth, nameof(Options.LayerMerges), $"of {options.LayerMerges?.Count} blocks", $"one number for each of the {options.Depth} blocks, or null");
        activation = ImageOptions.Known(options.Activation);
        (channels, patchSize, dim, depth, heads, hiddenSize) = (options.ImageChannels, options.PatchSize, options.Dim, options.Depth, options.Heads, options.HiddenSize);
        (merge, layerMerges, pooling, dropout) = (options.Merge, options.LayerMerges is { } layers ? [.. layers] : null, options.Pooling, options.Dropout);
        training = new ClassifierTraining(environment, nameof(PrunedVitTrainer), options, Find);
    }

    /// <inheritdoc/>
    public PrunedModelTransformer Fit(IDataView input) => training.Fit(input, Plan);

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        var output = training.Columns.OutputShape(inputSchema);
        string name = training.Columns.Features;
        if (TokenFeatures.AreIn(inputSchema.Single(column => column.Name == name)))
            ShapeColumns.FindFeatures(inputSchema, TokenColumns.SizesOf(name));
        return output;
    }

    static FeatureColumns Find(DataViewSchema schema, string name) =>
        schema.GetColumnOrNull(name) is { } column && TokenFeatures.GridOf(column) is not null ? TokenFeatures.Find(schema, name) : FeatureColumns.Find(schema, name);

    VitBlueprint Plan(FeatureColumns features, int classes)
    {
        var grid = TokenFeatures.GridOf(features.Columns.First());
        long[] size = grid is null ? image.Of(features.Size, features.Name) : [grid.Channels, (long)grid.Rows * grid.PatchSize, (long)grid.Columns * grid.PatchSize]; // with what padding has added
        var plan = VitBlueprint.For(size, grid?.PatchSize ?? (patchSize > 0 ? patchSize : DefaultPatchSize), classes, dim, depth, heads, hiddenSize) with
        {
            Activation = activation,
            Pooling = pooling,
            Dropout = dropout,
            Merge = merge,
            LayerMerges = layerMerges,
        };
        if (grid is not null)
            plan = plan with { Merge = Merged(grid, features), Input = VitInput.Tokens };
        return ImageOptions.Checked(plan);
    }

    /// <summary>How many tokens have merged before, and whether the options say nothing else.</summary>
    int Merged(PatchGrid grid, FeatureColumns features)
    {
        Same(image.Height, grid.Height, nameof(Options.ImageHeight));
        Same(image.Width, grid.Width, nameof(Options.ImageWidth));
        Same(channels, grid.Channels, nameof(Options.ImageChannels));
        Same(patchSize, grid.PatchSize, nameof(Options.PatchSize));
        if (merge != 0)
            throw new ArgumentOutOfRangeException(null, $"{nameof(Options.Merge)} is {merge}, but column '{features.Name}' holds tokens that have merged already. Leave it at 0, or give the column of images; {nameof(Options.LayerMerges)} merges more within the blocks.");
        return grid.Count - TokenFeatures.CountOf(features);

        void Same(int option, int found, string name)
        {
            if (option != 0 && option != found)
                throw new ArgumentOutOfRangeException(null, $"{name} is {option}, but the tokens of column '{features.Name}' were made with {found}. Leave it at 0 to take what the column says.");
        }
    }

    static void CheckMerge(double merge, string option) =>
        ImageOptions.Require(merge is >= 0 and <= 0.5 || (merge >= 1 && merge == Math.Floor(merge)), option, merge, "a fraction from 0 to 0.5, or a whole number of tokens");

    /// <summary>
    /// What <see cref="PrunedVitTrainer"/> trains, and how. The feature column holds one channel of the image after the other, each row by row, or the tokens of <c>MergeTokens</c>,
    /// with the columns of sizes and sources beside it; sizes of image and patch are then what it says.
    /// </summary>
    public sealed class Options : PrunedClassifierOptions
    {
        /// <summary>Options for the tokens of <c>MergeTokens</c>, with AdamW, which transformers are trained with, in place of Adam.</summary>
        public Options() => (FeatureColumnName, Optimizer, WeightDecay) = ("Tokens", OptimizerKind.AdamW, 0.01);

        /// <summary>The image's height in pixels; at least 1, or 0 for what fits the column: a square image where the width is 0 too.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1, or 0 for what fits the column.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color; 0 for what the tokens say, or 1.</summary>
        public int ImageChannels { get; set; }

        /// <summary>Pixels of a patch each way, which divide the image; 0 for what the tokens say, or 4.</summary>
        public int PatchSize { get; set; }

        /// <summary>How many patches merge before the first block: below 1 a fraction of them, 0 to 0.5, rounded down; from 1 on their number, at most half of all. With tokens, 0: they have merged.</summary>
        public double Merge { get; set; }

        /// <summary>How many tokens merge behind the attention of each block, each a fraction of those that are left or a number as with <see cref="Merge"/>; null for none.</summary>
        public IReadOnlyList<double>? LayerMerges { get; set; }

        /// <summary>Values of a token; a multiple of <see cref="Heads"/>.</summary>
        public int Dim { get; set; } = 64;

        /// <summary>Blocks; at least 1.</summary>
        public int Depth { get; set; } = 4;

        /// <summary>Attention heads of a block; at least 1.</summary>
        public int Heads { get; set; } = 4;

        /// <summary>Hidden neurons of a block; at least 1, or 0 for twice <see cref="Dim"/>.</summary>
        public int HiddenSize { get; set; }

        /// <summary>What stands behind hidden neurons.</summary>
        public Activation Activation { get; set; } = Activation.Gelu;

        /// <summary>How one vector is made of many tokens.</summary>
        public VitPooling Pooling { get; set; } = VitPooling.Mean;

        /// <summary>The fraction of what attention and hidden layers add that is left out in training; in [0, 1).</summary>
        public double Dropout { get; set; }
    }
}
