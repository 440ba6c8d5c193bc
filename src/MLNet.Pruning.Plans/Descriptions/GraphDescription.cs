namespace MLNet.Pruning.Plans;

/// <summary>
/// A network as a graph of operations, such as a user module whose graph is known. The first node is the input, and the last one computes
/// the result. A node reads earlier nodes only.
/// </summary>
/// <param name="Nodes">The operations.</param>
public sealed record GraphDescription(IReadOnlyList<GraphNode> Nodes) : NetworkDescription
{
    const int MaximumNodes = 1 << 12;

    // Constants are expanded to their shape, so a small file must not request much memory.
    const long MaximumConstants = 1 << 26;

    /// <inheritdoc/>
    public override int InputWidth => Nodes[0].Shape.Aggregate(1, (product, size) => checked(product * size));

    /// <inheritdoc/>
    public override void Validate()
    {
        if (Nodes is not { Count: > 0 and <= MaximumNodes })
            throw new ArgumentException($"The graph has {Nodes?.Count ?? 0} nodes; wanted 1 to {MaximumNodes}.");
        for (int i = 0; i < Nodes.Count; i++)
        {
            var node = Nodes[i] ?? throw new ArgumentException($"Node {i} of the graph is null.");
            try
            {
                Check(node, i);
            }
            catch (Exception e) when (e is ArgumentException or OverflowException)
            {
                throw new ArgumentException($"Node {i} of the graph, '{node.Name}' ({node.Operation}): {e.Message}", e);
            }
        }
        long constants = Nodes.Where(node => node.Operation == GraphOperation.Constant).Sum(node => (long)GraphShapes.Count(node.Shape));
        if (constants > MaximumConstants)
            throw new ArgumentException($"The graph's constants have {constants} values; at most {MaximumConstants} are allowed.");
    }

    void Check(GraphNode node, int index)
    {
        if (!Enum.IsDefined(node.Operation))
            throw new ArgumentException($"there is no operation {node.Operation}.");
        if (node.Name is null || node.Inputs is null)
            throw new ArgumentException("it has no name or no list of inputs.");
        if ((node.Operation == GraphOperation.Input) != (index == 0))
            throw new ArgumentException("the input is node 0, and no other.");
        foreach (int input in node.Inputs)
        {
            if (input < 0 || input >= index)
                throw new ArgumentException($"it reads node {input}; wanted one of those before it.");
        }
        GraphShapes.CheckSize(node.Shape);
        var shape = GraphShapes.Of(node, [.. node.Inputs.Select(input => Nodes[input].Shape)]);
        if (!shape.SequenceEqual(node.Shape))
            throw new ArgumentException($"its shape is [{string.Join(", ", node.Shape)}]; it computes [{string.Join(", ", shape)}].");
    }
}
