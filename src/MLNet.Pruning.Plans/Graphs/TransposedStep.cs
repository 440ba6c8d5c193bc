using MLNet.Pruning.Plans.Kernels;
using MLNet.Pruning.Plans.Steps;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// A transposed convolution. Pixels of the result with equal remainders modulo the stride form an image that is a convolution of its own;
/// these images are interleaved.
/// </summary>
sealed unsafe class TransposedStep : GraphStep
{
    /// <summary>
    /// Rows and columns of the result with the same remainders, and the layers that compute them; null if no tap reaches them.
    /// </summary>
    sealed record Phase(int Y, int X, int Height, int Width, LaneLayer[]? Groups);

    readonly KernelSet kernels;
    readonly FusedNode node;
    readonly PhaseFrame frame;
    readonly List<Phase> phases = [];
    readonly int stride, read, written, strideY, strideX, largest;

    public TransposedStep(KernelSet kernels, KernelChoice choice, FusedNode node, GraphValue output, GraphValue input) : base(output, input)
    {
        (this.kernels, this.node) = (kernels, node);
        var (window, image, weights) = (node.Node.Window!, input.Layout, node.Weights!);
        (strideY, strideX) = (window.Stride[0], window.Stride[1]);
        int count = node.Node.Groups, taps = window.Kernel[0] * window.Kernel[1];
        (read, written) = (image.Planes / count, output.Layout.Planes / count);
        int[] sizes = [output.Layout.Height, output.Layout.Width], from = [image.Height, image.Width];
        // Pixel s j + p of the result uses tap k of pixel j + shift if p + padding - k dilation = s shift.
        var ways = Enumerable.Range(0, 2)
            .Select(d => Enumerable.Range(0, Math.Min(window.Stride[d], sizes[d])).Select(p => Enumerable.Range(0, window.Kernel[d])
            .Select(k => (Tap: k, Reach: p + window.Padding[d] - (k * window.Dilation[d]))).Where(w => w.Reach % window.Stride[d] == 0)
            .Select(w => (w.Tap, Shift: w.Reach / window.Stride[d])).ToArray()).ToArray()).ToArray();
        int[] before = new int[2], behind = new int[2], longest = new int[2];
        for (int d = 0; d < 2; d++)
        {
            var shifts = ways[d].SelectMany(w => w).Select(w => w.Shift).DefaultIfEmpty().ToArray();
            before[d] = Math.Max(0, -shifts.Min());
            longest[d] = (sizes[d] + window.Stride[d] - 1) / window.Stride[d];
            behind[d] = before[d] + Math.Max(from[d], longest[d] + Math.Max(0, shifts.Max()));
        }
        frame = new(image, before, [1, 1], [[0], [0]], behind[0], behind[1]);
        stride = kernels.Padded(((longest[0] - 1) * behind[1]) + longest[1]);
        largest = checked(stride * written);
        for (int y = 0; y < ways[0].Length; y++)
        {
            for (int x = 0; x < ways[1].Length; x++)
            {
                (int Tap, int Y, int X)[] reached = [.. ways[0][y].SelectMany(_ => ways[1][x],
                    (a, b) => ((a.Tap * window.Kernel[1]) + b.Tap, a.Shift + before[0], b.Shift + before[1]))];
                var groups = reached.Length == 0 ? null : Enumerable.Range(0, count).Select(g => Group(g, reached)).ToArray();
                phases.Add(new(y, x, (sizes[0] - y + strideY - 1) / strideY, (sizes[1] - x + strideX - 1) / strideX, groups));
            }
        }
        string kind = phases.Select(phase => phase.Groups?[0].Step.Kernel).FirstOrDefault(kernel => kernel is not null) ?? "bias alone";
        Layer = new(weights.Name, kind, weights.Outputs, weights.Inputs, weights.Density);

        LaneLayer Group(int g, (int Tap, int Y, int X)[] reached)
        {
            float[] chosen = new float[written * read * reached.Length];
            var all = weights.Weight;
            for (int i = 0; i < chosen.Length; i++)
            {
                int channel = i / reached.Length, output = (g * written) + (channel / read);
                chosen[i] = all[(((output * read) + (channel % read)) * taps) + reached[i % reached.Length].Tap];
            }
            return new(kernels, new(weights.Name, chosen, weights.Bias.Slice(g * written, written).ToArray()), choice, place =>
                (place / reached.Length * frame.ChannelStride)
                    + frame.At(reached[place % reached.Length].Y, reached[place % reached.Length].X));
        }
    }

    public override PlanStep? Layer { get; }

    public override long Scratch => ((frame.Length + 15) & ~15) + largest;

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* framed = call.Workspace.At(ScratchOffset), computed = framed + ((frame.Length + 15) & ~15), y = Output.At(call, row);
        frame.Fill(Inputs[0].At(call, row), framed);
        var layout = Output.Layout;
        foreach (var phase in phases)
        {
            for (int channel = 0; channel < layout.Planes; channel++)
            {
                int group = channel / written, within = channel % written;
                if (phase.Groups is not null && within == 0)
                {
                    int lanes = ((phase.Height - 1) * frame.RowStride) + phase.Width;
                    phase.Groups[group].Compute(kernels, 0, framed + ((nint)group * read * frame.ChannelStride), lanes, computed, stride);
                }
                float* to = y + ((nint)channel * layout.PlaneStride) + ((nint)phase.Y * layout.LineStride) + phase.X;
                float* from = computed + ((nint)within * stride);
                for (int line = 0; line < phase.Height; line++, to += (nint)strideY * layout.LineStride, from += frame.RowStride)
                {
                    for (int x = 0; x < phase.Width; x++)
                        to[x * strideX] = phase.Groups is null ? node.Weights!.Bias[channel] : from[x];
                }
            }
        }
        Activate(kernels, node.Activation, y, layout.Span);
    }
}
