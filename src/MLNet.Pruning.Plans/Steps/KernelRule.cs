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
/// Which kernel computes a layer. A weight of the sparse kernel costs as much as so many of the dense one, by the form of the layer and the vectors of the machine; the sparse kernel is taken where that is
/// less in all. The figures are of the benchmark <c>kernels</c>; nothing is measured when a plan is compiled.
/// </summary>
static class KernelRule
{
    /// <summary>Rows of numbers: batches of rows in lanes, single rows by gathering.</summary>
    static double RowsCost(int lanes) => lanes switch { 16 => 3.2, 8 => 2.6, _ => 2.2 };

    /// <summary>Tokens or pixels in lanes.</summary>
    static double LanesCost(int lanes) => lanes switch { 16 => 1.9, 8 => 1.8, _ => 1.6 };

    // Smaller layers take a microsecond either way.
    const int FewestWeights = 1024;

    /// <summary>A layer that computes rows.</summary>
    public static bool SparseRows(LinearWeights weights, KernelSet kernels, KernelChoice choice) => choice switch
    {
        KernelChoice.Dense => false,
        KernelChoice.Sparse => true,
        _ => weights.Weight.Length >= FewestWeights && weights.Density * RowsCost(kernels.Lanes) < 1,
    };

    /// <summary>A layer that computes lanes.</summary>
    public static bool SparseLanes(LinearWeights weights, KernelSet kernels, KernelChoice choice) => choice switch
    {
        KernelChoice.Dense => false,
        KernelChoice.Sparse => true,
        _ => weights.Density * LanesCost(kernels.Lanes) < 1,
    };

    /// <summary>Whether tokens lie in lanes in all of a transformer's blocks: where the layers are cheaper that way together. Dense layers cost more there, since a few tokens fill no vectors.</summary>
    public static bool TokensInLanes(IEnumerable<LinearWeights> layers, KernelSet kernels, KernelChoice choice)
    {
        if (choice != KernelChoice.Rule)
            return choice == KernelChoice.Sparse;
        const double DenseInLanes = 1.5;
        double rows = 0, lanes = 0;
        foreach (var layer in layers)
        {
            rows += layer.Weight.Length;
            lanes += layer.Weight.Length * (SparseLanes(layer, kernels, choice) ? layer.Density * LanesCost(kernels.Lanes) : DenseInLanes);
        }
        return lanes < rows;
    }
}
