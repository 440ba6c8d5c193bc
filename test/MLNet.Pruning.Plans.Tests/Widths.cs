using MLNet.Pruning.Plans.Kernels;

namespace MLNet.Pruning.Plans.Tests;

/// <summary>All widths of vector: those that the machine lacks are computed by .NET, slowly.</summary>
static class Widths
{
    public static IEnumerable<object[]> All => Enum.GetValues<VectorWidth>().Select(width => new object[] { (int)width });

    public static KernelSet Of(int width) => KernelSet.For((VectorWidth)width);
}
