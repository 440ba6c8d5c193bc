using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Steps;

/// <summary>How layers are computed.</summary>
enum KernelChoice
{
    /// <summary>As <see cref="KernelRule"/> says.</summary>
    Rule,

    /// <summary>With all weights.</summary>
    Dense,

    /// <summary>With the active weights alone.</summary>
    Sparse,
}

/// <summary>
/// Which kernel computes a layer: a function of its shape, its density and the vectors of the machine. Costs are in weights of the dense
/// kernel, and the sparse kernel is taken where it costs less. Nothing is measured when a plan is compiled.
/// </summary>
/// <remarks>
/// Measured by <c>bench.sh kernels</c>, and rounded, but where the table says estimated; all on one processor with AVX-512 (Emerald
/// Rapids). The columns of 256 and 128 bits are with wider vectors switched off (DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0): processors
/// that have none may differ.
/// | what | 512 bits | 256 bits | 128 bits |
/// |---|---|---|---|
/// | a sparse weight, many rows | 2.4 | 2.2 | 1.4 |
/// | turning a number of these rows into lanes, or back | 33 | 15 | 6 |
/// | a sparse weight, a single row, small layers | 8 | 6 | 4.5 |
/// | the same, layers that leave the second-level cache | 4 | 3.7 | 3 |
/// | a sparse weight, lanes | 1.8 | 1.7 | 1.25 |
/// | the same beside dense weights over rows | 2.4 | 2.0 | estimated: 1.8 |
/// | a dense weight over lanes beside one over rows | 1.5 | estimated: 1.2 | estimated: 1.1 |
/// </remarks>
static class KernelRule
{
    readonly record struct Costs(double ManyRows, double Turning, double SingleRow, double LargeSingleRow, double Lanes,
        double LanesBesideRows, double DenseLanes);

    static readonly Costs Widest = new(2.4, 33, 8, 4, 1.8, 2.4, 1.5), Wide = new(2.2, 15, 6, 3.7, 1.7, 2.0, 1.2),
        Portable = new(1.4, 6, 4.5, 3, 1.25, 1.8, 1.1);

    // Smaller layers take a microsecond either way.
    const int FewestWeights = 1024;

    // A megabyte of dense weights.
    const int LargeLayer = 1 << 18;

    static Costs Of(KernelSet kernels) => kernels.Lanes switch { 16 => Widest, 8 => Wide, _ => Portable };

    /// <summary>A layer that computes rows, where single rows count as much as many.</summary>
    public static bool SparseRows(LinearWeights weights, KernelSet kernels, KernelChoice choice)
    {
        if (choice != KernelChoice.Rule)
            return choice == KernelChoice.Sparse;
        var costs = Of(kernels);
        double many = (weights.Density * costs.ManyRows) + (costs.Turning / weights.Outputs) + (costs.Turning / weights.Inputs);
        double single = weights.Density * (weights.Weight.Length >= LargeLayer ? costs.LargeSingleRow : costs.SingleRow);
        return weights.Weight.Length >= FewestWeights && many + single < 2;
    }

    /// <summary>A layer that computes lanes: tokens or pixels.</summary>
    public static bool SparseLanes(LinearWeights weights, KernelSet kernels, KernelChoice choice) => choice switch
    {
        KernelChoice.Dense => false,
        KernelChoice.Sparse => true,
        _ => weights.Density * Of(kernels).Lanes < 1,
    };

    /// <summary>Whether tokens lie in lanes in all of a transformer's blocks: where the layers are cheaper that way together.</summary>
    public static bool TokensInLanes(IEnumerable<LinearWeights> layers, KernelSet kernels, KernelChoice choice)
    {
        if (choice != KernelChoice.Rule)
            return choice == KernelChoice.Sparse;
        var costs = Of(kernels);
        double rows = 0, lanes = 0;
        foreach (var layer in layers)
        {
            rows += layer.Weight.Length;
            lanes += layer.Weight.Length * (SparseLanes(layer, kernels, choice) ? layer.Density * costs.LanesBesideRows
                : costs.DenseLanes);
        }
        return lanes < rows;
    }
}
