using MLNet.Pruning.Models;

namespace MLNet.Pruning;

/// <summary>The blueprint of a <see cref="ConvNet"/>.</summary>
/// <param name="Image">Channels, height and width of an input.</param>
/// <param name="Channels">The channels of each convolution block. Each block halves height and width, rounding down.</param>
/// <param name="Hidden">The sizes of the fully connected hidden layers; may be empty.</param>
/// <param name="Classes">The number of logits.</param>
/// <param name="Activation">The activation after convolutions and hidden layers.</param>
/// <param name="BatchNorm">Whether each convolution has a batch norm before its activation.</param>
/// <param name="Dropout">The fraction of each hidden layer that is dropped out in training; in [0, 1).</param>
public sealed record ConvNetBlueprint(
    IReadOnlyList<long> Image,
    IReadOnlyList<int> Channels,
    IReadOnlyList<int> Hidden,
    int Classes,
    Activation Activation = Activation.Relu,
    bool BatchNorm = false,
    double Dropout = 0) : Blueprint
{
    /// <summary>The network of the rank-based paper for 32x32 color images: convolutions 3-16-32, then 2048-256-128-classes.</summary>
    public static ConvNetBlueprint Cifar(int classes = 10) => new([3, 32, 32], [16, 32], [256, 128], classes);

    /// <inheritdoc/>
    public override IReadOnlyList<long> InputShape => Image;

    /// <inheritdoc/>
    public override ConvNet Build() => RandomState.Draw(() => new ConvNet(this));

    internal override Int128 WeightCount => (9 * ImageParts.Dense([Image[0], .. Channels]))
        + ImageParts.Dense([ImageParts.Flattened(Image, Channels), .. Hidden, Classes]);

    /// <inheritdoc/>
    public override void Validate()
    {
        ImageParts.CheckImage(Image, "convolutional network");
        ImageParts.CheckSizes(Channels, "convolution", 1);
        ImageParts.CheckSizes(Hidden, "hidden layer", 0);
        if (Channels.Count > 30 || ImageParts.AreaAfter(Image, Channels.Count) < 1)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} are too small for {Channels.Count} blocks, each of which halves "
                + $"them: at least {Math.Pow(2, Channels.Count)} pixels each way are needed.");
        ImageParts.Flattened(Image, Channels);
        if (Classes < 1)
            throw new ArgumentException($"The convolutional network has {Classes} classes; it must have at least 1.");
        ImageParts.CheckActivation(Activation);
        if (Dropout is not (>= 0 and < 1))
            throw new ArgumentException(
                FormattableString.Invariant($"Dropout is {Dropout}; it must be at least 0 and below 1{Fractions.Hint(Dropout)}."));
    }

    /// <summary>Whether the other blueprint describes the same network.</summary>
    public bool Equals(ConvNetBlueprint? other) => other is not null && Image.SequenceEqual(other.Image)
        && Channels.SequenceEqual(other.Channels) && Hidden.SequenceEqual(other.Hidden)
        && (Classes, Activation, BatchNorm, Dropout) == (other.Classes, other.Activation, other.BatchNorm, other.Dropout);

    /// <inheritdoc/>
    public override int GetHashCode() => Channels.Concat(Hidden).Aggregate(HashCode.Combine(Classes, Activation, BatchNorm, Dropout),
        HashCode.Combine);
}
