using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>How one layer is computed when a model scores.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Kernel">What computes it, such as <c>sparse lanes</c>; empty in histories of older versions.</param>
/// <param name="Outputs">Outputs of the layer; of a convolution, channels.</param>
/// <param name="Inputs">Inputs of an output; of a convolution, channels times taps.</param>
/// <param name="Density">The fraction of the weights that are not zero.</param>
public sealed record PlanStep(string Layer, string Kernel, int Outputs, int Inputs, double Density)
{
    /// <summary>What computes it, such as <c>sparse lanes</c>; empty in histories of older versions.</summary>
    public string Kernel { get; init; } = Kernel ?? "";

    /// <summary>Whether it is computed with the active weights alone.</summary>
    [JsonIgnore]
    public bool IsSparse => Kernel.StartsWith("sparse", StringComparison.Ordinal) || Kernel.StartsWith("zero", StringComparison.Ordinal);
}

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
