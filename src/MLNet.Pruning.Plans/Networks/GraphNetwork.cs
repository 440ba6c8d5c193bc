using MLNet.Pruning.Plans.Graphs;
using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Networks;

/// <summary>
/// A graph of operations: fused, laid out in memory, and computed stage by stage, images one at a time and linear layers for a block of
/// rows at once.
/// </summary>
sealed unsafe class GraphNetwork : Network
{
    // Multiply-accumulates of a block: enough for rows to share the reading of weights, few enough for several threads to share a batch.
    const long BlockWork = 1 << 26;

    const int MaximumRows = 64, MaximumImages = 32, MinimumImages = 4;

    // The maximum number of values of a block, in addition to those of a single row.
    const long BlockValues = 1 << 25;

    readonly KernelSet kernels;
    readonly ScoringOutput output;
    readonly GraphStage[] stages;
    readonly GraphValue result;
    readonly int length;

    public GraphNetwork(GraphDescription description, NetworkWeights weights, CompileOptions options)
    {
        var shape = description.Nodes[^1].Shape;
        OutputWidth = GraphShapes.Count(shape);
        (kernels, output, InputWidth) = (options.Kernels, options.For(OutputWidth), description.InputWidth);
        if (output == ScoringOutput.Probabilities && shape.Count != 1)
            throw new ArgumentException($"The network computes [{string.Join(", ", shape)}] for a row, "
                + $"of which there are no probabilities; ask for {nameof(ScoringOutput)}.{nameof(ScoringOutput.Logits)}.");
        var nodes = GraphFusion.Fuse(GraphLowering.Lower(description), weights);
        var values = nodes.ToDictionary(node => node, node => node.Node.Operation == GraphOperation.Input
            ? new GraphValue(node.Node.Shape) { IsExternal = true, Layout = ValueLayout.Packed(node.Node.Shape) }
            : new GraphValue(node.Node.Shape));
        _ = new ImageLayouts(nodes, values, kernels.Padded);
        BlockRows = RowsOfBlock(nodes, values);
        var steps = nodes.Select(node => Step(node, values, weights, options)).OfType<GraphStep>().ToArray();
        Steps = [.. steps.Select(step => step.Layer).OfType<PlanStep>()];
        result = values[nodes[^1]];
        stages = GraphStages.Of(steps);
        length = (int)new GraphMemory(stages, result, BlockRows).Length;
    }

    public override int InputWidth { get; }

    public override int OutputWidth { get; }

    public override int BlockRows { get; }

    public override IEnumerable<PlanStep> Steps { get; }

    public override Workspace NewWorkspace() => new(length, 0);

    public override void Score(Workspace workspace, float* rows, int count, float* scores)
    {
        foreach (var stage in stages)
        {
            for (int row = 0; row < count; row += stage.ByRow ? 1 : count)
            {
                var call = new StepCall(workspace, rows, row, stage.ByRow ? 1 : count);
                foreach (var step in stage.Steps)
                    step.Compute(call);
            }
        }
        var all = new StepCall(workspace, rows, 0, count);
        if (output == ScoringOutput.Probabilities)
        {
            ClassScores.Write(kernels, output, result.At(all, 0), count, OutputWidth, result.RowStride, scores);
            return;
        }
        var packed = ValueLayout.Packed(result.Shape);
        for (int row = 0; row < count; row++, scores += OutputWidth)
            ReshapeStep.Copy(result.At(all, row) - result.Layout.Origin, result.Layout, scores, packed);
    }

    static int RowsOfBlock(IReadOnlyList<FusedNode> nodes, Dictionary<FusedNode, GraphValue> values)
    {
        long work = 1, largest = 1;
        bool images = false;
        foreach (var node in nodes)
        {
            var layout = values[node].Layout;
            images |= layout.IsImage;
            largest = Math.Max(largest, layout.IsImage ? 1 : layout.Length);
            if (node.Weights is { } weights)
                work += (long)weights.Weight.Length * (GraphShapes.Count(node.Node.Shape) / weights.Outputs);
        }
        long rows = images ? Math.Clamp(BlockWork / work, MinimumImages, MaximumImages) : MaximumRows;
        return (int)Math.Max(1, Math.Min(rows, BlockValues / largest));
    }

    GraphStep? Step(FusedNode node, Dictionary<FusedNode, GraphValue> values, NetworkWeights weights, CompileOptions options)
    {
        var result = values[node];
        var inputs = node.Inputs.Select(input => values[input]).ToArray();
        switch (node.Node.Operation)
        {
            case GraphOperation.Input:
                return null;
            case GraphOperation.Constant:
                result.Fixed = Constants.Of(node.Node, result.Layout, weights);
                return null;
            case GraphOperation.Linear:
                return new LinearStep(options, node, result, inputs[0], BlockRows);
            case GraphOperation.Convolution:
                var residual = node.Residual is null ? null : values[node.Residual];
                return new ConvolutionStep(kernels, options.Choice, node, result, inputs[0], residual);
            case GraphOperation.TransposedConvolution:
                return new TransposedStep(kernels, options.Choice, node, result, inputs[0]);
            case GraphOperation.BatchNorm:
                return new ScaleStep(kernels, node, result, inputs[0], weights);
            case GraphOperation.LayerNorm:
                return new LayerNormStep(kernels, node, result, inputs[0], weights);
            case GraphOperation.GroupNorm:
                return new GroupNormStep(kernels, node, result, inputs[0], weights);
            case GraphOperation.Softmax or GraphOperation.LogSoftmax:
                return new SoftmaxStep(kernels, node, result, inputs[0]);
            case GraphOperation.MaxPool or GraphOperation.AveragePool or GraphOperation.AdaptiveAveragePool:
                return new PoolStep(kernels, node, result, inputs[0]);
            case GraphOperation.Mean:
                return new MeanStep(kernels, node, result, inputs[0]);
            case GraphOperation.Reshape:
                return new ReshapeStep(result, inputs[0]);
            case GraphOperation.Multiply when !inputs[1].Shape.SequenceEqual(inputs[0].Shape):
                return new GateStep(kernels, node, result, inputs[0], inputs[1]);
            case GraphOperation.Add or GraphOperation.Multiply:
                return new PairStep(kernels, node, result, inputs[0], inputs[1]);
            case GraphOperation.Concatenate:
                return new ConcatenateStep(result, inputs, node.Node.Axis);
            default:
                return new ActivationStep(kernels, node, result, inputs[0]);
        }
    }
}
