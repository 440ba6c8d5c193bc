namespace MLNet.Pruning.Plans.Graphs;

/// <summary>An operation with what is computed along with it: a batch norm in its weights, a sum, an activation.</summary>
sealed class FusedNode(GraphNode node, IReadOnlyList<FusedNode> inputs, int position)
{
    public GraphNode Node => node;

    public IReadOnlyList<FusedNode> Inputs => inputs;

    /// <summary>When it is computed: where the last of its parts stood.</summary>
    public int Position { get; set; } = position;

    /// <summary>A layer's weights, [outputs][inputs of an output x kernel], batch norm taken in; null of other operations.</summary>
    public LinearWeights? Weights { get; init; }

    /// <summary>Added to a convolution before its activation.</summary>
    public FusedNode? Residual { get; set; }

    /// <summary>What stands behind it.</summary>
    public GraphNode? Activation { get; set; }

    /// <summary>Readers of its result.</summary>
    public int Readers { get; set; }
}
