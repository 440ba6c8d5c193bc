using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// A trained classifier. Adds <c>PredictedLabel</c> and <c>Score</c> to its input; any number of threads may read from it
/// at once. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. A module of your own, or one that was asked for
/// by <see cref="Module"/>, holds native memory: dispose of the transformer, or of the chain it is part of, when done.
/// </summary>
public sealed class PrunedModelTransformer : ITransformer, IDisposable
{
    readonly Classifier classifier;
    readonly IModelScorer scorer;

    internal PrunedModelTransformer(Classifier classifier, IModelScorer scorer, TrainingHistory? history)
    {
        (this.classifier, this.scorer, History) = (classifier, scorer, history);
        if (history is not null && scorer.Layers is { Count: > 0 } layers)
            history.Scoring = layers;
    }

    /// <summary>The record of the training; null for a model that was loaded.</summary>
    public TrainingHistory? History { get; }

    /// <summary>The column that the model reads.</summary>
    public string FeatureColumnName => classifier.FeatureColumnName;

    /// <summary>Numbers of a row of features.</summary>
    internal int FeatureCount => classifier.FeatureCount;

    internal ClassLabels Labels => classifier.Labels;

    internal IRowScorer Scorer => scorer;

    /// <summary>
    /// The network in TorchSharp, from features [rows, ...shape] to a logit for each class; the transformer's own, so not to be disposed of. Networks
    /// of this library are built when they are asked for first, which is the first time that the model needs LibTorch.
    /// </summary>
    public nn.Module<Tensor, Tensor> Module => (nn.Module<Tensor, Tensor>)scorer.Module;

    /// <summary>How layers are computed: by a plan for this machine, or, of a module of your own or on a GPU, by LibTorch; then only layers stand
    /// here that have many inactive weights.</summary>
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
        Loaders.SaveClassifier(ctx, WriteTo);
    }

    /// <summary>Writes the model, without any pipeline around it, for <see cref="ReadFrom"/>.</summary>
    /// <param name="stream">Where to; left open.</param>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        scorer.ThrowIfDisposed();
        ClassifierFile.Write(stream, classifier, scorer);
    }

    /// <summary>Reads a model that <see cref="WriteTo"/> wrote.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    /// <exception cref="InvalidOperationException">The model's network is built by code of the user's that <c>mlContext.UsePrunedModule</c> has not named.</exception>
    public static PrunedModelTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        var (classifier, scorer) = ClassifierFile.Read(stream, environment);
        return new PrunedModelTransformer(classifier, scorer, history: null);
    }

    ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoreBinding(input, classifier.Features(input), classifier.Labels.Count, ScoreColumns.For(classifier.Labels, input));
    }

    /// <summary>Gives the network's memory back. What was transformed but not read yet cannot be read any more.</summary>
    public void Dispose() => scorer.Dispose();
}
