using MLNet.Pruning.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning;

/// <summary>
/// A convolutional network: blocks of convolution, activation and pooling, then fully connected layers, and logits at the end.
/// </summary>
public sealed class ConvNet : nn.Module<Tensor, Tensor>
{
    readonly Sequential features;
    readonly Sequential classifier;
    readonly ConvNetBlueprint built;

    /// <summary>Builds the network with random initial weights.</summary>
    public ConvNet(ConvNetBlueprint blueprint) : base(nameof(ConvNet))
    {
        ArgumentNullException.ThrowIfNull(blueprint);
        blueprint.Validate();
        built = blueprint;
        var parts = new List<(string, nn.Module<Tensor, Tensor>)>();
        ImageParts.AddBlocks(parts, blueprint.Image, blueprint.Channels, blueprint.Activation, blueprint.BatchNorm);
        features = nn.Sequential([.. parts]);
        parts = [("flatten", nn.Flatten())];
        var flat = ImageParts.Flattened(blueprint.Image, blueprint.Channels);
        ImageParts.AddHidden(parts, flat, blueprint.Hidden, blueprint.Activation, blueprint.Dropout);
        parts.Add(("logits", nn.Linear(blueprint.Hidden.Count > 0 ? blueprint.Hidden[^1] : flat, blueprint.Classes)));
        classifier = nn.Sequential([.. parts]);
        RegisterComponents();
    }

    /// <summary>The present blueprint of the network, also after neurons were removed.</summary>
    /// <exception cref="InvalidOperationException">Its layers no longer fit each other.</exception>
    public ConvNetBlueprint Blueprint
    {
        get
        {
            var sizes = new PresentSizes(this);
            var now = built with
            {
                Channels = sizes.First("features.conv", built.Channels.Count),
                Hidden = sizes.First("classifier.linear", built.Hidden.Count),
            };
            var first = built.Hidden.Count > 0 ? "classifier.linear1" : "classifier.logits";
            PresentSizes.CheckWhole(sizes.Second(first), ImageParts.Flattened(now.Image, now.Channels), first);
            return now;
        }
    }

    /// <summary>[rows, channels, height, width], or flat rows -> [rows, classes]</summary>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return classifier.call(features.call(ImageParts.Images(input, built.Image)));
    }
}
