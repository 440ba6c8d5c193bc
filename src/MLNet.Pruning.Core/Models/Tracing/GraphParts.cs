using MLNet.Pruning.Plans;

namespace MLNet.Pruning.Models;

/// <summary>Nodes that stand for what modules say otherwise.</summary>
static class GraphParts
{
    /// <summary>An adaptive pooling whose parts are equal, as a plain one.</summary>
    public static GraphNode Adaptive(GraphNode node, IReadOnlyList<int> from)
    {
        if (from.Count != 3 || node.Shape.Count != 3 || from[1] % node.Shape[1] != 0 || from[2] % node.Shape[2] != 0)
            return node;
        int[] part = [from[1] / node.Shape[1], from[2] / node.Shape[2]];
        return node with { Operation = GraphOperation.AveragePool, Window = new(part, part, [0, 0], [1, 1]) };
    }
}
