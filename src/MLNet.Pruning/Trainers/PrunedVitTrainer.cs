using MLNet.Pruning.Scoring;
using MLNet.Pruning.Tokens;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// Trains a vision transformer for images, or for the tokens that <c>MergeTokens</c> made of them. As a multiclass classifier it adds
/// <c>Score</c>, the probability of each class, and <c>PredictedLabel</c>, a key with the label's own values. A row with a
/// NaN among its features predicts the missing key.
/// </summary>
public sealed class PrunedVitTrainer : IEstimator<PrunedModelTransformer>
{
    const int DefaultPatchSize = 4, DefaultDim = 64, DefaultDepth = 4, DefaultHeads = 4;

    readonly Options options;
    readonly TrainerCore core;
    readonly LearningTask task;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedVitTrainer(IHostEnvironment environment, Options options)
        : this(environment, options, LearningTask.Multiclass)
    {
    }

    internal PrunedVitTrainer(IHostEnvironment environment, Options options, LearningTask task)
    {
        this.task = task;
        this.options = PrunedTrainerOptions.Checked(options);
        core = new TrainerCore(environment, nameof(PrunedVitTrainer), this.options, task);
    }

    /// <inheritdoc/>
    public PrunedModelTransformer Fit(IDataView input) => FitFrom(input, null);

    /// <summary>
    /// Continues training with a model that was trained before: with its weights and the shape that pruning has left it. Weights that are
    /// inactive in it stay so, unless <see cref="WeightPruning"/> brings them back or leaves out their layer.
    /// Of the options, those of the shape do not count.
    /// </summary>
    /// <param name="input">The training set. Its label is of the same type and, for a key, has the same values as that of the
    /// previous model.</param>
    /// <param name="previousModel">
    /// The trained model, or a pipeline with it, as <c>mlContext.Model.Load</c> gives it. It is unchanged.
    /// </param>
    /// <exception cref="ArgumentException">The model is of another kind, has other classes, or was trained on other features.</exception>
    public PrunedModelTransformer Fit(IDataView input, ITransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(previousModel);
        return FitFrom(input, previousModel);
    }

    PrunedModelTransformer FitFrom(IDataView input, ITransformer? previous) =>
        core.Fit<VitBlueprint>(input, previous, options, task, (features, outputs, was) => was is null ? Plan(features, outputs)
            : Continued(was, features), Find);

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        string name = options.FeatureColumnName;
        var output = TrainerCore.Shape(inputSchema, options, task);
        if (TokenFeatures.AreIn(inputSchema.Single(column => column.Name == name)))
            ShapeColumns.FindFeatures(inputSchema, TokenColumns.SizesOf(name));
        return output;
    }

    static FeatureColumns Find(DataViewSchema schema, string name) =>
        schema.GetColumnOrNull(name) is { } column && TokenFeatures.GridOf(column) is not null
            ? TokenFeatures.Find(schema, name)
            : FeatureColumns.Find(schema, name);

    /// <summary>The previous model's blueprint, if the column holds what it reads.</summary>
    VitBlueprint Continued(VitBlueprint was, FeatureColumns features)
    {
        var grid = TokenFeatures.GridOf(features.Columns.First());
        bool tokens = was.Input == VitInput.Tokens;
        bool same = tokens ? grid is not null && TokenFeatures.Fit(features, was.Grid, was.Tokens) : grid is null;
        string found = grid is null ? "images" : $"tokens of images of {grid.Height}x{grid.Width} in patches of {grid.PatchSize}";
        string wanted = tokens ? $"{was.Tokens} tokens of images" : "images";
        return same ? was with { Dropout = options.Dropout } : throw new ArgumentException($"Column '{features.Name}' holds {found}; the "
            + $"previous model was trained on {wanted} of {was.Image[1]}x{was.Image[2]} in patches of {was.PatchSize}.");
    }

    VitBlueprint Plan(FeatureColumns features, int outputs)
    {
        var grid = TokenFeatures.GridOf(features.Columns.First());
        long[] Size(int channels) => grid is null
            ? (options.Image with { Channels = channels }).Of(features)
            : [grid.Channels, (long)grid.Rows * grid.PatchSize, (long)grid.Columns * grid.PatchSize]; // including the padding
        int patchSize = grid?.PatchSize ?? (options.PatchSize > 0 ? options.PatchSize : DefaultPatchSize);
        var file = options.Pretrained is { } weights ? VitBlueprint.Published(weights, outputs, Size, options.Heads) : null;
        var (dim, depth, heads) = options.Sizes;
        var plan = file is not null
            ? Agreed(file, grid)
            : VitBlueprint.For(Size(options.Image.Channels), patchSize, outputs, dim, depth, heads, options.HiddenSize) with
            {
                Activation = options.Activation,
                Pooling = options.Pooling,
            };
        plan = plan with
        {
            Dropout = options.Dropout,
            Merge = options.Merge,
            LayerMerges = options.LayerMerges,
        };
        if (grid is not null)
            plan = plan with { Merge = Merged(grid, features), Input = VitInput.Tokens };
        return TrainerCore.Checked(plan);
    }

    /// <summary>The blueprint of pretrained weights, if no option and no token column says otherwise.</summary>
    VitBlueprint Agreed(VitBlueprint published, PatchGrid? grid)
    {
        Same(options.ImageChannels, (int)published.Image[0], nameof(Options.ImageChannels));
        Same(grid?.PatchSize ?? options.PatchSize, published.PatchSize, nameof(Options.PatchSize));
        Same(options.Dim, published.Dim, nameof(Options.Dim));
        Same(options.Depth, published.Depth, nameof(Options.Depth));
        Same(options.HiddenSize, published.BlockHidden[0], nameof(Options.HiddenSize));
        return published;

        void Same(int option, int found, string name) =>
            Agree(option, found, name, $"the pretrained weights of '{options.Pretrained!.Path}' have", "file");
    }

    static void Agree(int option, int found, string name, string others, string source)
    {
        if (option != 0 && option != found)
        {
            throw new ArgumentOutOfRangeException(
                null, $"{name} is {option}, but {others} {found}. Leave it at 0 to take what the {source} says.");
        }
    }

    /// <summary>How many tokens have merged already. Checks that the options agree with the column.</summary>
    int Merged(PatchGrid grid, FeatureColumns features)
    {
        Same(options.ImageHeight, grid.Height, nameof(Options.ImageHeight));
        Same(options.ImageWidth, grid.Width, nameof(Options.ImageWidth));
        Same(options.ImageChannels, grid.Channels, nameof(Options.ImageChannels));
        Same(options.PatchSize, grid.PatchSize, nameof(Options.PatchSize));
        if (options.Merge != 0)
        {
            throw new ArgumentOutOfRangeException(null, $"{nameof(Options.Merge)} is {options.Merge}, but column '{features.Name}' "
                + "holds tokens that have merged already. Leave it at 0, or give the column of images; "
                + $"{nameof(Options.LayerMerges)} merges more within the blocks.");
        }
        return grid.Count - TokenFeatures.CountOf(features);

        void Same(int option, int found, string name) =>
            Agree(option, found, name, $"the tokens of column '{features.Name}' were made with", "column");
    }

    /// <summary>
    /// Options of <see cref="PrunedVitTrainer"/>. The feature column holds one channel of the image after the other, each row by row; or
    /// it holds the tokens of <c>MergeTokens</c>, beside the columns of sizes and sources, which then give the sizes of image and patch.
    /// </summary>
    public sealed class Options : PrunedModelOptions
    {
        /// <summary>Creates options for the tokens of <c>MergeTokens</c>, with AdamW in place of Adam, as transformers need it.</summary>
        public Options() => (FeatureColumnName, Optimizer, WeightDecay) = ("Tokens", OptimizerKind.AdamW, 0.01);

        /// <summary>The image's height in pixels; at least 1, or 0 for what fits the column: a square where the width is 0 too.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1, or 0 for what fits the column.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color; 0 to take them from the tokens or the column's type, or 1.</summary>
        public int ImageChannels { get; set; }

        /// <summary>
        /// Height and width of a patch in pixels, a divisor of the image's; 0 to take it from the tokens, or 4 for images.
        /// </summary>
        public int PatchSize { get; set; }

        /// <summary>
        /// How many patches merge before the first block: a fraction from 0 to 0.5, rounded down, or a whole number of patches, at most
        /// half. Leave it at 0 for tokens, which have merged already.
        /// </summary>
        public double Merge { get; set; }

        /// <summary>
        /// How many tokens merge after the attention of each block: a fraction of those that are left, or a number, as for
        /// <see cref="Merge"/>; null for none.
        /// </summary>
        public IReadOnlyList<double>? LayerMerges { get; set; }

        /// <summary>
        /// Values per token, a multiple of <see cref="Heads"/>; 0 for 64, or for that of the
        /// <see cref="PrunedTrainerOptions.Pretrained"/> weights.
        /// </summary>
        public int Dim { get; set; }

        /// <summary>The number of blocks; at least 1, or 0 for 4, or for that of the pretrained weights.</summary>
        public int Depth { get; set; }

        /// <summary>
        /// Attention heads per block; at least 1, or 0 for 4. With pretrained weights, whose file does not tell, 0 is for what published
        /// models have: heads of 64 values up to a width of 1024, and 16 heads above.
        /// </summary>
        public int Heads { get; set; }

        /// <summary>
        /// Hidden neurons per block; at least 1, or 0 for twice <see cref="Dim"/>, or for those of the pretrained weights.
        /// </summary>
        public int HiddenSize { get; set; }

        /// <summary>The activation of the hidden neurons; published pretrained weights are of networks with GELU.</summary>
        public Activation Activation { get; set; } = Activation.Gelu;

        /// <summary>How the tokens are combined into one vector; published pretrained weights say it themselves.</summary>
        public VitPooling Pooling { get; set; } = VitPooling.Mean;

        /// <summary>The fraction of the output of attention and hidden layers that is dropped out in training; in [0, 1).</summary>
        public double Dropout { get; set; }

        internal ImageOptions Image => new(ImageHeight, ImageWidth, ImageChannels);

        internal (int Dim, int Depth, int Heads) Sizes =>
            (Dim > 0 ? Dim : DefaultDim, Depth > 0 ? Depth : DefaultDepth, Heads > 0 ? Heads : DefaultHeads);

        private protected override void Check()
        {
            base.Check();
            OptionChecks.Require(PatchSize >= 0, nameof(PatchSize), PatchSize, $"at least 1, or 0 for {DefaultPatchSize}");
            Image.Validate();
            OptionChecks.Require(Dim >= 0, nameof(Dim), Dim, $"at least 1, or 0 for {DefaultDim}");
            OptionChecks.Require(Depth >= 0, nameof(Depth), Depth, $"at least 1, or 0 for {DefaultDepth}");
            OptionChecks.Require(Heads >= 0, nameof(Heads), Heads, $"at least 1, or 0 for {DefaultHeads}");
            var (dim, depth, heads) = Sizes;
            OptionChecks.Require(Pretrained is not null || dim % heads == 0, nameof(Dim), dim, $"a multiple of {nameof(Heads)}, {heads}");
            OptionChecks.Require(HiddenSize >= 0, nameof(HiddenSize), HiddenSize, $"at least 1, or 0 for twice {nameof(Dim)}");
            OptionChecks.Require(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "at least 0 and below 1");
            OptionChecks.Known(Pooling, nameof(Pooling));
            OptionChecks.Known(Activation, nameof(Activation));
            CheckMerge(Merge, nameof(Merge));
            if (LayerMerges is not { } merges)
                return;
            foreach (double merged in merges)
                CheckMerge(merged, nameof(LayerMerges));
            string wanted = $"one number for each of the {depth} blocks, or null";
            bool known = Pretrained is null || Depth > 0;
            OptionChecks.Require(!known || merges.Count == depth, nameof(LayerMerges), $"of {merges.Count} blocks", wanted);
            LayerMerges = [.. merges];

            static void CheckMerge(double merge, string option)
            {
                bool holds = merge is >= 0 and <= 0.5 || (merge >= 1 && merge == Math.Floor(merge));
                OptionChecks.Require(holds, option, merge, "a fraction from 0 to 0.5, or a whole number of tokens");
            }
        }
    }
}
