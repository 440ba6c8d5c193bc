using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>An activation that is not fused into an earlier step.</summary>
sealed unsafe class ActivationStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input) : GraphStep(output, input)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* y = Output.At(call, row);
        kernels.Apply(node.Node.Operation, (float)node.Node.Coefficient, Inputs[0].At(call, row), y, Output.Layout.Span);
        Activate(kernels, node.Activation, y, Output.Layout.Span);
    }
}

/// <summary>The sum or the product of two values of the same layout.</summary>
sealed unsafe class PairStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue a, GraphValue b) : GraphStep(output, a, b)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* a = Inputs[0].At(call, row), b = Inputs[1].At(call, row), y = Output.At(call, row);
        if (node.Node.Operation == GraphOperation.Add)
            kernels.Add(a, b, y, Output.Layout.Span);
        else
            kernels.Multiply(a, b, y, Output.Layout.Span);
        Activate(kernels, node.Activation, y, Output.Layout.Span);
    }
}

/// <summary>The product of an image with one number per channel.</summary>
sealed unsafe class GateStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue image, GraphValue gates)
    : GraphStep(output, image, gates)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), gates = Inputs[1].At(call, row), y = Output.At(call, row);
        var layout = Output.Layout;
        for (int c = 0; c < layout.Planes; c++)
        {
            nint at = (nint)c * layout.PlaneStride;
            kernels.Scale(x + at, gates[(nint)c * Inputs[1].Layout.PlaneStride], 0, y + at, layout.Lanes);
        }
        Activate(kernels, node.Activation, y, layout.Span);
    }
}

/// <summary>A batch norm that is not fused: a scale and a shift for each index of the first dimension.</summary>
sealed unsafe class ScaleStep : GraphStep
{
    readonly KernelSet kernels;
    readonly FusedNode node;
    readonly AlignedBuffer<float> scale, shift;

    public ScaleStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input, NetworkWeights weights) : base(output, input)
    {
        (this.kernels, this.node) = (kernels, node);
        var (factors, added) = weights.BatchNorm(node.Node, output.Shape[0]);
        (scale, shift) = (new([.. factors.Select(factor => (float)factor)]), new([.. added.Select(shift => (float)shift)]));
    }

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row);
        var layout = Output.Layout;
        if (Output.Shape.Count == 1)
        {
            kernels.Scale(x, scale.Pointer, shift.Pointer, y, layout.Width);
        }
        else
        {
            int lines = layout.Lines / Output.Shape[0];
            for (int c = 0; c < Output.Shape[0]; c++)
            {
                nint at = layout.At(c * lines) - layout.Origin;
                kernels.Scale(x + at, scale.Pointer[c], shift.Pointer[c], y + at, ((nint)(lines - 1) * layout.LineStride) + layout.Width);
            }
        }
        Activate(kernels, node.Activation, y, layout.Span);
    }
}
