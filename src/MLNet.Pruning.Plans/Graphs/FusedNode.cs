namespace MLNet.Pruning.Plans.Graphs;

/// <summary>An operation with those that are computed in the same step: a batch norm in its weights, a sum, an activation.</summary>
sealed class FusedNode(GraphNode node, IReadOnlyList<FusedNode> inputs, int position)
{
    public GraphNode Node => node;

    public IReadOnlyList<FusedNode> Inputs => inputs;

    /// <summary>The position of the last of its parts, which is when it is computed.</summary>
    public int Position { get; set; } = position;

    /// <summary>A layer's weights, [outputs][inputs of an output x kernel], with batch norm included; null for other operations.</summary>
    public LinearWeights? Weights { get; init; }

    /// <summary>The value that is added to a convolution before its activation.</summary>
    public FusedNode? Residual { get; set; }

    /// <summary>The activation after it.</summary>
    public GraphNode? Activation { get; set; }

    /// <summary>How many nodes read its result.</summary>
    public int Readers { get; set; }
}
