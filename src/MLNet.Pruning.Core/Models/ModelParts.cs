using System.Numerics;
using static TorchSharp.torch;

namespace MLNet.Pruning.Models;

static class Activations
{
    public static nn.Module<Tensor, Tensor> Module(this Activation activation) => activation switch
    {
        Activation.Relu => nn.ReLU(),
        Activation.LeakyRelu => new LeakyRelu(),
        Activation.Gelu => nn.GELU(),
        Activation.Silu => nn.SiLU(),
        Activation.Tanh => nn.Tanh(),
        Activation.Sigmoid => nn.Sigmoid(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), $"There is no activation {activation}."),
    };

    /// <summary>
    /// A leaky ReLU that holds the scalar of its negative slope, which TorchSharp's own does not (see <see cref="Scalars"/>).
    /// </summary>
    sealed class LeakyRelu() : nn.Module<Tensor, Tensor>(nameof(LeakyRelu))
    {
        static readonly TorchSharp.Scalar slope = 0.01;

        public override Tensor forward(Tensor input) => input.leaky_relu(slope);
    }
}

/// <summary>The present sizes of a module's layers, read from the weights: those are all that pruning is sure to shrink.</summary>
sealed class PresentSizes(nn.Module module)
{
    readonly Dictionary<string, long[]> shapes = module.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape);

    /// <summary>A layer's outputs; for a transposed convolution, its inputs.</summary>
    public int First(string layer) => (int)shapes[$"{layer}.weight"][0];

    /// <summary>A layer's inputs; for a transposed convolution, its outputs.</summary>
    public int Second(string layer) => (int)shapes[$"{layer}.weight"][1];

    /// <summary>The first sizes of layers whose names end in 1, 2 and so on.</summary>
    public int[] First(string layer, int count) => [.. Enumerable.Range(1, count).Select(i => First($"{layer}{i}"))];

    /// <summary>Throws if a layer no longer reads or computes whole channels.</summary>
    public static void CheckWhole(long features, long expected, string layer)
    {
        if (features != expected)
            throw new InvalidOperationException($"'{layer}' has {features} features where its neighbour's channels are {expected} "
                + $"numbers; no blueprint can say so.");
    }
}

/// <summary>The parts that networks of images share.</summary>
static class ImageParts
{
    public static void CheckImage(IReadOnlyList<long>? image, string network)
    {
        if (image is not { Count: 3 })
            throw new ArgumentException($"A {network} reads images of three dimensions, channels, height and width; there are "
                + $"{image?.Count ?? 0}.");
        if (image.Any(d => d is < 1 or > 1 << 20))
            throw new ArgumentException($"The images of the {network} are [{string.Join(", ", image)}]; each dimension must be from 1 to "
                + $"{1 << 20}.");
    }

    public static void CheckSizes(IReadOnlyList<int>? sizes, string what, int minimum)
    {
        if (sizes is null || sizes.Count < minimum)
            throw new ArgumentException($"There are {sizes?.Count ?? 0} {what}s; there must be at least {minimum}.");
        for (var i = 0; i < sizes.Count; i++)
            if (sizes[i] < 1)
                throw new ArgumentException($"Size {i} of the {what}s is {sizes[i]}; it must be at least 1.");
    }

    public static void CheckActivation(Activation activation)
    {
        if (!Enum.IsDefined(activation))
            throw new ArgumentException($"There is no activation {activation}.");
    }

    /// <summary>Height times width after poolings by 2 in so many blocks.</summary>
    public static long AreaAfter(IReadOnlyList<long> image, int blocks) => (image[1] >> blocks) * (image[2] >> blocks);

    /// <summary>The weights of layers that connect all of one size with all of the next.</summary>
    public static Int128 Dense<T>(IReadOnlyList<T> sizes)
        where T : IBinaryInteger<T> =>
        sizes.Zip(sizes.Skip(1)).Aggregate((Int128)0, (sum, pair) =>
            sum + (Int128.CreateChecked(pair.First) * Int128.CreateChecked(pair.Second)));

    /// <summary>The number of features of the last block, flattened.</summary>
    public static long Flattened(IReadOnlyList<long> image, IReadOnlyList<int> channels)
    {
        var size = channels[^1] * AreaAfter(image, channels.Count);
        return size <= int.MaxValue ? size : throw new ArgumentException($"{channels[^1]} channels of "
            + $"{image[1] >> channels.Count}x{image[2] >> channels.Count} are too many numbers for a fully connected layer.");
    }

    /// <summary>
    /// For each count of channels: a 3x3 convolution that keeps height and width, optional batch norm, activation, and max pooling by 2.
    /// </summary>
    /// <remarks>
    /// A monotonic activation keeps the largest of four values the largest. Pooling first therefore gives the same, and leaves the
    /// activation a quarter of the work.
    /// </remarks>
    public static void AddBlocks(List<(string, nn.Module<Tensor, Tensor>)> parts, IReadOnlyList<long> image, IReadOnlyList<int> channels,
        Activation activation, bool batchNorm)
    {
        var inputs = image[0];
        for (var i = 1; i <= channels.Count; i++)
        {
            parts.Add(($"conv{i}", nn.Conv2d(inputs, channels[i - 1], 3, 1, 1)));
            if (batchNorm)
                parts.Add(($"norm{i}", nn.BatchNorm2d(channels[i - 1])));
            (string, nn.Module<Tensor, Tensor>) active = ($"active{i}", activation.Module()), pool = ($"pool{i}", nn.MaxPool2d(2));
            parts.AddRange(activation is Activation.Relu or Activation.LeakyRelu ? [pool, active] : [active, pool]);
            inputs = channels[i - 1];
        }
    }

    /// <summary>Linear layers with an activation after each, and dropout if it is above 0.</summary>
    public static void AddHidden(List<(string, nn.Module<Tensor, Tensor>)> parts, long inputs, IReadOnlyList<int> sizes,
        Activation activation, double dropout = 0)
    {
        for (var i = 1; i <= sizes.Count; i++)
        {
            parts.Add(($"linear{i}", nn.Linear(inputs, sizes[i - 1])));
            parts.Add(($"hidden{i}", activation.Module()));
            if (dropout > 0)
                parts.Add(($"dropout{i}", nn.Dropout(dropout)));
            inputs = sizes[i - 1];
        }
    }

    /// <summary>
    /// [rows, channels, height, width]; flat rows are reshaped. On the CPU the channels of a pixel lie side by side, since LibTorch pools
    /// six times as fast then.
    /// </summary>
    public static Tensor Images(Tensor input, IReadOnlyList<long> image)
    {
        var images = input.Dimensions == 4 ? input : input.reshape(-1, image[0], image[1], image[2]);
        return images.device_type == TorchSharp.DeviceType.CPU ? images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : images;
    }
}

static class ModelOutputs
{
    /// <summary>All that a model computes; of an autoencoder its latents as well, of which the loss is made.</summary>
    public static IReadOnlyList<Tensor> Of(nn.Module model, Tensor input)
    {
        switch (model)
        {
            case Vae vae:
                var output = vae.Run(input);
                return [output.Logits, output.Mean, output.LogVariance];
            case nn.Module<Tensor, Tensor> network:
                return [network.call(input)];
            default:
                throw new NotSupportedException($"{model.GetType().Name} does not take one tensor and give one: set "
                    + $"NeuronPruning.Forward to a function that runs it.");
        }
    }
}
