using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// The loss of a <see cref="Vae"/>, averaged over images: the binary cross-entropy of the reconstruction, summed over an image's values,
/// plus the Kullback-Leibler divergence of its latents from the standard normal distribution, summed over latents. Labels are ignored.
/// </summary>
public sealed class VaeObjective : IObjective
{
    readonly double reconstruction;
    readonly double divergence;

    /// <summary>Sets the weights of the two parts.</summary>
    /// <param name="reconstruction">The weight of the cross entropy; above 0.</param>
    /// <param name="divergence">The weight of the divergence; at least 0 (the beta of a beta-VAE).</param>
    public VaeObjective(double reconstruction = 1, double divergence = 1)
    {
        if (reconstruction is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(reconstruction),
                FormattableString.Invariant($"The weight of the reconstruction is {reconstruction}; it must be above 0."));
        if (divergence is not (>= 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(divergence), FormattableString.Invariant($"The weight of the divergence is {divergence}; it must be 0 or more."));
        (this.reconstruction, this.divergence) = (reconstruction, divergence);
    }

    internal double Reconstruction => reconstruction;

    internal double Divergence => divergence;

    /// <inheritdoc/>
    public int? ClassCount => null;

    /// <inheritdoc/>
    public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return model is Vae vae
            ? (batch.Mean(RowLosses(vae.Run(batch.Inputs), batch.Inputs)), null)
            : throw new ArgumentException($"{model?.GetType().Name ?? "null"} is not a {nameof(Vae)}; for other autoencoders there is "
                + $"{nameof(Reconstruction)}.");
    }

    /// <summary>The loss of each image, [rows].</summary>
    /// <param name="output">The model's output for the images.</param>
    /// <param name="images">The images, with values from 0 to 1.</param>
    public Tensor RowLosses(VaeOutput output, Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        CheckRange(images);
        return UncheckedRowLosses(output, images);
    }

    /// <summary>
    /// The same for images that were checked to be within 0 to 1. A row that is not a number has a loss that is not a number.
    /// </summary>
    internal Tensor UncheckedRowLosses(VaeOutput output, Tensor images)
    {
        var rows = images.shape[0];
        var (logits, mean, spread) = output;
        // On logits: a sigmoid may round to 0 or 1, whose logarithms would be infinite.
        var entropy = nn.functional.binary_cross_entropy_with_logits(logits, images.reshape(logits.shape),
            reduction: nn.Reduction.None).view(rows, -1).sum(1);
        // (mean^2 + variance - 1 - log variance) / 2, with expm1 since variance - 1 would lose digits near 1.
        var distance = (mean.Squared().Plus(spread.expm1()) - spread).sum(1);
        return entropy.Times(reconstruction).Plus(distance.Times(0.5 * divergence));
    }

    // Outside 0 to 1 the cross-entropy has no lower bound, and its minimum is no reconstruction.
    internal static void CheckRange(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (minimum, maximum) = (images.min().item<float>(), images.max().item<float>());
        if (!(minimum >= 0 && maximum <= 1))
            throw new ArgumentException($"A variational autoencoder learns values from 0 to 1; here they are from {minimum:G4} to "
                + $"{maximum:G4}. Divide by the largest, such as 255.");
    }
}
