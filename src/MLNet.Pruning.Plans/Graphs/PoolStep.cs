using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Maxima or means of windows: first down the columns, many at a time, then along the resulting row.</summary>
sealed unsafe class PoolStep : GraphStep
{
    readonly KernelSet kernels;
    readonly FusedNode node;
    readonly bool largest, isUsual;

    // The pixels of each window along both dimensions: first, end (exclusive) and the divisor of a mean.
    readonly (int First, int End, int Size)[] rows, columns;
    readonly int stepY, stepX;

    public PoolStep(KernelSet kernels, FusedNode node, GraphValue output, GraphValue input) : base(output, input)
    {
        (this.kernels, this.node) = (kernels, node);
        largest = node.Node.Operation == GraphOperation.MaxPool;
        if (node.Node.Window is { } window)
        {
            (rows, columns) = (Windows(window, 0, input.Layout.Height, output.Layout.Height),
                Windows(window, 1, input.Layout.Width, output.Layout.Width));
            (stepY, stepX) = (window.Dilation[0], window.Dilation[1]);
            isUsual = largest && window is { Kernel: [2, 2], Stride: [2, 2], Padding: [0, 0], Dilation: [1, 1], Ceiling: false };
        }
        else
        {
            (rows, columns) = (Parts(input.Layout.Height, output.Layout.Height), Parts(input.Layout.Width, output.Layout.Width));
            stepY = stepX = 1;
        }
    }

    // Whole vectors are computed: beyond the end of a row they read the next row or unused memory.
    int Columns => kernels.Padded(Inputs[0].Layout.Width);

    public override long Scratch => Columns;

    static (int, int, int)[] Windows(GraphWindow window, int d, int size, int count)
    {
        var windows = new (int, int, int)[count];
        for (int i = 0; i < count; i++)
        {
            int first = (i * window.Stride[d]) - window.Padding[d], end = Math.Min(first + window.Extent(d), size + window.Padding[d]);
            int padded = end - first, skipped = first < 0 ? (-first + window.Dilation[d] - 1) / window.Dilation[d] : 0;
            (first, end) = (first + (skipped * window.Dilation[d]), Math.Min(end, size));
            if (first >= end)
                throw new ArgumentException("A window of a pooling has no pixel of the image.");
            windows[i] = (first, end, window.CountsPadding ? padded : end - first);
        }
        return windows;
    }

    static (int, int, int)[] Parts(int size, int count)
    {
        var parts = new (int, int, int)[count];
        for (int i = 0; i < count; i++)
        {
            int first = (int)((long)i * size / count), end = (int)((((long)(i + 1) * size) + count - 1) / count);
            parts[i] = (first, end, end - first);
        }
        return parts;
    }

    protected override void ComputeRow(in StepCall call, int row)
    {
        float* x = Inputs[0].At(call, row), y = Output.At(call, row), line = call.Workspace.At(ScratchOffset);
        ValueLayout from = Inputs[0].Layout, to = Output.Layout;
        for (int channel = 0; channel < to.Planes; channel++)
        {
            float* plane = x + ((nint)channel * from.PlaneStride), target = y + ((nint)channel * to.PlaneStride);
            if (isUsual)
            {
                ImageKernels.MaxPool(plane, to.Height, to.Width, from.LineStride, target, to.LineStride);
                continue;
            }
            foreach (var window in rows)
            {
                float* only = Down(plane, from, window, line);
                Along(only, window.Size, target);
                target += to.LineStride;
            }
        }
        Activate(kernels, node.Activation, y, to.Span);
    }

    float* Down(float* plane, ValueLayout from, (int First, int End, int Size) window, float* line)
    {
        float* first = plane + ((nint)window.First * from.LineStride);
        if (window.First + stepY >= window.End)
            return first;
        int count = Columns;
        Copy(first, line, count);
        for (int y = window.First + stepY; y < window.End; y += stepY)
        {
            float* next = plane + ((nint)y * from.LineStride);
            if (largest)
                kernels.Max(next, line, line, count);
            else
                kernels.Add(next, line, line, count);
        }
        return line;
    }

    void Along(float* line, int height, float* to)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            var (first, end, width) = columns[i];
            float value = line[first];
            for (int x = first + stepX; x < end; x += stepX)
                value = largest ? (line[x] > value ? line[x] : value) : value + line[x];
            to[i] = largest ? value : value / ((float)height * width);
        }
    }
}
