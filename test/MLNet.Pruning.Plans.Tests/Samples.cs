using System.Globalization;

namespace MLNet.Pruning.Plans.Tests;

/// <summary>Networks of odd sizes, random weights for them, and random rows.</summary>
static class Samples
{
    static readonly VitDescription Vit = new([1, 12, 12], 3, 5, 20, [3, 2], 6, [30, 41]);

    public static IReadOnlyList<NetworkDescription> Networks { get; } =
    [
        new FeedForwardDescription([19, 50, 30, 10]),
        new FeedForwardDescription([7, 3], Activation.Tanh),
        new FeedForwardDescription([33, 17, 9, 1], Activation.Sigmoid),
        Vit,
        Vit with { Merge = 0.5, Pooling = VitPooling.ClassToken, Activation = Activation.Silu },
        Vit with { Merge = 3, LayerMerges = [0.3, 2], Heads = [1, 4], Hidden = [5, 16] },
        Vit with { LayerMerges = [4, 0], Pooling = VitPooling.ClassToken, Image = [3, 9, 15] },
        Vit with { Merge = 0.5, Input = VitInput.Tokens, HeadSize = 16, Dim = 64 },
        Vit with { Image = [1, 6, 9], Merge = 1 },
        Vit with { Image = [2, 6, 6], LayerMerges = [1, 0] },
        new ConvNetDescription([3, 9, 14], [5, 9], [21], 4, Activation.Gelu),
        new ConvNetDescription([1, 8, 8], [8], [], 3, Activation.LeakyRelu, BatchNorm: true),
        new ConvNetDescription([2, 21, 17], [3, 4, 6], [12, 11], 6, Activation.Sigmoid),
        new VaeDescription([1, 8, 12], [4, 6], [20], 3, DecoderChannels: [5, 3], ReconstructionWeight: 0.5, DivergenceWeight: 2),
        new VaeDescription([3, 6, 4], [3], [9, 8], 5, Activation.Silu),
    ];

    /// <summary>Weights by the names and shapes that the PyTorch modules have.</summary>
    /// <param name="network">The network.</param>
    /// <param name="density">The fraction of the weights of layers that are active.</param>
    public static NetworkWeights Weights(NetworkDescription network, double density)
    {
        var weights = new NetworkWeights();
        int seed = 0;
        switch (network)
        {
            case FeedForwardDescription f:
                Chain("layers.linear", f.Sizes);
                break;
            case ConvNetDescription c:
                Blocks("features.conv", c.Image[0], c.Channels);
                for (int i = 1; c.BatchNorm && i <= c.Channels.Count; i++)
                {
                    foreach (string part in (string[])["weight", "bias", "running_mean"])
                        Add($"features.norm{i}.{part}", 1, 1, c.Channels[i - 1]);
                    weights.Add($"features.norm{i}.running_var", [.. Numbers.Random(c.Channels[i - 1], ++seed).Select(v => 1 + (v / 2))],
                        c.Channels[i - 1]);
                }
                int[] sizes = [Flat(c.Image, c.Channels), .. c.Hidden];
                Chain("classifier.linear", sizes);
                Linear("classifier.logits", c.Classes, sizes[^1]);
                break;
            case VaeDescription v:
                Blocks("encoder.conv", v.Image[0], v.Channels);
                Chain("encoder.linear", [Flat(v.Image, v.Channels), .. v.Hidden]);
                Linear("mean", v.Latent, v.Hidden[^1]);
                Linear("logVariance", v.Latent, v.Hidden[^1]);
                Chain("expansion.linear", [v.Latent, .. v.HiddenBack, Flat(v.Image, v.Channels) / v.Channels[^1] * v.ChannelsBack[0]]);
                int[] channels = [.. v.ChannelsBack, v.Image[0]];
                for (int i = 1; i < channels.Length; i++)
                {
                    Add($"decoder.deconv{i}.weight", 0.3, density, channels[i - 1], channels[i], 4, 4);
                    Add($"decoder.deconv{i}.bias", 0.3, 1, channels[i]);
                }
                break;
            case VitDescription t:
                Linear("embedding", t.Dim, t.Grid.TokenWidth);
                Add("positions.weight", 0.5, 1, t.Grid.Count, t.Dim);
                if (t.Pooling == VitPooling.ClassToken)
                    Add("classToken.weight", 0.5, 1, 1, t.Dim);
                for (int b = 0; b < t.Depth; b++)
                {
                    string name = string.Create(CultureInfo.InvariantCulture, $"blocks.{b}");
                    int width = t.Heads[b] * t.HeadSize;
                    Norm($"{name}.attentionNorm", t.Dim);
                    Norm($"{name}.hiddenNorm", t.Dim);
                    Linear($"{name}.attention.qkv", 3 * width, t.Dim);
                    Linear($"{name}.attention.projection", t.Dim, width);
                    Linear($"{name}.hidden", t.Hidden[b], t.Dim);
                    Linear($"{name}.output", t.Dim, t.Hidden[b]);
                }
                Norm("norm", t.Dim);
                Linear("logits", t.Classes, t.Dim);
                break;
        }
        return weights;

        void Add(string name, double scale, double active, params int[] shape) =>
            weights.Add(name, Numbers.Sparse(shape.Aggregate(1, (product, size) => product * size), ++seed, active, scale), shape);

        void Linear(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", 1.5 / Math.Sqrt(inputs), density, outputs, inputs);
            Add($"{name}.bias", 0.5, 1, outputs);
        }

        void Norm(string name, int width)
        {
            Add($"{name}.weight", 1, 1, width);
            Add($"{name}.bias", 0.3, 1, width);
        }

        void Chain(string name, IReadOnlyList<int> sizes)
        {
            for (int i = 1; i < sizes.Count; i++)
                Linear($"{name}{i}", sizes[i], sizes[i - 1]);
        }

        void Blocks(string name, int inputs, IReadOnlyList<int> channels)
        {
            for (int i = 1; i <= channels.Count; i++)
            {
                Add($"{name}{i}.weight", 0.5, density, channels[i - 1], inputs, 3, 3);
                Add($"{name}{i}.bias", 0.3, 1, inputs = channels[i - 1]);
            }
        }

        static int Flat(IReadOnlyList<int> image, IReadOnlyList<int> channels) =>
            channels[^1] * (image[1] >> channels.Count) * (image[2] >> channels.Count);
    }

    public static float[] Rows(NetworkDescription network, int count)
    {
        var rows = Numbers.Random(count * network.InputWidth, 77).Select(v => (v + 1) / 2).ToArray();
        if (network is VitDescription { Input: VitInput.Tokens } vit)
        {
            var random = new Random(3);
            for (int row = 0; row < count; row++)
            {
                var rest = rows.AsSpan((row * vit.InputWidth) + (vit.Tokens * vit.Grid.TokenWidth), vit.Tokens + vit.Grid.Count);
                rest[..vit.Tokens].Clear();
                for (int n = 0; n < vit.Grid.Count; n++)
                {
                    int token = n < vit.Tokens ? n : random.Next(vit.Tokens);
                    rest[vit.Tokens + n] = token;
                    rest[token]++;
                }
            }
        }
        return rows;
    }
}
