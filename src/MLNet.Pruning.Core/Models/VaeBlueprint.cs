using System.Text.Json.Serialization;
using MLNet.Pruning.Models;

namespace MLNet.Pruning;

/// <summary>The blueprint of a <see cref="Vae"/>.</summary>
/// <param name="Image">Channels, height and width of an input.</param>
/// <param name="Channels">The channels of each block of the encoder. Each block halves height and width, which must be even there.</param>
/// <param name="Hidden">The sizes of the encoder's fully connected layers.</param>
/// <param name="Latent">The number of latents of an image.</param>
/// <param name="Activation">The activation after convolutions and hidden layers.</param>
/// <param name="DecoderHidden">The sizes of the decoder's fully connected layers; null to mirror the encoder.</param>
/// <param name="DecoderChannels">The channels that each block of the decoder reads; null to mirror the encoder.</param>
public sealed record VaeBlueprint(
    IReadOnlyList<long> Image,
    IReadOnlyList<int> Channels,
    IReadOnlyList<int> Hidden,
    int Latent,
    Activation Activation = Activation.Relu,
    IReadOnlyList<int>? DecoderHidden = null,
    IReadOnlyList<int>? DecoderChannels = null) : Blueprint
{
    /// <summary>The largest autoencoder of the rank-based paper, for 64x64 color images of faces: 84,755,171 parameters.</summary>
    public static VaeBlueprint CelebA { get; } = new([3, 64, 64], [32, 64], [2048, 2048, 2048], 128);

    /// <summary>A medium size: blocks of 16 and 32 channels, hidden layers of 256 and 128, and 32 latents.</summary>
    /// <param name="channels">The image's channels.</param>
    /// <param name="height">The image's height; a multiple of 4.</param>
    /// <param name="width">The image's width; a multiple of 4.</param>
    public static VaeBlueprint For(long channels, long height, long width) => new([channels, height, width], [16, 32], [256, 128], 32);

    /// <inheritdoc/>
    public override IReadOnlyList<long> InputShape => Image;

    /// <summary>The sizes of the decoder's fully connected layers, in order of computation.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> HiddenBack => DecoderHidden ?? [.. Hidden.Reverse()];

    /// <summary>The channels that each block of the decoder reads, in order of computation.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> ChannelsBack => DecoderChannels ?? [.. Channels.Reverse()];

    /// <inheritdoc/>
    public override Vae Build() => RandomState.Draw(() => new Vae(this));

    internal override Int128 WeightCount => (9 * ImageParts.Dense([Image[0], .. Channels]))
        + ImageParts.Dense([ImageParts.Flattened(Image, Channels), .. Hidden, 2L * Latent])
        + ImageParts.Dense([Latent, .. HiddenBack, ImageParts.Flattened(Image, [.. ChannelsBack.Reverse()])])
        + (16 * ImageParts.Dense([.. ChannelsBack, Image[0]]));

    /// <inheritdoc/>
    public override void Validate()
    {
        ImageParts.CheckImage(Image, "variational autoencoder");
        ImageParts.CheckSizes(Channels, "convolution", 1);
        ImageParts.CheckSizes(Hidden, "hidden layer", 1);
        ImageParts.CheckSizes(HiddenBack, "decoder's hidden layer", 1);
        ImageParts.CheckSizes(ChannelsBack, "decoder's convolution", 1);
        // Transposed convolutions double the size, so a size must have been halved without remainder to be restored.
        if (Channels.Count > 20 || Image[1] % (1 << Channels.Count) != 0 || Image[2] % (1 << Channels.Count) != 0)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} cannot be halved {Channels.Count} times without rest: height "
                + $"and width must be multiples of {Math.Pow(2, Channels.Count)}.");
        if (ChannelsBack.Count != Channels.Count)
            throw new ArgumentException($"The encoder has {Channels.Count} blocks and the decoder {ChannelsBack.Count}; it must have as "
                + "many to come back to the image's size.");
        ImageParts.Flattened(Image, Channels);
        ImageParts.Flattened(Image, [.. ChannelsBack.Reverse()]);
        if (Latent < 1)
            throw new ArgumentException($"The variational autoencoder has {Latent} latents; it must have at least 1.");
        ImageParts.CheckActivation(Activation);
    }

    /// <summary>Whether the other blueprint describes the same network, whether or not a mirroring decoder is named.</summary>
    public bool Equals(VaeBlueprint? other) => other is not null && Image.SequenceEqual(other.Image)
        && Channels.SequenceEqual(other.Channels) && Hidden.SequenceEqual(other.Hidden)
        && HiddenBack.SequenceEqual(other.HiddenBack) && ChannelsBack.SequenceEqual(other.ChannelsBack)
            && (Latent, Activation) == (other.Latent, other.Activation);

    /// <inheritdoc/>
    public override int GetHashCode() => Channels.Concat(Hidden).Concat(HiddenBack)
        .Concat(ChannelsBack).Aggregate(HashCode.Combine(Latent, Activation), HashCode.Combine);
}
