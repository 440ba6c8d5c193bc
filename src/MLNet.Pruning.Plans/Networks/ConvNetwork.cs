using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// Blocks of convolution, activation and pooling, one image at a time; then linear layers over all images, and probabilities at the end.
/// </summary>
sealed unsafe class ConvNetwork : Network
{
    /// <summary>PyTorch's value for batch norm.</summary>
    const double Epsilon = 1e-5;

    readonly KernelSet kernels;
    readonly ScoringOutput output;
    readonly ImageEncoder encoder;
    readonly LinearChain classifier;
    readonly WorkspaceLayout layout = new();
    readonly int features;

    public ConvNetwork(ConvNetDescription description, NetworkWeights weights, CompileOptions options)
    {
        (kernels, output) = (options.Kernels, options.For(description.Classes));
        (InputWidth, OutputWidth) = (description.InputWidth, description.Classes);
        encoder = new(kernels, description.Image, Convolutions(description, weights), description.Activation, options.Choice, layout);
        features = layout.Add((long)BlockRows * encoder.Features);
        int[] sizes = [encoder.Features, .. description.Hidden];
        var linear = description.Hidden.Select((size, i) => weights.Linear($"classifier.linear{i + 1}", size, sizes[i]));
        LinearWeights[] all = [.. linear, weights.Linear("classifier.logits", description.Classes, sizes[^1])];
        classifier = new(kernels, all, description.Activation, activatesLast: false, options.Choice, BlockRows, layout,
            options.Precision);
    }

    public override int InputWidth { get; }

    public override int OutputWidth { get; }

    public override int BlockRows => 32;

    public override IEnumerable<PlanStep> Steps => [.. encoder.Steps, .. classifier.Steps];

    public override Workspace NewWorkspace() => new(layout.Length, 0);

    public override void Score(Workspace workspace, float* rows, int count, float* scores)
    {
        float* features = workspace.At(this.features);
        encoder.Compute(workspace, rows, count, features);
        float* logits = classifier.Compute(workspace, features, count, encoder.Features);
        ClassScores.Write(kernels, output, logits, count, OutputWidth, classifier.Stride, scores);
    }

    /// <summary>The convolutions with their batch norms included: w (x - mean) / sqrt(variance + epsilon) + b.</summary>
    static IEnumerable<LinearWeights> Convolutions(ConvNetDescription description, NetworkWeights weights)
    {
        for (int i = 1, inputs = description.Image[0]; i <= description.Channels.Count; i++)
        {
            int outputs = description.Channels[i - 1];
            var convolution = weights.Convolution($"features.conv{i}", outputs, inputs, 3);
            if (description.BatchNorm)
            {
                string norm = $"features.norm{i}";
                convolution.Before(weights.BatchNorm(new(GraphOperation.BatchNorm, norm, [], [])
                {
                    Weight = $"{norm}.weight",
                    Bias = $"{norm}.bias",
                    Mean = $"{norm}.running_mean",
                    Variance = $"{norm}.running_var",
                    Coefficient = Epsilon,
                }, outputs));
            }
            yield return convolution;
            inputs = outputs;
        }
    }
}
