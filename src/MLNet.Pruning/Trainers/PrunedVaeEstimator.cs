using MLNet.Pruning.Scoring;
using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning;

/// <summary>
/// Trains a variational autoencoder on images, without labels: convolution blocks and hidden layers to latents, and back through
/// transposed convolutions. Adds the columns <c>Latent</c>, <c>Reconstruction</c> and <c>Loss</c>.
/// </summary>
public sealed class PrunedVaeEstimator : IEstimator<PrunedVaeTransformer>
{
    readonly Options options;
    readonly TrainerCore core;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedVaeEstimator(IHostEnvironment environment, Options options) =>
        core = new TrainerCore(environment, nameof(PrunedVaeEstimator), this.options = PrunedTrainerOptions.Checked(options));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or of another size.</exception>
    /// <exception cref="InvalidDataException">A value is outside 0 to 1, or there are no rows.</exception>
    public PrunedVaeTransformer Fit(IDataView input) => FitFrom(input, null);

    /// <summary>
    /// Continues training with a model that was trained before: with its weights and the shape that pruning has left it. Weights that are
    /// inactive in it stay so, unless <see cref="WeightPruning"/> brings them back or leaves out their layer.
    /// Of the options, those of the shape do not count.
    /// </summary>
    /// <param name="input">The training set.</param>
    /// <param name="previousModel">
    /// The trained model, or a pipeline with it, as <c>mlContext.Model.Load</c> gives it. It is unchanged.
    /// </param>
    /// <exception cref="ArgumentException">The model is of another kind, or was trained on images of another size.</exception>
    public PrunedVaeTransformer Fit(IDataView input, ITransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(previousModel);
        return FitFrom(input, TrainingStart.Find<PrunedVaeTransformer>(previousModel, nameof(PrunedVaeEstimator)));
    }

    PrunedVaeTransformer FitFrom(IDataView input, PrunedVaeTransformer? previous)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = options.Columns;
        var rows = Read(input, "training set");
        return core.Fit<VaeBlueprint, Autoencoder, PrunedVaeTransformer>(
            previous,
            was => was ?? TrainerCore.Checked(new VaeBlueprint(
                options.Image.Of(rows.Features),
                options.Channels,
                options.HiddenSizes,
                options.LatentSize,
                options.Activation)),
            _ => (new VaeObjective(columns.ReconstructionWeight, columns.DivergenceWeight), null),
            rows,
            Read,
            CheckpointModel.Metadata(Autoencoder.Kind, Autoencoder.PartsOf(columns)),
            network => new Autoencoder(network, columns),
            (autoencoder, scorer) => new PrunedVaeTransformer(autoencoder, scorer));

        TrainingRows Read(IDataView data, string role) => new(data, role, FeatureColumns.Find(data.Schema, columns.Input),
            weight: TrainingRows.FindWeight(data.Schema, options.ExampleWeightColumnName));
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var columns = options.Columns;
        ShapeColumns.FindFeatures(inputSchema, columns.Input);
        TrainerCore.CheckWeight(inputSchema, options);
        return ShapeColumns.Add(
            inputSchema,
            ShapeColumns.Numbers(columns.Latent),
            ShapeColumns.Numbers(columns.Reconstruction),
            ShapeColumns.Numbers(columns.Loss, VectorKind.Scalar));
    }

    /// <summary>
    /// Options of <see cref="PrunedVaeEstimator"/>. The input column holds one channel of the image after the other, each row by row, with
    /// values from 0 to 1.
    /// </summary>
    public sealed class Options : PrunedTrainerOptions
    {
        /// <summary>The images: a vector of Single with values from 0 to 1. Rows with a NaN or an infinity are skipped.</summary>
        public string InputColumnName { get; set; } = "Features";

        /// <summary>The column of latents to add.</summary>
        public string LatentColumnName { get; set; } = "Latent";

        /// <summary>The column of reconstructions to add, with values from 0 to 1.</summary>
        public string ReconstructionColumnName { get; set; } = "Reconstruction";

        /// <summary>The column of losses to add.</summary>
        public string LossColumnName { get; set; } = "Loss";

        /// <summary>
        /// The image's height in pixels, a multiple of 2 to the number of blocks; at least 1, or 0 to derive it from the column: a square
        /// image if the width is 0 too.
        /// </summary>
        public int ImageHeight { get; set; }

        /// <summary>
        /// The image's width in pixels, a multiple of 2 to the number of blocks; at least 1, or 0 to derive it from the column.
        /// </summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color; 0 to take them from the column's type, or 1.</summary>
        public int ImageChannels { get; set; }

        /// <summary>Channels of each block of the encoder, each at least 1; the decoder mirrors them.</summary>
        public IReadOnlyList<int> Channels { get; set; } = [16, 32];

        /// <summary>
        /// Neurons of each hidden layer of the encoder, each at least 1; the decoder mirrors them. The largest network of the rank-based
        /// paper has 2048, 2048, 2048 after blocks of 32 and 64.
        /// </summary>
        public IReadOnlyList<int> HiddenSizes { get; set; } = [256, 128];

        /// <summary>The number of latents of an image; at least 1.</summary>
        public int LatentSize { get; set; } = 32;

        /// <summary>The activation after convolutions and hidden layers.</summary>
        public Activation Activation { get; set; } = Activation.Relu;

        /// <summary>The weight of the reconstruction's binary cross-entropy in the loss; above 0.</summary>
        public double ReconstructionWeight { get; set; } = 1;

        /// <summary>The weight of the latents' Kullback-Leibler divergence in the loss; at least 0.</summary>
        public double DivergenceWeight { get; set; } = 1;

        internal ImageOptions Image => new(ImageHeight, ImageWidth, ImageChannels);

        internal VaeColumns Columns =>
            new(InputColumnName, LatentColumnName, ReconstructionColumnName, LossColumnName, ReconstructionWeight, DivergenceWeight);

        private protected override void Check()
        {
            base.Check();
            OptionChecks.Named(InputColumnName, nameof(InputColumnName));
            OptionChecks.Named(LatentColumnName, nameof(LatentColumnName));
            OptionChecks.Named(ReconstructionColumnName, nameof(ReconstructionColumnName));
            OptionChecks.Named(LossColumnName, nameof(LossColumnName));
            Columns.Validate();
            Image.Validate();
            Channels = OptionChecks.Sizes(Channels, nameof(Channels), 1);
            HiddenSizes = OptionChecks.Sizes(HiddenSizes, nameof(HiddenSizes), 1);
            OptionChecks.AtLeast(1, LatentSize, nameof(LatentSize));
            OptionChecks.Known(Activation, nameof(Activation));
            var (reconstruction, divergence) = (ReconstructionWeight, DivergenceWeight);
            OptionChecks.Require(
                double.IsFinite(reconstruction) && reconstruction > 0, nameof(ReconstructionWeight), reconstruction, "above 0");
            OptionChecks.Require(double.IsFinite(divergence) && divergence >= 0, nameof(DivergenceWeight), divergence, "0 or more");
        }
    }
}
