namespace MLNet.Pruning;

/// <summary>On which side of a layer neurons stand.</summary>
public enum NeuronSide
{
    /// <summary>The layer reads them.</summary>
    In,

    /// <summary>The layer computes them.</summary>
    Out,

    /// <summary>They pass through index for index, as through batch norm.</summary>
    Through,
}
