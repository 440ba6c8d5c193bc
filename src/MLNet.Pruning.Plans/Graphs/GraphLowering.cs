namespace MLNet.Pruning.Plans.Graphs;

/// <summary>
/// Rewrites a graph with fewer kinds of operation: adds reshapes around operations on the last dimension of more than two, and copies of
/// the input for those that cannot read packed rows.
/// </summary>
static class GraphLowering
{
    public static IReadOnlyList<GraphNode> Lower(GraphDescription graph)
    {
        var lowered = new List<GraphNode>();
        var places = new int[graph.Nodes.Count];
        int copy = -1;
        for (int i = 0; i < places.Length; i++)
        {
            var node = graph.Nodes[i];
            var inputs = node.Inputs.Select(input => Readable(node, places[input])).ToArray();
            node = node with { Inputs = inputs };
            if (node.Operation == GraphOperation.Reshape && node.Shape.SequenceEqual(lowered[inputs[0]].Shape))
            {
                places[i] = inputs[0];
                continue;
            }
            places[i] = IsAlongLines(node) ? AlongLines(node) : Add(node);
        }
        if (places[^1] == 0)
            Copy();
        else if (places[^1] != lowered.Count - 1 || IsConstant(places[^1]))
            Reshape("output", places[^1], lowered[places[^1]].Shape);
        return lowered;

        int Add(GraphNode node)
        {
            lowered.Add(node);
            return lowered.Count - 1;
        }

        int Reshape(string name, int from, IReadOnlyList<int> shape) => Add(new(GraphOperation.Reshape, name, [from], shape));

        // A constant is stored once, not once per row, which a linear layer that reads a block of rows cannot read.
        int Readable(GraphNode node, int input) => (input == 0 && !ReadsPacked(node)) ? Copy()
            : IsConstant(input) && ReadsBlock(node) ? Reshape("constant", input, lowered[input].Shape)
            : input;

        bool IsConstant(int place) => lowered[place].Operation == GraphOperation.Constant;

        int Copy() => copy = copy < 0 ? Reshape("input", 0, lowered[0].Shape) : copy;

        int AlongLines(GraphNode node)
        {
            var from = lowered[node.Inputs[0]].Shape;
            int axis = node.Operation == GraphOperation.LayerNorm ? node.Axis : from.Count - 1;
            int lines = from.Take(axis).Aggregate(1, (product, size) => product * size);
            int flat = Reshape(node.Name, node.Inputs[0], [lines, GraphShapes.Count(from) / lines]);
            int[] shape = [lines, GraphShapes.Count(node.Shape) / lines];
            return Reshape(node.Name, Add(node with { Inputs = [flat], Shape = shape, Axis = 1 }), node.Shape);
        }

        bool IsAlongLines(GraphNode node) => node.Operation switch
        {
            GraphOperation.Linear => node.Shape.Count > 2,
            GraphOperation.LayerNorm => node.Shape.Count > 2 || node.Axis < node.Shape.Count - 1,
            GraphOperation.Softmax or GraphOperation.LogSoftmax => node.Shape.Count > 2 && node.Axis == node.Shape.Count - 1,
            _ => false,
        };
    }

    static bool ReadsPacked(GraphNode node) => node.Operation == GraphOperation.Reshape || ReadsBlock(node);

    static bool ReadsBlock(GraphNode node) => node.Operation == GraphOperation.Linear && node.Shape.Count <= 2;
}
