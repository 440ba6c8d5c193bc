using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>
/// A trained variational autoencoder of images. Adds to its input the latents (their means, so that equal images have equal ones), the
/// reconstruction, and the loss: what is unlike the images it has learnt has a high one. Any number of threads may read from it at
/// once. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. The network that
/// <see cref="Module"/> gives holds native memory: dispose of the transformer, or of the chain it is part of, when done.
/// </summary>
public sealed class PrunedVaeTransformer : ITransformer, IDisposable
{
    readonly Autoencoder autoencoder;
    readonly IModelScorer scorer;

    internal PrunedVaeTransformer(Autoencoder autoencoder, IModelScorer scorer, TrainingHistory? history)
    {
        (this.autoencoder, this.scorer, History) = (autoencoder, scorer, history);
        if (history is not null && scorer.Layers is { Count: > 0 } layers)
            history.Scoring = layers;
    }

    /// <summary>The record of the training; null for a model that was loaded.</summary>
    public TrainingHistory? History { get; }

    /// <summary>The column that the model reads.</summary>
    public string InputColumnName => autoencoder.Columns.Input;

    /// <summary>
    /// The network in TorchSharp; the transformer's own, so not to be disposed of. It is built when it is asked for first, which is the first time
    /// that the model needs LibTorch.
    /// </summary>
    public Vae Module => (Vae)scorer.Module;

    /// <summary>How layers are computed: by a plan for this machine, or, on a GPU, by LibTorch; then only layers stand here that have many inactive weights.</summary>
    public IReadOnlyList<ScoringRecord> Scoring => scorer.Layers;

    /// <summary>Measures how fast the model scores on one thread, in some tenths of a second; the history has it from here on.</summary>
    public ScoringSpeed MeasureScoring()
    {
        var speed = scorer.Measure();
        if (History is not null)
            History.ScoringSpeed = speed;
        return speed;
    }

    /// <summary>
    /// Scores by the weights that <see cref="Module"/> has now. A module that learns further is followed without it; it is for weights that were
    /// written in another way.
    /// </summary>
    public void Refresh() => scorer.Refresh();

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Output;

    /// <inheritdoc/>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredView(Bind(input.Schema), scorer, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ScoreMapper(Bind(inputSchema), scorer);

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Loaders.SaveVae(ctx, WriteTo);
    }

    /// <summary>Writes the model, without any pipeline around it, for <see cref="ReadFrom"/>.</summary>
    /// <param name="stream">Where to; left open.</param>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        scorer.ThrowIfDisposed();
        VaeFile.Write(stream, autoencoder, scorer);
    }

    /// <summary>Reads a model that <see cref="WriteTo"/> wrote.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    public static PrunedVaeTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        var (autoencoder, scorer) = VaeFile.Read(stream, environment);
        return new PrunedVaeTransformer(autoencoder, scorer, history: null);
    }

    ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return autoencoder.Bind(input);
    }

    /// <summary>Gives the network's memory back. What was transformed but not read yet cannot be read any more.</summary>
    public void Dispose() => scorer.Dispose();
}
