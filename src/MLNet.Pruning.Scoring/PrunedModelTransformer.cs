using MLNet.Pruning.Scoring;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// A trained classifier or regressor. A multiclass classifier adds <c>PredictedLabel</c>, a key, and <c>Score</c>, a probability for each
/// class. A binary classifier adds <c>PredictedLabel</c>, a Boolean, <c>Score</c>, the logit, and <c>Probability</c>. A regressor adds
/// <c>Score</c>, the number that it predicts. Thread-safe. Save and load it with <c>mlContext.Model</c>, after
/// <c>mlContext.UsePruning()</c>. A user module, or a module that was read from <c>Module</c>, holds native memory: dispose of the
/// transformer, or of the chain that contains it, when done.
/// </summary>
public class PrunedModelTransformer : PrunedTransformer, ISingleFeaturePredictionTransformer<PrunedModelTransformer>
{
    readonly SupervisedModel model;

    internal PrunedModelTransformer(SupervisedModel model, IModelScorer scorer)
        : base(model, scorer) => this.model = model;

    /// <summary>The column that the model reads.</summary>
    public string FeatureColumnName => model.ReadColumnName;

    /// <inheritdoc/>
    DataViewType ISingleFeaturePredictionTransformer<PrunedModelTransformer>.FeatureColumnType => model.FeatureColumnType;

    /// <summary>This transformer: ML.NET's <c>PermutationFeatureImportance</c> asks for it.</summary>
    PrunedModelTransformer IPredictionTransformer<PrunedModelTransformer>.Model => this;

    internal int FeatureCount => model.FeatureCount;

    internal PredictionTask Task => model.Task;

    /// <summary>Reads a model that <see cref="PrunedTransformer.WriteTo"/> wrote.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model's network is built by user code that was not registered with <c>mlContext.UsePrunedModule</c>.
    /// </exception>
    public static PrunedModelTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        var (model, scorer) = SupervisedModel.Read(stream, environment);
        return SingleFeatureTransformer.Create(model, scorer);
    }
}
