namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Copies values to another shape or layout.</summary>
sealed unsafe class ReshapeStep(GraphValue output, GraphValue input) : GraphStep(output, input)
{
    protected override void ComputeRow(in StepCall call, int row) =>
        Copy(Inputs[0].At(call, row) - Inputs[0].Layout.Origin, Inputs[0].Layout, Output.At(call, row) - Output.Layout.Origin,
            Output.Layout);

    /// <summary>Copies all numbers in order, as many at a time as are contiguous in both layouts.</summary>
    public static void Copy(float* from, ValueLayout source, float* to, ValueLayout target)
    {
        int line = 0, at = 0, targetLine = 0, targetAt = 0;
        while (line < source.Lines)
        {
            int count = Math.Min(source.Width - at, target.Width - targetAt);
            Copy(from + source.At(line) + at, to + target.At(targetLine) + targetAt, count);
            (at, targetAt) = (at + count, targetAt + count);
            if (at == source.Width)
                (line, at) = (line + 1, 0);
            if (targetAt == target.Width)
                (targetLine, targetAt) = (targetLine + 1, 0);
        }
    }
}

/// <summary>Concatenates values along the first dimension, or along the second of two.</summary>
sealed unsafe class ConcatenateStep(GraphValue output, GraphValue[] inputs, int axis) : GraphStep(output, inputs)
{
    protected override void ComputeRow(in StepCall call, int row)
    {
        float* to = Output.At(call, row);
        foreach (var input in Inputs)
        {
            var layout = input.Layout;
            float* from = input.At(call, row);
            if (axis == 0 && Output.Shape.Count > 1)
            {
                // Whole channels, or whole lines.
                nint count = layout.IsImage ? (nint)layout.Planes * layout.PlaneStride : (nint)layout.Lines * layout.LineStride;
                Copy(from, to, layout.IsImage ? layout.Span : count);
                to += count;
                continue;
            }
            for (int line = 0; line < layout.Lines; line++)
                Copy(from + ((nint)line * layout.LineStride), to + ((nint)line * Output.Layout.LineStride), layout.Width);
            to += layout.Width;
        }
    }
}
