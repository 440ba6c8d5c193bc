namespace MLNet.Pruning;

/// <summary>How the weights that are off are spread over the layers.</summary>
public enum MaskDistribution
{
    /// <summary>Each layer has the same fraction off.</summary>
    PerLayer,

    /// <summary>One ranking over all layers: those with little to lose keep more.</summary>
    Global,

    /// <summary>Layers keep weights in proportion to the sum of their extents rather than to the product: small layers stay denser (Erdos-Renyi-Kernel: Evci et al., 2020).</summary>
    ErdosRenyiKernel,
}
