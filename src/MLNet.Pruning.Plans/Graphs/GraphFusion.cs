namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// Fuses operations that one step computes: batch norm with the weights before it, a sum with a convolution that it reads, an activation
/// with its input if nothing else reads that. Operations that the result does not need are left out.
/// </summary>
static class GraphFusion
{
    public static IReadOnlyList<FusedNode> Fuse(IReadOnlyList<GraphNode> nodes, NetworkWeights weights)
    {
        int[] readers = Readers(nodes);
        var fused = new FusedNode?[nodes.Count];
        for (int i = 0; i < nodes.Count; i++)
        {
            if (readers[i] == 0)
                continue;
            var node = nodes[i];
            var inputs = node.Inputs.Select(input => fused[input]!).ToArray();
            fused[i] = Joined(node, inputs, i, weights) ?? new(node, inputs, i) { Weights = LayerWeights(node, inputs, weights) };
            fused[i]!.Readers = readers[i];
        }
        return [.. fused.OfType<FusedNode>().Distinct().OrderBy(node => node.Position)];
    }

    /// <summary>The number of readers of each node that the result depends on; the result itself has one more.</summary>
    static int[] Readers(IReadOnlyList<GraphNode> nodes)
    {
        int[] readers = new int[nodes.Count];
        readers[^1] = 1;
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            foreach (int input in readers[i] > 0 ? nodes[i].Inputs : [])
                readers[input]++;
        }
        return readers;
    }

    static FusedNode? Joined(GraphNode node, FusedNode[] inputs, int position, NetworkWeights weights)
    {
        if (node.Operation == GraphOperation.Add)
        {
            // The later of the two, whose own inputs are then in use for less long.
            var (layer, other) = inputs[0].Position > inputs[1].Position ? (inputs[0], inputs[1]) : (inputs[1], inputs[0]);
            if (!TakesSum(layer) || layer == other)
                (layer, other) = (other, layer);
            if (!TakesSum(layer) || layer == other)
                return null;
            (layer.Residual, layer.Position) = (other, position);
            return layer;
        }
        if (inputs.Length != 1 || inputs[0] is not { Readers: 1, Activation: null } before)
            return null;
        if (node.Operation == GraphOperation.BatchNorm && before is { Weights: not null, Residual: null } && before.Node.Shape.Count != 2)
        {
            before.Weights.Before(weights.BatchNorm(node, before.Node.Shape[0]));
            before.Position = position;
            return before;
        }
        if (node.IsActivation
            && before.Node.Operation is not (GraphOperation.Input or GraphOperation.Constant or GraphOperation.Reshape
            or GraphOperation.Concatenate or GraphOperation.Softmax or GraphOperation.LogSoftmax))
        {
            (before.Activation, before.Position) = (node, position);
            return before;
        }
        return null;
    }

    static bool TakesSum(FusedNode node) =>
        node is { Node.Operation: GraphOperation.Convolution, Readers: 1, Residual: null, Activation: null };

    static LinearWeights? LayerWeights(GraphNode node, FusedNode[] inputs, NetworkWeights weights)
    {
        if (node.Operation is not (GraphOperation.Linear or GraphOperation.Convolution or GraphOperation.TransposedConvolution))
            return null;
        var from = inputs[0].Node.Shape;
        bool linear = node.Operation == GraphOperation.Linear;
        int outputs = linear ? node.Shape[^1] : node.Shape[0], inputsOfAll = linear ? from[^1] : from[0];
        var bias = node.Bias is null ? new float[outputs] : weights.Get(node.Bias, outputs);
        if (linear)
            return new(node.Name, weights.Get(node.Weight!, outputs, inputsOfAll), bias);
        int height = node.Window!.Kernel[0], width = node.Window.Kernel[1];
        int read = inputsOfAll / node.Groups, written = outputs / node.Groups;
        if (node.Operation == GraphOperation.Convolution)
            return new(node.Name, weights.Get(node.Weight!, outputs, read, height, width), bias);
        // Outputs first, as in all other layers.
        var values = weights.Get(node.Weight!, inputsOfAll, written, height, width).Span;
        float[] turned = new float[values.Length];
        int taps = height * width;
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < read; i++)
            {
                int start = ((((o / written * read) + i) * written) + (o % written)) * taps;
                values.Slice(start, taps).CopyTo(turned.AsSpan(((o * read) + i) * taps));
            }
        }
        return new(node.Name, turned, bias);
    }
}
