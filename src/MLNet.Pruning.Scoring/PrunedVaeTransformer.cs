using MLNet.Pruning.Scoring;
using Microsoft.ML.Runtime;

namespace MLNet.Pruning;

/// <summary>
/// A trained variational autoencoder of images. Adds the latents (their means, so that equal images have equal latents), the
/// reconstruction, and the loss, which is high for images unlike the training set. Thread-safe. Save and load it with
/// <c>mlContext.Model</c>, after <c>mlContext.UsePruning()</c>. The network that <c>Module</c> returns holds native memory: dispose of the
/// transformer, or of the chain that contains it, when done.
/// </summary>
public sealed class PrunedVaeTransformer : PrunedTransformer
{
    readonly Autoencoder autoencoder;

    internal PrunedVaeTransformer(Autoencoder autoencoder, IModelScorer scorer)
        : base(autoencoder, scorer) => this.autoencoder = autoencoder;

    /// <summary>The column that the model reads.</summary>
    public string InputColumnName => autoencoder.Columns.Input;

    internal VaeColumns Columns => autoencoder.Columns;

    /// <summary>Reads a model that <see cref="PrunedTransformer.WriteTo"/> wrote.</summary>
    /// <param name="environment">The MLContext, whose GpuDeviceId and FallbackToCpu say where the model computes.</param>
    /// <param name="stream">Where from; left open.</param>
    /// <exception cref="InvalidDataException">The stream is cut short or damaged, or holds something else.</exception>
    public static PrunedVaeTransformer ReadFrom(IHostEnvironment environment, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(stream);
        var (autoencoder, scorer) = Autoencoder.Read(stream, environment);
        return new PrunedVaeTransformer(autoencoder, scorer);
    }
}
