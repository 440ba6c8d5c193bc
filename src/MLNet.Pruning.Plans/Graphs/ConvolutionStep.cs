using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// A convolution with pixels in lanes, followed by a sum and an activation. If the stride is 1 and the result has the image's size, each
/// tap is the image itself at an offset; otherwise each tap is one of the images in a <see cref="PhaseFrame"/>.
/// </summary>
sealed unsafe class ConvolutionStep : GraphStep
{
    const int MinimumSparseOutputs = 4;

    readonly KernelSet kernels, narrow;
    readonly FusedNode node;
    readonly GraphValue? residual;
    readonly PhaseFrame? frame;
    readonly LaneLayer[] groups;
    readonly int read, written;

    public ConvolutionStep(KernelSet kernels, KernelChoice choice, FusedNode node, GraphValue output, GraphValue input,
        GraphValue? residual)
        : base(output, residual is null ? [input] : [input, residual])
    {
        (this.kernels, this.node, this.residual) = (kernels, node, residual);
        var (window, image, weights) = (node.Node.Window!, input.Layout, node.Weights!);
        narrow = kernels.Narrowed(output.Layout.Lanes);
        int count = node.Node.Groups, height = window.Kernel[0], width = window.Kernel[1];
        (read, written) = (image.Planes / count, output.Layout.Planes / count);
        Func<int, int> place;
        if (IsInPlace(node.Node, input.Shape))
        {
            place = tap => ((tap / (height * width)) * image.PlaneStride)
                + (((tap / width % height * window.Dilation[0]) - window.Padding[0]) * image.LineStride)
                + (tap % width * window.Dilation[1]) - window.Padding[1];
        }
        else
        {
            int[][] taps = [.. Enumerable.Range(0, 2)
                .Select(d => Enumerable.Range(0, window.Kernel[d]).Select(k => k * window.Dilation[d]).ToArray())];
            int rows = output.Layout.Height + ((window.Extent(0) - 1) / window.Stride[0]);
            frame = new(image, [.. window.Padding], [.. window.Stride], taps, rows, output.Layout.LineStride);
            place = tap => (tap / (height * width) * frame.ChannelStride) + frame.At(taps[0][tap / width % height], taps[1][tap % width]);
        }
        if (choice == KernelChoice.Rule && written < MinimumSparseOutputs)
            choice = KernelChoice.Dense;
        groups = new LaneLayer[count];
        for (int g = 0; g < count; g++)
            groups[g] = new(kernels, weights.Part(g * written, written), choice, place);
        var kinds = groups.Select(group => group.Step.Kernel).Distinct().ToArray();
        string kind = kinds.Length == 1 ? kinds[0] : "mixed lanes";
        Layer = groups[0].Step with { Kernel = kind, Outputs = weights.Outputs, Density = weights.Density };
    }

    public override PlanStep? Layer { get; }

    public override long Scratch => frame?.Length ?? 0;

    /// <summary>Whether the taps can be read from the image where it is.</summary>
    public static bool IsInPlace(GraphNode node, IReadOnlyList<int> image) =>
        node.Window!.Stride.All(s => s == 1) && node.Shape[1] == image[1] && node.Shape[2] == image[2];

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row), added = residual is null ? null : residual.At(call, row);
        nint step = Inputs[0].Layout.PlaneStride, stride = Output.Layout.PlaneStride;
        if (frame is not null)
        {
            float* scratch = call.Workspace.At(ScratchOffset);
            frame.Fill(x, scratch);
            x = scratch;
            step = frame.ChannelStride;
        }
        for (int g = 0; g < groups.Length; g++)
        {
            nint target = g * written * stride;
            float* sum = added == null ? null : added + target;
            groups[g].Compute(narrow, 0, x + (g * read * step), Output.Layout.Lanes, y + target, stride, sum);
        }
        Activate(kernels, node.Activation, y, Output.Layout.Span);
    }
}
