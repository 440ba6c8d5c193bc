using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Scoring;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Trainers;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// A trained classifier. Adds <c>PredictedLabel</c> and <c>Score</c> to its input; any number of threads may read from it
/// at once. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. Holds native memory: dispose of
/// it, or of the chain it is part of, when done.
/// </summary>
public sealed class PrunedModelTransformer : ITransformer, IDisposable
{
    readonly Classifier classifier;
    readonly nn.Module<Tensor, Tensor> module;
    readonly ModelScorer scorer;

    internal PrunedModelTransformer(Classifier classifier, nn.Module<Tensor, Tensor> module, string device, SparseScoring scoring, TrainingHistory? history)
    {
        (this.classifier, this.module) = (classifier, module);
        scorer = new ModelScorer(module, device, classifier.Blueprint.InputShape, input => module.call(input).softmax(1), scoring, typeof(PrunedModelTransformer));
        History = history;
        if (history is not null && scorer.Layers.Count > 0)
            history.Scoring = scorer.Layers;
    }

    /// <summary>The record of the training; null for a model that was loaded.</summary>
    public TrainingHistory? History { get; }

    /// <summary>The column that the model reads.</summary>
    public string FeatureColumnName => classifier.FeatureColumnName;

    /// <summary>The network, from features [rows, ...shape] to a logit for each class; the transformer's own, so not to be disposed of.</summary>
    public nn.Module<Tensor, Tensor> Module => module;

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
        Loaders.SaveClassifier(ctx, WriteTo);
    }

    /// <summary>Writes the model, without any pipeline around it, for <see cref="ReadFrom"/>.</summary>
    /// <param name="stream">Where to; left open.</param>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        scorer.ThrowIfDisposed();
        ClassifierFile.Write(stream, classifier, module, scorer.Scoring);
    }

    /// <summary>Reads a model that <see cref="WriteTo"/> wrote, on this stack or another.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    /// <exception cref="InvalidOperationException">The model's network is built by code of the user's that <c>mlContext.UsePrunedModule</c> has not named.</exception>
    public static PrunedModelTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        string device = ComputeDevice.Choose(environment, asked: null);
        var (classifier, module, scoring) = ClassifierFile.Read(stream, ModuleBuilders.Of(environment));
        return new PrunedModelTransformer(classifier, module, device, scoring, history: null);
    }

    ScoreBinding Bind(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoreBinding(input, classifier.Features(input), classifier.Labels.Count, ScoreColumns.For(classifier.Labels, input));
    }

    /// <summary>Gives the network's memory back. What was transformed but not read yet cannot be read any more.</summary>
    public void Dispose() => scorer.Dispose();
}
