using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Trainers;
using MLNet.Pruning.Training;

namespace MLNet.Pruning;

/// <summary>
/// A trained variational autoencoder of images. Adds to its input the latents (their means, so that equal images have equal ones), the
/// reconstruction, and the loss: what is unlike the images it has learnt has a high one. Any number of threads may read from it at
/// once. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. Holds native memory: dispose of
/// it, or of the chain it is part of, when done.
/// </summary>
public sealed class PrunedVaeTransformer : ITransformer, IDisposable
{
    readonly Autoencoder autoencoder;
    readonly ModelScorer scorer;

    internal PrunedVaeTransformer(Autoencoder autoencoder, Vae module, string device, SparseScoring scoring, TrainingHistory? history)
    {
        (this.autoencoder, Module, History) = (autoencoder, module, history);
        scorer = new ModelScorer(module, device, autoencoder.Blueprint.InputShape, autoencoder.Compute(module), scoring, typeof(PrunedVaeTransformer));
        if (history is not null && scorer.Layers.Count > 0)
            history.Scoring = scorer.Layers;
    }

    /// <summary>The record of the training; null for a model that was loaded.</summary>
    public TrainingHistory? History { get; }

    /// <summary>The column that the model reads.</summary>
    public string InputColumnName => autoencoder.Columns.Input;

    /// <summary>The network; the transformer's own, so not to be disposed of.</summary>
    public Vae Module { get; }

    /// <summary>How layers are computed of which at least half of the weights are off: dense or by the weights that are on alone. Empty
    /// where there is none, or all were asked to be dense.</summary>
    public IReadOnlyList<ScoringRecord> Scoring => scorer.Layers;

    /// <summary>
    /// Measures what each way to compute these layers takes on this machine, some milliseconds a layer, for a report: <see
    /// cref="Scoring"/> and the history have the times from here on. How the model scores does not change.
    /// </summary>
    public IReadOnlyList<ScoringRecord> MeasureScoring()
    {
        var layers = scorer.Measure();
        if (History is not null && layers.Count > 0)
            History.Scoring = layers;
        return layers;
    }

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
        VaeFile.Write(stream, autoencoder, Module, scorer.Scoring);
    }

    /// <summary>Reads a model that <see cref="WriteTo"/> wrote, on this stack or another.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    public static PrunedVaeTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        string device = ComputeDevice.Choose(environment, asked: null);
        var (autoencoder, module, scoring) = VaeFile.Read(stream);
        return new PrunedVaeTransformer(autoencoder, module, device, scoring, history: null);
    }

    ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return autoencoder.Bind(input);
    }

    /// <summary>Gives the network's memory back. What was transformed but not read yet cannot be read any more.</summary>
    public void Dispose() => scorer.Dispose();
}
