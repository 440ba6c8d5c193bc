using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>Linear layers with an activation between them, and probabilities at the end.</summary>
sealed unsafe class FeedForwardNetwork : Network
{
    readonly KernelSet kernels;
    readonly ScoringOutput output;
    readonly LinearChain layers;
    readonly WorkspaceLayout layout = new();

    public FeedForwardNetwork(FeedForwardDescription description, NetworkWeights weights, CompileOptions options)
    {
        (kernels, output) = (options.Kernels, options.For(description.Sizes[^1]));
        var sizes = description.Sizes;
        (InputWidth, OutputWidth) = (sizes[0], sizes[^1]);
        var linear = Enumerable.Range(1, sizes.Count - 1).Select(i => weights.Linear($"layers.linear{i}", sizes[i], sizes[i - 1]));
        layers = new(kernels, [.. linear], description.Activation, activatesLast: false, options.Choice, BlockRows, layout,
            options.Precision);
    }

    public override int InputWidth { get; }

    public override int OutputWidth { get; }

    public override int BlockRows => 64;

    public override bool SpreadsNaN => layers.AreDense;

    public override IEnumerable<PlanStep> Steps => layers.Steps;

    public override Workspace NewWorkspace() => new(layout.Length, 0);

    public override void Score(Workspace workspace, float* rows, int count, float* scores)
    {
        float* logits = layers.Compute(workspace, rows, count, InputWidth);
        ClassScores.Write(kernels, output, logits, count, OutputWidth, layers.Stride, scores);
    }
}
