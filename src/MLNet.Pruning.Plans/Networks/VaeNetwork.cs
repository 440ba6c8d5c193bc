using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// A variational autoencoder: convolution blocks and hidden layers compute means and log-variances of latents; from the means, hidden
/// layers and transposed convolutions compute the reconstruction. The output of a row is its means, its reconstruction and its loss.
/// </summary>
sealed unsafe class VaeNetwork : Network
{
    readonly KernelSet kernels;
    readonly VaeDescription vae;
    readonly int values;
    readonly ImageEncoder encoder;
    readonly LinearChain hidden, expansion;
    readonly LinearLayer mean, logVariance;
    readonly TransposedConvolution[] decoder;
    readonly WorkspaceLayout layout = new();
    readonly int features, means, logVariances, scratch, target, image, other;

    public VaeNetwork(VaeDescription description, NetworkWeights weights, CompileOptions options)
    {
        (kernels, vae, values) = (options.Kernels, description, description.InputWidth);
        var (choice, activation, blocks) = (options.Choice, vae.Activation, vae.Channels.Count);
        int[] channels = [vae.Image[0], .. vae.Channels];
        var convolutions = vae.Channels.Select((count, i) => weights.Convolution($"encoder.conv{i + 1}", count, channels[i], 3));
        encoder = new(kernels, vae.Image, convolutions, activation, choice, layout);
        features = layout.Add((long)BlockRows * encoder.Features);
        hidden = Chain("encoder", [encoder.Features, .. vae.Hidden]);
        mean = Latents(nameof(mean));
        logVariance = Latents(nameof(logVariance));
        means = layout.Add((long)BlockRows * kernels.Padded(vae.Latent));
        logVariances = layout.Add((long)BlockRows * kernels.Padded(vae.Latent));
        scratch = layout.Add(Math.Max(mean.Scratch, logVariance.Scratch));

        var (height, width) = (vae.Image[1] >> blocks, vae.Image[2] >> blocks);
        expansion = Chain("expansion", [vae.Latent, .. vae.HiddenBack, checked(vae.ChannelsBack[0] * height * width)]);
        channels = [.. vae.ChannelsBack, vae.Image[0]];
        decoder = new TransposedConvolution[blocks];
        for (int i = 0; i < blocks; i++)
        {
            string name = $"decoder.deconv{i + 1}";
            var weight = weights.Get($"{name}.weight", channels[i], channels[i + 1], 4, 4);
            var bias = weights.Get($"{name}.bias", channels[i + 1]);
            decoder[i] = new(kernels, name, weight, bias, choice, height << i, width << i, layout);
        }
        target = layout.Add(values);
        image = layout.Add(decoder.Max(layer => layer.Outputs));
        other = layout.Add(decoder.Max(layer => layer.Outputs));

        LinearChain Chain(string name, int[] sizes)
        {
            var linear = Enumerable.Range(1, sizes.Length - 1).Select(i => weights.Linear($"{name}.linear{i}", sizes[i], sizes[i - 1]));
            return new(kernels, [.. linear], activation, activatesLast: true, choice, BlockRows, layout, options.Precision);
        }

        LinearLayer Latents(string name)
        {
            var linear = weights.Linear(name, vae.Latent, vae.Hidden[^1]);
            return new(kernels, linear, KernelRule.SparseRows(linear, kernels, choice, options.Precision), BlockRows, options.Precision);
        }
    }

    public override int InputWidth => values;

    public override int OutputWidth => vae.Latent + values + 1;

    public override int BlockRows => 32;

    public override IEnumerable<PlanStep> Steps =>
        [.. encoder.Steps, .. hidden.Steps, mean.Step, logVariance.Step, .. expansion.Steps, .. decoder.Select(layer => layer.Step)];

    public override Workspace NewWorkspace() => new(layout.Length, 0);

    public override void Score(Workspace workspace, float* rows, int count, float* scores)
    {
        float* features = workspace.At(this.features), means = workspace.At(this.means), logVariances = workspace.At(this.logVariances);
        int latents = kernels.Padded(vae.Latent);
        encoder.Compute(workspace, rows, count, features);
        float* encoded = hidden.Compute(workspace, features, count, encoder.Features);
        mean.Compute(encoded, count, hidden.Stride, means, latents, workspace.At(scratch));
        logVariance.Compute(encoded, count, hidden.Stride, logVariances, latents, workspace.At(scratch));
        float* expanded = expansion.Compute(workspace, means, count, latents);
        for (int row = 0; row < count; row++, means += latents, logVariances += latents, rows += values, scores += OutputWidth)
        {
            float* logits = Decode(workspace, expanded + ((long)row * expansion.Stride));
            new ReadOnlySpan<float>(means, vae.Latent).CopyTo(new Span<float>(scores, vae.Latent));
            scores[OutputWidth - 1] = Loss(workspace, rows, logits, means, logVariances);
            kernels.Activate(Activation.Sigmoid, logits, values);
            new ReadOnlySpan<float>(logits, values).CopyTo(new Span<float>(scores + vae.Latent, values));
        }
    }

    /// <summary>Computes the logits of an image's values from its expanded latents.</summary>
    float* Decode(Workspace workspace, float* from)
    {
        float* to = workspace.At(image), next = workspace.At(other);
        for (int i = 0; i < decoder.Length; i++)
        {
            decoder[i].Compute(workspace, from, to);
            if (i < decoder.Length - 1)
                kernels.Activate(vae.Activation, to, decoder[i].Outputs);
            from = to;
            to = next;
            next = from;
        }
        return from;
    }

    /// <summary>
    /// The cross-entropy of the reconstruction, and the divergence of the latents from the standard normal distribution: the sum of
    /// (mean^2 + variance - 1 - log variance) / 2.
    /// </summary>
    float Loss(Workspace workspace, float* row, float* logits, float* means, float* logVariances)
    {
        float* target = workspace.At(this.target);
        new ReadOnlySpan<float>(row, values).CopyTo(new Span<float>(target, values));
        double divergence = 0;
        for (int i = 0; i < vae.Latent; i++)
            divergence += ((double)means[i] * means[i]) + (Math.Exp(logVariances[i]) - 1) - logVariances[i];
        return (float)((vae.ReconstructionWeight * kernels.ReconstructionLoss(logits, target, values))
            + (0.5 * vae.DivergenceWeight * divergence));
    }
}
