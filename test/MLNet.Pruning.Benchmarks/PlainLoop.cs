using System.Diagnostics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Benchmarks;

/// <summary>Training as users of TorchSharp write it, after PyTorch's tutorials: modules, one of torch.optim's optimizers, and a loop over batches chosen by index.</summary>
sealed class PlainLoop : IDisposable
{
    readonly nn.Module<Tensor, Tensor> model;
    readonly optim.Optimizer optimizer;
    readonly Tensor inputs, labels;
    readonly int batch;

    /// <param name="network">What is trained.</param>
    /// <param name="rows">On what.</param>
    /// <param name="batch">Rows of a batch.</param>
    /// <param name="fused">Attention by <c>scaled_dot_product_attention</c>, not by the operators of the textbook.</param>
    public PlainLoop(Network network, Examples rows, int batch, bool fused)
    {
        this.batch = batch;
        random.manual_seed(1);
        model = network.Name switch
        {
            "fc" => nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 30), nn.ReLU(), nn.Linear(30, 10)),
            "tabular" => nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)),
            "cnn" => nn.Sequential(
                nn.Conv2d(3, 16, 3, padding: 1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(16, 32, 3, padding: 1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)),
            "vae" or "vae85" => new PlainVae((VaeBlueprint)network.Blueprint),
            _ => new PlainVit((VitBlueprint)network.Blueprint, fused),
        };
        optimizer = network.Optimizer == OptimizerKind.AdamW ? optim.AdamW(model.parameters()) : optim.Adam(model.parameters());
        (inputs, labels) = rows.Tensors();
    }

    /// <summary>Images a second.</summary>
    public double Epoch(int threads)
    {
        set_num_threads(threads);
        model.train();
        using var order = randperm(labels.shape[0]);
        var began = Stopwatch.GetTimestamp();
        for (long from = 0; from < labels.shape[0]; from += batch)
        {
            using var scope = NewDisposeScope();
            var rows = order.narrow(0, from, Math.Min(batch, labels.shape[0] - from));
            var (x, y) = (inputs.index_select(0, rows), labels.index_select(0, rows));
            optimizer.zero_grad();
            var loss = model is PlainVae vae ? vae.Loss(x) : nn.functional.cross_entropy(model.call(x), y);
            loss.backward();
            optimizer.step();
            if (!float.IsFinite(loss.item<float>()))
                throw new InvalidOperationException("The plain loop diverged.");
        }
        return labels.shape[0] / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    public void Dispose()
    {
        optimizer.Dispose();
        model.Dispose();
        inputs.Dispose();
        labels.Dispose();
    }
}

/// <summary>The autoencoder as PyTorch's examples write one, with convolutions.</summary>
sealed class PlainVae : nn.Module<Tensor, Tensor>
{
    readonly Sequential encoder, decoder;
    readonly Linear mean, logVariance;

    public PlainVae(VaeBlueprint of) : base(nameof(PlainVae))
    {
        int first = of.Channels[0], second = of.Channels[1];
        long height = of.Image[1] / 4, width = of.Image[2] / 4, flat = second * height * width;
        var dense = of.Hidden.Prepend((int)flat).Zip(of.Hidden).SelectMany(pair => new nn.Module<Tensor, Tensor>[] { nn.Linear(pair.First, pair.Second), nn.ReLU() });
        var back = of.Hidden.Reverse().Prepend(of.Latent).Zip(of.Hidden.Reverse().Append((int)flat)).SelectMany(pair => new nn.Module<Tensor, Tensor>[] { nn.Linear(pair.First, pair.Second), nn.ReLU() });
        encoder = nn.Sequential([
            nn.Conv2d(of.Image[0], first, 3, padding: 1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding: 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), .. dense]);
        mean = nn.Linear(of.Hidden[^1], of.Latent);
        logVariance = nn.Linear(of.Hidden[^1], of.Latent);
        decoder = nn.Sequential([
            .. back, nn.Unflatten(1, [second, height, width]),
            nn.ConvTranspose2d(second, first, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(first, of.Image[0], 4, 2, 1)]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => decoder.call(mean.call(encoder.call(input)));

    public Tensor Loss(Tensor images)
    {
        var hidden = encoder.call(images);
        var (center, spread) = (mean.call(hidden), logVariance.call(hidden));
        var logits = decoder.call(center + (randn_like(center) * (0.5 * spread).exp()));
        var entropy = nn.functional.binary_cross_entropy_with_logits(logits, images, reduction: nn.Reduction.Sum);
        var distance = -0.5 * (1 + spread - center.pow(2) - spread.exp()).sum();
        return (entropy + distance) / images.shape[0];
    }
}

/// <summary>The vision transformer as a class of modules; where patches merge, they do as in ToMe (Bolya et al., 2023): see peers/merging.py.</summary>
sealed class PlainVit : nn.Module<Tensor, Tensor>
{
    readonly VitBlueprint shape;
    readonly Linear embedding, logits;
    readonly Parameter positions;
    readonly ModuleList<PlainBlock> blocks;
    readonly LayerNorm norm;

    public PlainVit(VitBlueprint shape, bool fused) : base(nameof(PlainVit))
    {
        this.shape = shape;
        embedding = nn.Linear(shape.Grid.TokenWidth, shape.Dim);
        positions = nn.Parameter(randn(shape.Grid.Count, shape.Dim));
        blocks = nn.ModuleList([.. Enumerable.Range(0, shape.Depth).Select(i => new PlainBlock(shape.Dim, shape.BlockHeads[i], shape.BlockHidden[i], fused))]);
        norm = nn.LayerNorm(shape.Dim);
        logits = nn.Linear(shape.Dim, shape.Classes);
        RegisterComponents();
    }

    public override Tensor forward(Tensor images)
    {
        var grid = shape.Grid;
        var p = grid.PatchSize;
        var patches = images.view(-1, grid.Rows, p, grid.Columns, p).transpose(2, 3).reshape(-1, grid.Count, grid.TokenWidth);
        var tokens = embedding.call(patches) + positions;
        Tensor? sizes = null;
        if (shape.Tokens < grid.Count)
            (tokens, sizes) = Merge(patches, tokens, grid.Count - shape.Tokens);
        var logSizes = sizes?.log().view(-1, 1, 1, shape.Tokens);
        foreach (var block in blocks)
            tokens = block.call(tokens, logSizes);
        var pooled = sizes is null ? tokens.mean([1]) : (tokens * sizes).sum(1L) / sizes.sum(1L);
        return logits.call(norm.call(pooled));
    }

    /// <summary>Means of tokens whose patches are alike, and how many patches each stands for, [B, K, 1].</summary>
    static (Tensor Tokens, Tensor Sizes) Merge(Tensor patches, Tensor tokens, long merge)
    {
        Tensor stays, goes, to;
        long count = tokens.shape[1], evens = (count + 1) / 2, images = tokens.shape[0], width = tokens.shape[2];
        using (no_grad())
        {
            var directions = nn.functional.normalize(patches, dim: -1);
            var even = arange(0, count, 2);
            var odd = arange(1, count, 2);
            var (best, partner) = directions.index_select(1, even).matmul(directions.index_select(1, odd).transpose(1, 2)).max(-1);
            var order = best.argsort(-1, descending: true).unsqueeze(-1);
            (goes, stays) = (order.narrow(1, 0, merge), order.narrow(1, merge, evens - merge));
            to = partner.unsqueeze(-1).gather(1, goes);
        }
        var total = Sum(ones(images, count, 1));
        return (Sum(tokens) / total, total);

        Tensor Sum(Tensor x)
        {
            var columns = x.shape[2];
            var (even, odd) = (x.index_select(1, arange(0, count, 2)), x.index_select(1, arange(1, count, 2)));
            var merged = odd.scatter_add(1, to.expand(-1, -1, columns), even.gather(1, goes.expand(-1, -1, columns)));
            return cat([even.gather(1, stays.expand(-1, -1, columns)), merged], 1);
        }
    }
}

sealed class PlainBlock : nn.Module<Tensor, Tensor?, Tensor>
{
    readonly LayerNorm norm1, norm2;
    readonly Linear qkv, projection, hidden, output;
    readonly long heads;
    readonly bool fused;

    public PlainBlock(long dim, long heads, long neurons, bool fused) : base(nameof(PlainBlock))
    {
        (this.heads, this.fused) = (heads, fused);
        (norm1, norm2) = (nn.LayerNorm(dim), nn.LayerNorm(dim));
        (qkv, projection) = (nn.Linear(dim, 3 * dim), nn.Linear(dim, dim));
        (hidden, output) = (nn.Linear(dim, neurons), nn.Linear(neurons, dim));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor? logSizes)
    {
        long images = x.shape[0], tokens = x.shape[1], dim = x.shape[2];
        var parts = qkv.call(norm1.call(x)).view(images, tokens, 3, heads, dim / heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = fused
            ? nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], logSizes)
            : Attention(parts, logSizes, dim / heads);
        x = x + projection.call(mixed.transpose(1, 2).reshape(images, tokens, dim));
        return x + output.call(nn.functional.gelu(hidden.call(norm2.call(x))));
    }

    static Tensor Attention(Tensor[] parts, Tensor? logSizes, long headSize)
    {
        using var scale = (Scalar)(1 / Math.Sqrt(headSize));
        var weights = (parts[0] * scale).matmul(parts[1].transpose(-2, -1));
        if (logSizes is not null)
            weights = weights + logSizes;
        return weights.softmax(-1).matmul(parts[2]);
    }
}
