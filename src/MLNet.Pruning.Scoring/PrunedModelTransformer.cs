using MLNet.Pruning.Scoring;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// A trained classifier. Adds <c>PredictedLabel</c> and <c>Score</c> to its input; any number of threads may read from it
/// at once. Saved and loaded with <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. A module of your own, or one that was asked
/// for by <c>Module</c>, holds native memory: dispose of the transformer, or of the chain it is part of, when done.
/// </summary>
public sealed class PrunedModelTransformer : PrunedTransformer
{
    readonly Classifier classifier;

    internal PrunedModelTransformer(Classifier classifier, IModelScorer scorer)
        : base(classifier, scorer) => this.classifier = classifier;

    /// <summary>The column that the model reads.</summary>
    public string FeatureColumnName => classifier.ReadColumnName;

    /// <summary>Numbers of a row of features.</summary>
    internal int FeatureCount => classifier.FeatureCount;

    internal ClassLabels Labels => classifier.Labels;

    /// <summary>Reads a model that <see cref="PrunedTransformer.WriteTo"/> wrote.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model's network is built by code of the user's that <c>mlContext.UsePrunedModule</c> has not named.
    /// </exception>
    public static PrunedModelTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        var (classifier, scorer) = Classifier.Read(stream, environment);
        return new PrunedModelTransformer(classifier, scorer);
    }
}
