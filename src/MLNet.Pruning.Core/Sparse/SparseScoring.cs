namespace MLNet.Pruning.Sparse;

/// <summary>How layers of which at least half of the weights are off are computed when a model scores on the CPU.</summary>
public enum SparseScoring
{
    /// <summary>By the weights that are on alone where that is faster, measured layer by layer; as any other layer elsewhere.</summary>
    Measured,

    /// <summary>As any other layer. Nothing is measured.</summary>
    Dense,

    /// <summary>By the weights that are on alone, whatever the clock would say. Nothing is measured.</summary>
    Sparse,
}
