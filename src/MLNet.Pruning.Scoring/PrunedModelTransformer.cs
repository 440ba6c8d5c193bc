using MLNet.Pruning.Scoring;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// A trained classifier. Adds <c>PredictedLabel</c> and <c>Score</c> to its input. Thread-safe. Save and load it with
/// <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. A user module, or a module that was read from <c>Module</c>, holds native
/// memory: dispose of the transformer, or of the chain that contains it, when done.
/// </summary>
public sealed class PrunedModelTransformer : PrunedTransformer
{
    readonly Classifier classifier;

    internal PrunedModelTransformer(Classifier classifier, IModelScorer scorer)
        : base(classifier, scorer) => this.classifier = classifier;

    /// <summary>The column that the model reads.</summary>
    public string FeatureColumnName => classifier.ReadColumnName;

    internal int FeatureCount => classifier.FeatureCount;

    internal ClassLabels Labels => classifier.Labels;

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
        var (classifier, scorer) = Classifier.Read(stream, environment);
        return new PrunedModelTransformer(classifier, scorer);
    }
}
