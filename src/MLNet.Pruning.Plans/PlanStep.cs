using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>How one layer is computed in scoring.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Kernel">The kernel, such as <c>sparse lanes</c>; empty in histories of older versions.</param>
/// <param name="Outputs">The layer's outputs; for a convolution, channels.</param>
/// <param name="Inputs">Inputs per output; for a convolution, channels times taps.</param>
/// <param name="Density">The fraction of weights that are not zero.</param>
public sealed record PlanStep(string Layer, string Kernel, int Outputs, int Inputs, double Density)
{
    /// <summary>The kernel, such as <c>sparse lanes</c>; empty in histories of older versions.</summary>
    public string Kernel { get; init; } = Kernel ?? "";

    /// <summary>Whether the layer is computed from its active weights only.</summary>
    [JsonIgnore]
    public bool IsSparse => Kernel.StartsWith("sparse", StringComparison.Ordinal) || Kernel.StartsWith("zero", StringComparison.Ordinal);
}

/// <summary>How layers with at least half of their weights inactive are computed in scoring on the CPU.</summary>
public enum SparseScoring
{
    /// <summary>
    /// From the active weights only if that is faster, by a rule on the layer's shape, its density and the machine's vectors; otherwise
    /// like any other layer.
    /// </summary>
    Automatic,

    /// <summary>Like any other layer.</summary>
    Dense,

    /// <summary>From the active weights only, whatever the rule says.</summary>
    Sparse,
}
