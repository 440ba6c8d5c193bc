using MLNet.Pruning.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>The output of a <see cref="Vae"/> for some images.</summary>
/// <param name="Logits">The reconstruction before its sigmoid, [rows, channels, height, width].</param>
/// <param name="Mean">The mean of each latent, [rows, latents].</param>
/// <param name="LogVariance">The logarithm of each latent's variance, [rows, latents].</param>
public readonly record struct VaeOutput(Tensor Logits, Tensor Mean, Tensor LogVariance);

/// <summary>
/// A variational autoencoder (Kingma and Welling, 2013) of images with values from 0 to 1. Convolution blocks and hidden layers compute a
/// normal distribution of latents; hidden layers and transposed convolutions reconstruct the image from a draw of it (in evaluation mode,
/// from its mean).
/// </summary>
public sealed class Vae : nn.Module<Tensor, Tensor>
{
    readonly Sequential encoder;
    readonly Linear mean;
    readonly Linear logVariance;
    readonly Sequential expansion;
    readonly Sequential decoder;
    readonly VaeBlueprint built;

    /// <summary>Builds the network with random initial weights.</summary>
    public Vae(VaeBlueprint blueprint) : base(nameof(Vae))
    {
        ArgumentNullException.ThrowIfNull(blueprint);
        blueprint.Validate();
        built = blueprint;
        var (image, channels, back, activation) = (blueprint.Image, blueprint.Channels, blueprint.ChannelsBack, blueprint.Activation);

        var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
        ImageParts.AddBlocks(parts, image, channels, activation, batchNorm: false);
        parts.Add(("flatten", nn.Flatten()));
        ImageParts.AddHidden(parts, ImageParts.Flattened(image, channels), blueprint.Hidden, activation);
        encoder = nn.Sequential([.. parts]);
        mean = nn.Linear(blueprint.Hidden[^1], blueprint.Latent);
        logVariance = nn.Linear(blueprint.Hidden[^1], blueprint.Latent);

        parts = [];
        int[] sizes = [.. blueprint.HiddenBack, (int)(back[0] * ImageParts.AreaAfter(image, channels.Count))];
        ImageParts.AddHidden(parts, blueprint.Latent, sizes, activation);
        expansion = nn.Sequential([.. parts]);

        parts = [];
        for (var i = 1; i <= back.Count; i++)
        {
            // 4 taps with a stride of 2 overlap evenly, and double height and width.
            parts.Add(($"deconv{i}", nn.ConvTranspose2d(back[i - 1], i < back.Count ? back[i] : image[0], 4, 2, 1)));
            if (i < back.Count)
                parts.Add(($"active{i}", activation.Module()));
        }
        decoder = nn.Sequential([.. parts]);
        RegisterComponents();
    }

    /// <summary>The present blueprint of the network, also after neurons were removed.</summary>
    /// <exception cref="InvalidOperationException">Its layers no longer fit each other.</exception>
    public VaeBlueprint Blueprint
    {
        get
        {
            var (sizes, blocks) = (new PresentSizes(this), built.Channels.Count);
            var now = built with
            {
                Channels = sizes.First("encoder.conv", blocks),
                Hidden = sizes.First("encoder.linear", built.Hidden.Count),
                Latent = sizes.First(nameof(mean)),
                DecoderHidden = sizes.First("expansion.linear", built.HiddenBack.Count),
                DecoderChannels = sizes.First("decoder.deconv", blocks),
            };
            PresentSizes.CheckWhole(sizes.Second("encoder.linear1"), ImageParts.Flattened(now.Image, now.Channels), "encoder.linear1");
            var last = $"expansion.linear{built.HiddenBack.Count + 1}";
            PresentSizes.CheckWhole(sizes.First(last), now.ChannelsBack[0] * ImageParts.AreaAfter(now.Image, blocks), last);
            // Named only if the decoder does not mirror the encoder.
            return now with
            {
                DecoderHidden = now.HiddenBack.SequenceEqual(now.Hidden.Reverse()) ? null : now.DecoderHidden,
                DecoderChannels = now.ChannelsBack.SequenceEqual(now.Channels.Reverse()) ? null : now.DecoderChannels,
            };
        }
    }

    /// <summary>Images, or flat rows -> the reconstruction, from 0 to 1, [rows, channels, height, width]</summary>
    public override Tensor forward(Tensor input) => Run(input).Logits.sigmoid();

    /// <summary>
    /// Computes all that a loss needs: the reconstruction before its sigmoid, and the distribution of the latents that it came from.
    /// </summary>
    /// <param name="input">Images, or flat rows.</param>
    public VaeOutput Run(Tensor input)
    {
        var (center, spread) = Encode(input);
        return new(Decode(Draw(center, spread)), center, spread);
    }

    /// <summary>The mean and log-variance of each image's latents, [rows, latents].</summary>
    /// <param name="input">Images, or flat rows.</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var hidden = encoder.call(ImageParts.Images(input, built.Image));
        return (mean.call(hidden), logVariance.call(hidden));
    }

    /// <summary>Latents, [rows, latents] -> the logits of images, [rows, channels, height, width]</summary>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        // The number of channels follows from the features, as pruning may have removed some.
        var (blocks, flat) = (built.Channels.Count, expansion.call(latents));
        return decoder.call(flat.reshape(flat.shape[0], -1, built.Image[1] >> blocks, built.Image[2] >> blocks));
    }

    // The noise is drawn separately, so that gradients reach both mean and variance.
    Tensor Draw(Tensor center, Tensor spread) => training ? center.Plus(spread.Times(0.5).exp() * randn_like(center)) : center;
}
