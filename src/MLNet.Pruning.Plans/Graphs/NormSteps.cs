using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

sealed unsafe class LayerNormStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input, NetworkWeights weights)
    : GraphStep(output, input)
{
    readonly AlignedBuffer<float> weight = NormWeights.Of(weights, node.Node.Weight, output.Shape[^1], 1),
        bias = NormWeights.Of(weights, node.Node.Bias, output.Shape[^1], 0);

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row);
        var layout = Output.Layout;
        kernels.NormalizeRows(x, layout.Lines, layout.Width, layout.LineStride, y, (float)node.Node.Coefficient);
        for (int line = 0; line < layout.Lines; line++, y += layout.LineStride)
        {
            kernels.Scale(y, weight.Pointer, bias.Pointer, y, layout.Width);
            Activate(kernels, node.Activation, y, layout.Width);
        }
    }
}

sealed unsafe class GroupNormStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input, NetworkWeights weights)
    : GraphStep(output, input)
{
    readonly AlignedBuffer<float> weight = NormWeights.Of(weights, node.Node.Weight, output.Shape[0], 1),
        bias = NormWeights.Of(weights, node.Node.Bias, output.Shape[0], 0);

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row);
        var layout = Output.Layout;
        int channels = layout.Planes / node.Node.Groups;
        double count = (double)channels * layout.Height * layout.Width;
        for (int first = 0; first < layout.Planes; first += channels)
        {
            double mean = Sum(x, first, channels, 0, squared: false) / count;
            double factor = 1 / Math.Sqrt((Sum(x, first, channels, mean, squared: true) / count) + node.Node.Coefficient);
            for (int c = first; c < first + channels; c++)
            {
                double scale = factor * weight.Pointer[c];
                nint at = (nint)c * layout.PlaneStride;
                kernels.Scale(x + at, (float)scale, (float)(bias.Pointer[c] - (mean * scale)), y + at, layout.Lanes);
            }
        }
        Activate(kernels, node.Activation, y, layout.Span);
    }

    double Sum(float* x, int first, int channels, double mean, bool squared)
    {
        var layout = Output.Layout;
        double sum = 0;
        for (int line = first * layout.Height; line < (first + channels) * layout.Height; line++)
        {
            float* from = x + layout.At(line) - layout.Origin;
            for (int i = 0; i < layout.Width; i++)
                sum += squared ? (from[i] - mean) * (from[i] - mean) : from[i];
        }
        return sum;
    }
}

static class NormWeights
{
    public static AlignedBuffer<float> Of(NetworkWeights weights, string? name, int count, float otherwise)
    {
        var values = new AlignedBuffer<float>(count);
        if (name is null)
            values.Span.Fill(otherwise);
        else
            weights.GetFlat(name, count).Span.CopyTo(values.Span);
        return values;
    }
}

/// <summary>Softmax along lines or, for an image, along channels; or its logarithm along lines.</summary>
sealed unsafe class SoftmaxStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input) : GraphStep(output, input)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row);
        var layout = Output.Layout;
        if (node.Node.Operation == GraphOperation.LogSoftmax)
        {
            for (int line = 0; line < layout.Lines; line++, x += layout.LineStride, y += layout.LineStride)
                Logarithms(x, layout.Width, y);
            return;
        }
        Copy(x, y, layout.Span);
        if (layout.IsImage)
            kernels.SoftmaxLanes(y, layout.Planes, layout.Lanes, layout.PlaneStride);
        else
            kernels.SoftmaxRows(y, layout.Lines, layout.Width, layout.LineStride);
    }

    static void Logarithms(float* x, int count, float* y)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < count; i++)
            largest = Math.Max(largest, x[i]);
        for (int i = 0; i < count; i++)
            sum += Math.Exp(x[i] - largest);
        double logarithm = largest + Math.Log(sum);
        for (int i = 0; i < count; i++)
            y[i] = (float)(x[i] - logarithm);
    }
}

/// <summary>The mean over lines, or within each line.</summary>
sealed unsafe class MeanStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input) : GraphStep(output, input)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row);
        var layout = Inputs[0].Layout;
        if (node.Node.Axis == 0)
        {
            Copy(x, y, layout.Width);
            for (int line = 1; line < layout.Lines; line++)
                kernels.Add(x + ((nint)line * layout.LineStride), y, y, layout.Width);
            kernels.Scale(y, 1f / layout.Lines, 0, y, layout.Width);
        }
        else
        {
            for (int line = 0; line < layout.Lines; line++, x += layout.LineStride)
            {
                double sum = 0;
                for (int i = 0; i < layout.Width; i++)
                    sum += x[i];
                y[line] = (float)(sum / layout.Width);
            }
        }
        Activate(kernels, node.Activation, y, Output.Layout.Width);
    }
}
