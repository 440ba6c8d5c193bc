using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Training;

/// <summary>
/// A <see cref="Vae"/> forward and backward. A row of its outputs has the logits of the image, then the mean of each latent, then the
/// logarithm of each latent's variance.
/// </summary>
sealed unsafe class VaeGradient : GradientPlan
{
    const int Part = 64;

    readonly VaeBlueprint blueprint;
    readonly PlannedBlocks features;
    readonly PlannedChain encoder, expansion;
    readonly PlannedLinear mean, logVariance;
    readonly PlannedDeconvolution[] decoder;
    readonly long[][] shapes; // channels, height and width of what each of these reads
    readonly PlanRows[] sums, values; // of what each of these gives: before the activation, and after it
    readonly PlanRows hidden, means, logVariances, noise, latents, meanGradients, varianceGradients, outputs;
    readonly float* one, other;
    readonly long pixels;
    PlanRows expanded, read;

    public VaeGradient(Vae network, PlanParameters parameters) : base(network, parameters)
    {
        blueprint = network.Blueprint;
        var (image, blocks) = (blueprint.Image, blueprint.Channels.Count);
        pixels = image[0] * image[1] * image[2];
        features = new(this, "encoder.conv", image, blocks, blueprint.Activation, Part);
        encoder = new(this, Names("encoder", blueprint.Hidden.Count), blueprint.Activation, Part, first: false, activatesLast: true);
        (mean, logVariance) = (Linear("mean"), Linear("logVariance"));
        expansion = new(this, Names("expansion", blueprint.HiddenBack.Count + 1), blueprint.Activation, Part, first: false,
            activatesLast: true);
        decoder = [.. Enumerable.Range(1, blocks).Select(i => new PlannedDeconvolution(Kernels, Memory, Parameters, $"decoder.deconv{i}",
            (int)image[1] >> blocks << (i - 1), (int)image[2] >> blocks << (i - 1)))];
        shapes = [.. decoder.Select((layer, i) => new[] { layer.Inputs, image[1] >> (blocks - i), image[2] >> (blocks - i) })];
        values = [.. decoder.Select((layer, i) => Memory.Rows(Part, (int)(4 * layer.Outputs * shapes[i][1] * shapes[i][2])))];
        bool keeps = KernelSet.KeepsInput(blueprint.Activation);
        sums = [.. values.Select((of, i) => keeps && i < blocks - 1 ? Memory.Rows(Part, of.Width) : of)];
        hidden = Memory.Rows(Part, mean.Inputs);
        (means, logVariances, noise) = (Latents(), Latents(), Latents());
        (latents, meanGradients, varianceGradients) = (Latents(), Latents(), Latents());
        outputs = Memory.Rows(Part, (int)pixels + (2 * mean.Outputs));
        one = Room();
        other = Room();

        PlanRows Latents() => Memory.Rows(Part, mean.Outputs);

        float* Room() => Memory.Numbers(values.Max(rows => rows.Stride));

        static IEnumerable<string> Names(string part, int count) => Enumerable.Range(1, count).Select(i => $"{part}.linear{i}");
    }

    protected override int RowsOfPart => Part;

    protected override void Begin()
    {
        base.Begin();
        features.Begin();
        foreach (var layer in decoder)
            layer.Begin();
    }

    protected override void End()
    {
        base.End();
        features.End();
        foreach (var layer in decoder)
            layer.End();
    }

    protected override PlanRows Forward(float* inputs, int rows)
    {
        features.Forward(inputs, rows);
        read = encoder.Forward(features.Features, rows);
        Show(mean, read, rows);
        Show(logVariance, read, rows);
        mean.Forward(read, rows, means);
        logVariance.Forward(read, rows, logVariances);
        Draw(rows);
        expanded = expansion.Forward(latents, rows);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < decoder.Length; i++)
                Decode(i, row);
            float* to = outputs.Row(row);
            new ReadOnlySpan<float>(values[^1].Row(row), (int)pixels).CopyTo(new(to, (int)pixels));
            new ReadOnlySpan<float>(means.Row(row), means.Width).CopyTo(new(to + pixels, means.Width));
            new ReadOnlySpan<float>(logVariances.Row(row), means.Width).CopyTo(new(to + pixels + means.Width, means.Width));
        }
        for (int i = 0; i < decoder.Length; i++)
            ShowImages(decoder[i].Name, i == 0 ? expanded : values[i - 1], rows, shapes[i]);
        return outputs;
    }

    // Mean + deviation * noise; in evaluation mode the mean.
    void Draw(int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            float* z = latents.Row(row), draw = noise.Row(row), center = means.Row(row), spread = logVariances.Row(row);
            if (Trains)
                Draws.Normal(row, new(draw, noise.Width));
            for (int i = 0; i < latents.Width; i++)
                z[i] = Trains ? center[i] + (MathF.Exp(0.5f * spread[i]) * draw[i]) : center[i];
        }
    }

    float* Read(int layer, int row) => layer == 0 ? expanded.Row(row) : values[layer - 1].Row(row);

    void Decode(int layer, int row)
    {
        decoder[layer].Forward(Read(layer, row), sums[layer].Row(row));
        if (layer < decoder.Length - 1)
            Kernels.Activate(blueprint.Activation, sums[layer].Row(row), values[layer].Row(row), values[layer].Width);
    }

    protected override void Backward(int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            var (gradient, next) = ((nint)outputs.Row(row), (nint)one);
            for (int i = decoder.Length - 1; i >= 0; i--)
            {
                if (i == 0)
                    next = (nint)expansion.OutputGradients.Row(row);
                decoder[i].Backward(Read(i, row), (float*)gradient, (float*)next);
                ShowProducts(decoder[i].Name, row, Read(i, row), (float*)next, shapes[i]);
                if (i > 0)
                    Kernels.ActivateBack(blueprint.Activation, sums[i - 1].Row(row), (float*)next, sums[i - 1].Width);
                (gradient, next) = (next, next == (nint)one ? (nint)other : (nint)one);
            }
        }
        var dz = expansion.Backward(rows);
        for (int row = 0; row < rows; row++)
        {
            float* of = outputs.Row(row) + pixels, center = meanGradients.Row(row), spread = varianceGradients.Row(row);
            for (int i = 0; i < means.Width; i++)
            {
                center[i] = of[i] + dz.Row(row)[i];
                spread[i] = of[means.Width + i]
                    + (dz.Row(row)[i] * noise.Row(row)[i] * 0.5f * MathF.Exp(0.5f * logVariances.Row(row)[i]));
            }
        }
        var dHidden = encoder.OutputGradients;
        mean.Backward(read, meanGradients, rows);
        logVariance.Backward(read, varianceGradients, rows);
        mean.Backward(meanGradients, rows, dHidden);
        Show(mean, read, dHidden, meanGradients, rows);
        logVariance.Backward(varianceGradients, rows, hidden);
        Show(logVariance, read, hidden, varianceGradients, rows);
        Kernels.Add(dHidden.First, hidden.First, dHidden.First, rows * hidden.Stride);
        features.Backward(encoder.Backward(rows), rows);
    }
}
