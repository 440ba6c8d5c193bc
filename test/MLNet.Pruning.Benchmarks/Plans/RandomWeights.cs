using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Random weights for networks of any sizes.</summary>
static class RandomWeights
{
    public static NetworkWeights For(NetworkDescription network)
    {
        var (weights, random) = (new NetworkWeights(), new Random(1));
        switch (network)
        {
            case FeedForwardDescription f:
                for (int i = 1; i < f.Sizes.Count; i++)
                    Linear($"layers.linear{i}", f.Sizes[i], f.Sizes[i - 1]);
                break;
            case ConvNetDescription c:
                int before = c.Image[0], height = c.Image[1], width = c.Image[2];
                for (int i = 1; i <= c.Channels.Count; i++, height /= 2, width /= 2)
                {
                    Add($"features.conv{i}.weight", 9 * before, c.Channels[i - 1], before, 3, 3);
                    Add($"features.conv{i}.bias", 9 * before, c.Channels[i - 1]);
                    before = c.Channels[i - 1];
                }
                before *= height * width;
                for (int i = 1; i <= c.Hidden.Count; i++)
                {
                    Linear($"classifier.linear{i}", c.Hidden[i - 1], before);
                    before = c.Hidden[i - 1];
                }
                Linear("classifier.logits", c.Classes, before);
                break;
            case VitDescription v:
                Linear("embedding", v.Dim, v.Grid.TokenWidth);
                Add("positions.weight", 16, v.Grid.Count, v.Dim);
                for (int b = 0; b < v.Depth; b++)
                {
                    int heads = v.Heads[b] * v.HeadSize;
                    Norm($"blocks.{b}.attentionNorm", v.Dim);
                    Norm($"blocks.{b}.hiddenNorm", v.Dim);
                    Linear($"blocks.{b}.attention.qkv", 3 * heads, v.Dim);
                    Linear($"blocks.{b}.attention.projection", v.Dim, heads);
                    Linear($"blocks.{b}.hidden", v.Hidden[b], v.Dim);
                    Linear($"blocks.{b}.output", v.Dim, v.Hidden[b]);
                }
                Norm("norm", v.Dim);
                Linear("logits", v.Classes, v.Dim);
                break;
            default:
                throw new NotSupportedException(network.GetType().Name);
        }
        return weights;

        void Linear(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", inputs, outputs, inputs);
            Add($"{name}.bias", inputs, outputs);
        }

        void Norm(string name, int width)
        {
            Add($"{name}.weight", 1, width);
            Add($"{name}.bias", 1, width);
        }

        void Add(string name, int inputs, params int[] shape)
        {
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            foreach (ref float value in values.AsSpan())
                value = (float)(((2 * random.NextDouble()) - 1) / Math.Sqrt(inputs));
            weights.Add(name, values, shape);
        }
    }

    /// <summary>Multiply-adds of a row.</summary>
    public static double Macs(NetworkDescription network) => network switch
    {
        FeedForwardDescription f => f.Sizes.Zip(f.Sizes.Skip(1), (a, b) => (double)a * b).Sum(),
        ConvNetDescription c => Macs(c),
        VitDescription v => v.Tokens * (((double)v.Grid.TokenWidth * v.Dim) + Enumerable.Range(0, v.Depth).Sum(b =>
            (4.0 * v.Heads[b] * v.HeadSize * v.Dim) + (2.0 * v.Hidden[b] * v.Dim) + (2.0 * v.Tokens * v.Heads[b] * v.HeadSize))),
        _ => throw new NotSupportedException(network.GetType().Name),
    };

    static double Macs(ConvNetDescription c)
    {
        double macs = 0, before = c.Image[0], pixels = c.Image[1] * c.Image[2];
        foreach (int channels in c.Channels)
        {
            macs += 9 * before * channels * pixels;
            (before, pixels) = (channels, pixels / 4);
        }
        before *= pixels;
        foreach (int outputs in c.Hidden.Append(c.Classes))
        {
            macs += before * outputs;
            before = outputs;
        }
        return macs;
    }
}
