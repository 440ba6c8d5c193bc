namespace MLNet.Pruning.Plans;

/// <summary>
/// The structure of a network as plain values. Together with its weights, a <see cref="ScoringPlan"/> is compiled from it.
/// </summary>
public abstract record NetworkDescription
{
    /// <summary>The number of input values per row.</summary>
    public abstract int InputWidth { get; }

    /// <summary>Throws an <see cref="ArgumentException"/> that names a wrong value.</summary>
    public abstract void Validate();

    private protected static void CheckSizes(IReadOnlyList<int>? sizes, string what, int minimum)
    {
        if (sizes is null || sizes.Count < minimum)
            throw new ArgumentException($"There are {sizes?.Count ?? 0} {what}s; there must be at least {minimum}.");
        for (int i = 0; i < sizes.Count; i++)
            CheckAtLeastOne(sizes[i], $"Size {i} of the {what}s");
    }

    private protected static void CheckImage(IReadOnlyList<int>? image, string network)
    {
        if (image is not { Count: 3 })
            throw new ArgumentException($"A {network} reads images of three dimensions, "
                + $"channels, height and width; there are {image?.Count ?? 0}.");
        if (image.Any(d => d is < 1 or > 1 << 20) || (Int128)image[0] * image[1] * image[2] > Array.MaxLength / sizeof(float))
            throw new ArgumentException($"The images of the {network} are [{string.Join(", ", image)}]; "
                + "wanted dimensions of at least 1 and fewer values.");
    }

    private protected static void CheckAtLeastOne(int value, string what)
    {
        if (value < 1)
            throw new ArgumentException($"{what} is {value}; it must be at least 1.");
    }

    private protected static void CheckActivation(Activation activation)
    {
        if (!Enum.IsDefined(activation))
            throw new ArgumentException($"There is no activation {activation}.");
    }
}

/// <summary>
/// A fully connected network: linear layers with an activation between them, and logits at the end. The weights of layer i (from 1) are
/// named <c>layers.linear{i}</c>.
/// </summary>
/// <param name="Sizes">Inputs, hidden sizes, outputs.</param>
/// <param name="Activation">The activation between the layers.</param>
public sealed record FeedForwardDescription(IReadOnlyList<int> Sizes, Activation Activation = Activation.Relu) : NetworkDescription
{
    /// <inheritdoc/>
    public override int InputWidth => Sizes[0];

    /// <inheritdoc/>
    public override void Validate()
    {
        CheckSizes(Sizes, "feed-forward network's size", 2);
        CheckActivation(Activation);
    }
}

/// <summary>
/// A convolutional network: blocks of 3x3 convolution, optional batch norm, activation and max pooling by 2, then fully connected layers,
/// and logits at the end. Its weights are named <c>features.conv{i}</c>, <c>features.norm{i}</c>, <c>classifier.linear{i}</c> (i from 1)
/// and <c>classifier.logits</c>.
/// </summary>
/// <param name="Image">Channels, height and width of an input.</param>
/// <param name="Channels">The channels of each block; each halves height and width, rounding down.</param>
/// <param name="Hidden">The sizes of the fully connected hidden layers; may be empty.</param>
/// <param name="Classes">The number of logits.</param>
/// <param name="Activation">The activation after convolutions and hidden layers.</param>
/// <param name="BatchNorm">Whether each convolution has a batch norm before its activation.</param>
public sealed record ConvNetDescription(
    IReadOnlyList<int> Image,
    IReadOnlyList<int> Channels,
    IReadOnlyList<int> Hidden,
    int Classes,
    Activation Activation = Activation.Relu,
    bool BatchNorm = false) : NetworkDescription
{
    /// <inheritdoc/>
    public override int InputWidth => Image[0] * Image[1] * Image[2];

    /// <inheritdoc/>
    public override void Validate()
    {
        CheckImage(Image, "convolutional network");
        CheckSizes(Channels, "convolution", 1);
        CheckSizes(Hidden, "hidden layer", 0);
        if (Channels.Count > 20 || Image[1] >> Channels.Count < 1 || Image[2] >> Channels.Count < 1)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} are too small for {Channels.Count} "
                + "blocks, each of which halves them.");
        CheckAtLeastOne(Classes, "The number of classes");
        CheckActivation(Activation);
    }
}

/// <summary>
/// A variational autoencoder: the blocks of a <see cref="ConvNetDescription"/> and hidden layers compute means and log-variances of
/// latents; from the means, hidden layers and 4x4 transposed convolutions of stride 2 compute the reconstruction. Its weights are named
/// <c>encoder.conv{i}</c>, <c>encoder.linear{i}</c>, <c>mean</c>, <c>logVariance</c>, <c>expansion.linear{i}</c> and
/// <c>decoder.deconv{i}</c>.
/// </summary>
/// <param name="Image">Channels, height and width of an input.</param>
/// <param name="Channels">The channels of each block of the encoder. Each block halves height and width, which must be even there.</param>
/// <param name="Hidden">The sizes of the encoder's fully connected layers.</param>
/// <param name="Latent">The number of latents of an image.</param>
/// <param name="Activation">The activation after convolutions and hidden layers.</param>
/// <param name="DecoderHidden">The sizes of the decoder's fully connected layers; null to mirror the encoder.</param>
/// <param name="DecoderChannels">The channels that each block of the decoder reads; null to mirror the encoder.</param>
/// <param name="ReconstructionWeight">The weight of the cross-entropy in a row's loss.</param>
/// <param name="DivergenceWeight">The weight of the divergence in a row's loss.</param>
public sealed record VaeDescription(
    IReadOnlyList<int> Image,
    IReadOnlyList<int> Channels,
    IReadOnlyList<int> Hidden,
    int Latent,
    Activation Activation = Activation.Relu,
    IReadOnlyList<int>? DecoderHidden = null,
    IReadOnlyList<int>? DecoderChannels = null,
    double ReconstructionWeight = 1,
    double DivergenceWeight = 1) : NetworkDescription
{
    /// <inheritdoc/>
    public override int InputWidth => Image[0] * Image[1] * Image[2];

    /// <summary>The sizes of the decoder's fully connected layers, in order of computation.</summary>
    public IReadOnlyList<int> HiddenBack => DecoderHidden ?? [.. Hidden.Reverse()];

    /// <summary>The channels that each block of the decoder reads, in order of computation.</summary>
    public IReadOnlyList<int> ChannelsBack => DecoderChannels ?? [.. Channels.Reverse()];

    /// <inheritdoc/>
    public override void Validate()
    {
        CheckImage(Image, "variational autoencoder");
        CheckSizes(Channels, "convolution", 1);
        CheckSizes(Hidden, "hidden layer", 1);
        CheckSizes(HiddenBack, "decoder's hidden layer", 1);
        CheckSizes(ChannelsBack, "decoder's convolution", 1);
        if (Channels.Count > 20 || Image[1] % (1 << Channels.Count) != 0 || Image[2] % (1 << Channels.Count) != 0)
            throw new ArgumentException($"Images of {Image[1]}x{Image[2]} cannot be halved {Channels.Count} times without rest.");
        if (ChannelsBack.Count != Channels.Count)
            throw new ArgumentException($"The encoder has {Channels.Count} blocks and the decoder {ChannelsBack.Count}; "
                + "it must have as many.");
        CheckAtLeastOne(Latent, "The number of latents");
        CheckActivation(Activation);
        if (ReconstructionWeight is not (> 0 and < double.PositiveInfinity)
            || DivergenceWeight is not (>= 0 and < double.PositiveInfinity))
            throw new ArgumentException($"The weights of the loss are {ReconstructionWeight} and {DivergenceWeight}; "
                + "wanted one above 0 and one of at least 0.");
    }
}
