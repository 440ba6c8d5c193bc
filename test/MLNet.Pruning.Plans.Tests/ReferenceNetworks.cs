namespace MLNet.Pruning.Plans.Tests;

/// <summary>Networks in double precision, a row at a time.</summary>
static class ReferenceNetworks
{
    public static double[] Score(NetworkDescription network, NetworkWeights weights, ReadOnlySpan<float> row)
    {
        var x = row.ToArray().Select(v => (double)v).ToArray();
        return network switch
        {
            FeedForwardDescription f => ReferenceLayers.Probabilities(Chain(weights, "layers.linear", x, f.Sizes.Skip(1), f.Activation, false)),
            ConvNetDescription c => ConvNet(c, weights, x),
            VaeDescription v => Vae(v, weights, x),
            VitDescription t => Vit(t, weights, x),
            _ => throw new NotSupportedException(),
        };
    }

    static double[] Chain(NetworkWeights weights, string name, double[] x, IEnumerable<int> sizes, Activation activation,
        bool activatesLast)
    {
        var all = sizes.ToArray();
        for (int i = 0; i < all.Length; i++)
        {
            x = ReferenceLayers.Linear(weights, $"{name}{i + 1}", x, all[i]);
            if (activatesLast || i < all.Length - 1)
                x = ReferenceLayers.Activate(activation, x);
        }
        return x;
    }

    static double[] Encode(NetworkWeights weights, string name, string? norm, double[] x, IReadOnlyList<int> image,
        IReadOnlyList<int> channels, Activation activation)
    {
        var (inputs, height, width) = (image[0], image[1], image[2]);
        for (int i = 1; i <= channels.Count; i++)
        {
            int outputs = channels[i - 1];
            x = ReferenceLayers.Convolution(weights, $"{name}{i}", x, inputs, outputs, height, width);
            if (norm is not null)
            {
                float[] scale = weights.Get($"{norm}{i}.weight", outputs).ToArray(), shift = weights.Get($"{norm}{i}.bias", outputs).ToArray();
                float[] mean = weights.Get($"{norm}{i}.running_mean", outputs).ToArray(), variance = weights.Get($"{norm}{i}.running_var", outputs).ToArray();
                int area = height * width;
                x = [.. x.Select((v, at) => ((v - mean[at / area]) / Math.Sqrt(variance[at / area] + 1e-5) * scale[at / area])
                    + shift[at / area])];
            }
            x = ReferenceLayers.Pool(ReferenceLayers.Activate(activation, x), outputs, height, width);
            (inputs, height, width) = (outputs, height / 2, width / 2);
        }
        return x;
    }

    static double[] ConvNet(ConvNetDescription c, NetworkWeights weights, double[] x)
    {
        x = Encode(weights, "features.conv", c.BatchNorm ? "features.norm" : null, x, c.Image, c.Channels, c.Activation);
        x = Chain(weights, "classifier.linear", x, c.Hidden, c.Activation, true);
        return ReferenceLayers.Probabilities(ReferenceLayers.Linear(weights, "classifier.logits", x, c.Classes));
    }

    static double[] Vae(VaeDescription v, NetworkWeights weights, double[] x)
    {
        var encoded = Chain(weights, "encoder.linear", Encode(weights, "encoder.conv", null, x, v.Image, v.Channels, v.Activation),
            v.Hidden, v.Activation, true);
        var (mean, spread) = (ReferenceLayers.Linear(weights, "mean", encoded, v.Latent),
            ReferenceLayers.Linear(weights, "logVariance", encoded, v.Latent));
        int blocks = v.Channels.Count, height = v.Image[1] >> blocks, width = v.Image[2] >> blocks;
        var y = Chain(weights, "expansion.linear", mean, [.. v.HiddenBack, v.ChannelsBack[0] * height * width], v.Activation, true);
        int[] channels = [.. v.ChannelsBack, v.Image[0]];
        for (int i = 0; i < blocks; i++)
        {
            y = ReferenceLayers.Transposed(weights, $"decoder.deconv{i + 1}", y, channels[i], channels[i + 1], height << i, width << i);
            y = i < blocks - 1 ? ReferenceLayers.Activate(v.Activation, y) : y;
        }
        double entropy = y.Zip(x, (logit, t) => Math.Max(logit, 0) - (logit * t) + Math.Log(1 + Math.Exp(-Math.Abs(logit)))).Sum();
        double divergence = mean.Zip(spread, (m, s) => (m * m) + Math.Exp(s) - 1 - s).Sum() / 2;
        return [.. mean, .. ReferenceLayers.Activate(Activation.Sigmoid, y), (v.ReconstructionWeight * entropy)
            + (v.DivergenceWeight * divergence)];
    }

    static double[] Vit(VitDescription v, NetworkWeights weights, double[] x)
    {
        var (grid, dim) = (v.Grid, v.Dim);
        int patches = grid.Count, width = grid.TokenWidth;
        double[][] tokens;
        int[] sources;
        double[] sizes;
        if (v.Input == VitInput.Pixels)
        {
            var cut = new float[patches * width];
            grid.Cut(x.Select(value => (float)value).ToArray(), cut);
            double[][] all = [.. cut.Chunk(width).Select(patch => patch.Select(value => (double)value).ToArray())];
            sources = ReferenceLayers.Match(all, patches - v.Tokens, 0);
            sizes = [.. Enumerable.Range(0, v.Tokens).Select(k => (double)sources.Count(s => s == k))];
            tokens = Means(all, [.. Enumerable.Repeat(1.0, patches)], sources, v.Tokens);
        }
        else
        {
            tokens = [.. x.Take(v.Tokens * width).Chunk(width)];
            sizes = [.. x.Skip(v.Tokens * width).Take(v.Tokens)];
            sources = [.. x.Skip(v.Tokens * (width + 1)).Select(s => (int)s)];
        }
        var positions = weights.Get("positions.weight", patches, dim).ToArray();
        tokens = [.. tokens.Select((token, k) => ReferenceLayers.Linear(weights, "embedding", token, dim)
            .Select((value, d) => value + (Enumerable.Range(0, patches).Where(n => sources[n] == k).Sum(n =>
                positions[(n * dim) + d]) / sizes[k])).ToArray())];
        int apart = v.Pooling == VitPooling.ClassToken ? 1 : 0;
        if (apart > 0)
            (tokens, sizes) = ([weights.Get("classToken.weight", 1, dim).ToArray().Select(value => (double)value).ToArray(), .. tokens],
                [1, .. sizes]);
        int[] merges = v.BlockMerges();
        for (int b = 0; b < v.Depth; b++)
        {
            string name = $"blocks.{b}";
            var mixed = Attention(v, weights, b, [.. tokens.Select(token =>
                ReferenceLayers.Norm(weights, $"{name}.attentionNorm", token))], sizes);
            tokens = [.. tokens.Select((token, t) => Sum(token,
                ReferenceLayers.Linear(weights, $"{name}.attention.projection", mixed[t], dim)))];
            if (merges[b] > 0)
            {
                var goes = ReferenceLayers.Match([.. tokens.Select(token => ReferenceLayers.Norm(weights, $"{name}.hiddenNorm", token))],
                    merges[b], apart);
                tokens = Means(tokens, sizes, goes, tokens.Length - merges[b]);
                sizes = [.. Enumerable.Range(0, tokens.Length).Select(k => sizes.Where((_, t) => goes[t] == k).Sum())];
            }
            tokens = [.. tokens.Select(token => Sum(token, Chain(weights, name, token, v, b)))];
        }
        double[] pooled = apart > 0 ? tokens[0]
            : [.. Enumerable.Range(0, dim).Select(d => tokens.Select((token, t) => token[d] * sizes[t]).Sum() / patches)];
        return ReferenceLayers.Probabilities(ReferenceLayers.Linear(weights, "logits", ReferenceLayers.Norm(weights, "norm", pooled),
            v.Classes));
    }

    static double[] Chain(NetworkWeights weights, string name, double[] token, VitDescription v, int block)
    {
        var hidden = ReferenceLayers.Linear(weights, $"{name}.hidden", ReferenceLayers.Norm(weights, $"{name}.hiddenNorm", token),
            v.Hidden[block]);
        return ReferenceLayers.Linear(weights, $"{name}.output", ReferenceLayers.Activate(v.Activation, hidden), v.Dim);
    }

    static double[][] Attention(VitDescription v, NetworkWeights weights, int block, double[][] tokens, double[] sizes)
    {
        int size = v.HeadSize, width = v.Heads[block] * size;
        double[][] qkv = [.. tokens.Select(token => ReferenceLayers.Linear(weights, $"blocks.{block}.attention.qkv", token, 3 * width))];
        var mixed = tokens.Select(_ => new double[width]).ToArray();
        for (int head = 0; head < v.Heads[block]; head++)
        {
            for (int t = 0; t < tokens.Length; t++)
            {
                double Logit(int key) =>
                    Math.Log(sizes[key])
                    + (Enumerable.Range(head * size, size).Sum(d => qkv[t][d] * qkv[key][width + d]) / Math.Sqrt(size));

                var shares = ReferenceLayers.Softmax([.. Enumerable.Range(0, tokens.Length).Select(Logit)]);
                for (int d = head * size; d < (head + 1) * size; d++)
                    mixed[t][d] = Enumerable.Range(0, tokens.Length).Sum(key => shares[key] * qkv[key][(2 * width) + d]);
            }
        }
        return mixed;
    }

    static double[][] Means(double[][] tokens, double[] sizes, int[] sources, int survivors) =>
    [
        .. Enumerable.Range(0, survivors).Select(k =>
        {
            var members = Enumerable.Range(0, tokens.Length).Where(t => sources[t] == k).ToArray();
            return Enumerable.Range(0, tokens[0].Length).Select(d =>
                members.Sum(t => tokens[t][d] * sizes[t]) / members.Sum(t => sizes[t])).ToArray();
        }),
    ];

    static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
