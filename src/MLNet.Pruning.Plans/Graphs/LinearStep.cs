using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>A linear layer on lines, followed by an activation.</summary>
sealed unsafe class LinearStep : GraphStep
{
    const int MaximumLines = 64;

    readonly KernelSet kernels;
    readonly FusedNode node;
    readonly LinearLayer layer;
    readonly int maximum;

    public LinearStep(CompileOptions options, FusedNode node, GraphValue output, GraphValue input, int blockRows)
        : base(output, input)
    {
        (kernels, this.node) = (options.Kernels, node);
        maximum = (int)Math.Min(MaximumLines, (long)blockRows * output.Layout.Lines);
        bool isSparse = KernelRule.SparseRows(node.Weights!, kernels, options.Choice, options.Precision);
        layer = new(kernels, node.Weights!, isSparse, maximum, options.Precision);
    }

    public override PlanStep? Layer => layer.Step;

    public override long Scratch => layer.Scratch;

    public override void Compute(in StepCall call)
    {
        // Rows have the distance of lines.
        float* x = Inputs[0].At(call, call.First), y = Output.At(call, call.First);
        int count = checked(call.Count * Output.Layout.Lines), xStride = Inputs[0].Layout.LineStride, yStride = Output.Layout.LineStride;
        for (int done = 0; done < count; done += maximum)
        {
            int lines = Math.Min(maximum, count - done);
            float* to = y + ((nint)done * yStride);
            layer.Compute(x + ((nint)done * xStride), lines, xStride, to, yStride, call.Workspace.At(ScratchOffset));
            Activate(kernels, node.Activation, to, (nint)lines * yStride);
        }
    }
}
