using MLNet.Pruning.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning;

/// <summary>
/// Trains a variational autoencoder on images, without labels: convolution blocks and hidden layers to some latents, and back through
/// transposed convolutions. Adds the columns <c>Latent</c>, <c>Reconstruction</c> and <c>Loss</c>.
/// </summary>
public sealed class PrunedVaeEstimator : IEstimator<PrunedVaeTransformer>
{
    readonly PrunedRun run;
    readonly VaeColumns columns;
    readonly ImageOptions image;
    readonly IReadOnlyList<int> channels, hiddenSizes;
    readonly int latentSize;
    readonly Activation activation;

    /// <summary>Checks the options.</summary>
    /// <param name="environment">The MLContext.</param>
    /// <param name="options">What to train, and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, its value and what it may be.</exception>
    public PrunedVaeEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        ImageOptions.Require(options.ReconstructionWeight is > 0 and < double.PositiveInfinity, nameof(Options.ReconstructionWeight), options.ReconstructionWeight, "above 0");
        ImageOptions.Require(options.DivergenceWeight is >= 0 and < double.PositiveInfinity, nameof(Options.DivergenceWeight), options.DivergenceWeight, "0 or more");
        columns = new VaeColumns(
            PrunedRun.Named(options.InputColumnName, nameof(Options.InputColumnName)),
            PrunedRun.Named(options.LatentColumnName, nameof(Options.LatentColumnName)),
            PrunedRun.Named(options.ReconstructionColumnName, nameof(Options.ReconstructionColumnName)),
            PrunedRun.Named(options.LossColumnName, nameof(Options.LossColumnName)),
            options.ReconstructionWeight,
            options.DivergenceWeight);
        columns.Validate();
        image = new(options.ImageHeight, options.ImageWidth, options.ImageChannels);
        image.Validate();
        channels = ImageOptions.Sizes(options.Channels, nameof(Options.Channels), 1);
        hiddenSizes = ImageOptions.Sizes(options.HiddenSizes, nameof(Options.HiddenSizes), 1);
        ImageOptions.Require(options.LatentSize >= 1, nameof(Options.LatentSize), options.LatentSize, "at least 1");
        latentSize = options.LatentSize;
        activation = ImageOptions.Known(options.Activation);
        run = new PrunedRun(environment, nameof(PrunedVaeEstimator), options);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or does not hold images of this size.</exception>
    /// <exception cref="InvalidDataException">A value is outside 0 to 1, or there are no rows.</exception>
    public PrunedVaeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var column = FeatureColumns.Find(input.Schema, columns.Input);
        var plan = ImageOptions.Checked(new VaeBlueprint(image.Of(column.Size, columns.Input), channels, hiddenSizes, latentSize, activation));
        var rows = new ImageRows(input, column, plan.Image, "training set");
        var validation = Validation(column.Size, plan.Image);
        string device = run.ChooseDevice();
        var result = run.Train(plan, device, rows, validation, new VaeObjective(columns.ReconstructionWeight, columns.DivergenceWeight), channel => PrunedRun.Warn(channel, rows.Skipped, "values", columns.Input));
        return run.Finish<PrunedVaeTransformer>(result, device, plan, network =>
        {
            var autoencoder = Autoencoder.Of(network, columns);
            return (autoencoder.Scored, scorer => new PrunedVaeTransformer(autoencoder, scorer));
        });
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ShapeColumns.FindFeatures(inputSchema, columns.Input);
        string[] added = [columns.Latent, columns.Reconstruction, columns.Loss];
        return new SchemaShape(
        [
            .. inputSchema.Where(column => !added.Contains(column.Name)),
            Doors.Column(columns.Latent, VectorKind.Vector, NumberDataViewType.Single),
            Doors.Column(columns.Reconstruction, VectorKind.Vector, NumberDataViewType.Single),
            Doors.Column(columns.Loss, VectorKind.Scalar, NumberDataViewType.Single),
        ]);
    }

    ImageRows? Validation(int values, IReadOnlyList<long> shape)
    {
        if (run.ValidationSet is not { } validation)
            return null;
        FeatureColumns column;
        try
        {
            column = FeatureColumns.Find(validation.Schema, columns.Input);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new ArgumentOutOfRangeException($"The validation set does not fit: {failure.Message}", failure);
        }
        return column.Size == values
            ? new ImageRows(validation, column, shape, "validation set")
            : throw new ArgumentOutOfRangeException(null, $"The validation set has {column.Size} values in column '{columns.Input}'; wanted {values}, as in the training set.");
    }

    /// <summary>What <see cref="PrunedVaeEstimator"/> trains, and how. The input column holds one channel of the image after the other, each row by row, with values from 0 to 1.</summary>
    public sealed class Options : PrunedTrainerOptions
    {
        /// <summary>The images: a vector of Single of known size with values from 0 to 1. Rows with a NaN or an infinity in it are skipped.</summary>
        public string InputColumnName { get; set; } = "Features";

        /// <summary>The column of latents to add.</summary>
        public string LatentColumnName { get; set; } = "Latent";

        /// <summary>The column of reconstructions to add, with values from 0 to 1.</summary>
        public string ReconstructionColumnName { get; set; } = "Reconstruction";

        /// <summary>The column of losses to add.</summary>
        public string LossColumnName { get; set; } = "Loss";

        /// <summary>The image's height in pixels; at least 1, or 0 for what fits the column: a square image where the width is 0 too. Every block halves it without rest.</summary>
        public int ImageHeight { get; set; }

        /// <summary>The image's width in pixels; at least 1, or 0 for what fits the column. Every block halves it without rest.</summary>
        public int ImageWidth { get; set; }

        /// <summary>The image's channels: 1 for grey, 3 for color.</summary>
        public int ImageChannels { get; set; } = 1;

        /// <summary>Channels of each block of the encoder, each at least 1; the decoder mirrors them.</summary>
        public IReadOnlyList<int> Channels { get; set; } = [16, 32];

        /// <summary>Neurons of each hidden layer of the encoder, each at least 1; the decoder mirrors them. The rank-based paper's largest: 2048, 2048, 2048 behind blocks of 32 and 64.</summary>
        public IReadOnlyList<int> HiddenSizes { get; set; } = [256, 128];

        /// <summary>How many numbers an image is described by; at least 1.</summary>
        public int LatentSize { get; set; } = 32;

        /// <summary>What stands behind convolutions and hidden layers.</summary>
        public Activation Activation { get; set; } = Activation.Relu;

        /// <summary>The weight of the reconstruction's binary cross entropy in the loss; above 0.</summary>
        public double ReconstructionWeight { get; set; } = 1;

        /// <summary>The weight of the latents' Kullback-Leibler divergence in the loss; 0 or more.</summary>
        public double DivergenceWeight { get; set; } = 1;
    }
}
