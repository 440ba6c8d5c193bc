namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// Decides how much room images have around them. Images that are added, or that a convolution reads and writes in the same layout, form a
/// class with one layout: its room suits the most demanding reader.
/// </summary>
sealed class ImageLayouts
{
    sealed class Class
    {
        public Class? Parent { get; set; }

        public int RowStride { get; set; }

        public int RowsAround { get; set; }
    }

    readonly Dictionary<GraphValue, Class> classes = [];

    public ImageLayouts(IReadOnlyList<FusedNode> nodes, IReadOnlyDictionary<FusedNode, GraphValue> values, Func<int, int> padded)
    {
        foreach (var node in nodes)
        {
            var output = values[node];
            if (output.IsExternal || output.Shape.Count != 3)
                continue;
            Want(output, output.Shape[2], 0);
            if (node.Node.Operation == GraphOperation.Convolution)
                Convolution(node.Node, values[node.Inputs[0]], output);
            else if (LiesAsItsInputs(node.Node))
                Join(output, node.Inputs.Where(input => input.Node.Shape.Skip(1).SequenceEqual(output.Shape.Skip(1)))
                    .Select(input => values[input]));
            if (node.Residual is not null)
                Join(output, [values[node.Residual]]);
        }
        foreach (var value in values.Values.Where(value => !value.IsExternal))
        {
            var shape = value.Shape;
            value.Layout = shape.Count == 3
                ? ValueLayout.OfImage(shape[0], shape[1], shape[2], Find(value).RowStride, Find(value).RowsAround, padded)
                : ValueLayout.OfLines(shape, padded);
        }
    }

    static bool LiesAsItsInputs(GraphNode node) => node.IsActivation || node.Operation is GraphOperation.BatchNorm
        or GraphOperation.GroupNorm or GraphOperation.Softmax or GraphOperation.Add or GraphOperation.Multiply
        or GraphOperation.Concatenate;

    void Convolution(GraphNode node, GraphValue input, GraphValue output)
    {
        var window = node.Window!;
        if (ConvolutionStep.IsInPlace(node, input.Shape))
        {
            Join(output, [input]);
            Want(input, checked(input.Shape[2] + window.Padding[1]), window.Padding[0]);
            input.NeedsZeros |= window.Padding.Any(padding => padding > 0);
        }
        else
        {
            Want(output, checked(output.Shape[2] + ((window.Extent(1) - 1) / window.Stride[1])), 0);
        }
    }

    void Want(GraphValue value, int rowStride, int rowsAround)
    {
        var found = Find(value);
        (found.RowStride, found.RowsAround) = (Math.Max(found.RowStride, rowStride), Math.Max(found.RowsAround, rowsAround));
    }

    void Join(GraphValue value, IEnumerable<GraphValue> others)
    {
        foreach (var other in others)
        {
            Class a = Find(value), b = Find(other);
            if (a == b)
                continue;
            b.Parent = a;
            Want(value, b.RowStride, b.RowsAround);
        }
    }

    Class Find(GraphValue value)
    {
        if (!classes.TryGetValue(value, out var found))
            classes.Add(value, found = new());
        while (found.Parent is not null)
            found = found.Parent;
        return found;
    }
}
