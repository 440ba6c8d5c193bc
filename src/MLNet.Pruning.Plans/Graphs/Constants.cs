namespace MLNet.Pruning.Plans.Graphs;

/// <summary>Expands arrays of weights that are values of a graph.</summary>
static unsafe class Constants
{
    /// <summary>The array with its dimensions of 1 repeated, in the value's layout.</summary>
    public static AlignedBuffer<float> Of(GraphNode node, ValueLayout layout, NetworkWeights weights)
    {
        var (values, shape) = weights.Find(node.Weight!);
        int missing = node.Shape.Count - shape.Length;
        // Missing leading dimensions count as 1; surplus leading ones must be 1.
        int[] sizes = missing >= 0 ? [.. Enumerable.Repeat(1, missing), .. shape] : shape[-missing..];
        if ((missing < 0 && shape[..-missing].Any(size => size != 1)) || sizes.Where((size, d) => size != 1 && size != node.Shape[d]).Any())
            throw new ArgumentException($"The weights '{node.Weight}' have the shape [{string.Join(", ", shape)}]; "
                + $"the network wants what can be repeated to [{string.Join(", ", node.Shape)}].");
        var all = values.Span;
        float[] repeated = new float[GraphShapes.Count(node.Shape)];
        for (int i = 0; i < repeated.Length; i++)
        {
            int from = 0, stride = 1, rest = i;
            for (int d = sizes.Length - 1; d >= 0; d--)
            {
                from += sizes[d] == 1 ? 0 : rest % node.Shape[d] * stride;
                stride *= sizes[d];
                rest /= node.Shape[d];
            }
            repeated[i] = all[from];
        }
        var buffer = new AlignedBuffer<float>(layout.Length);
        fixed (float* source = repeated)
            ReshapeStep.Copy(source, ValueLayout.Packed(node.Shape), buffer.Pointer, layout);
        return buffer;
    }
}
