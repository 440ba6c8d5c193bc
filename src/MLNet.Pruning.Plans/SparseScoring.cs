namespace MLNet.Pruning;

/// <summary>How layers of which at least half of the weights are off are computed when a model scores on the CPU.</summary>
public enum SparseScoring
{
    /// <summary>By the weights that are on alone where that is faster, by a rule of the layer's shape, its density and the machine's
    /// vectors; as any other layer elsewhere.</summary>
    Automatic,

    /// <summary>As any other layer.</summary>
    Dense,

    /// <summary>By the weights that are on alone, whatever the rule would say.</summary>
    Sparse,
}
