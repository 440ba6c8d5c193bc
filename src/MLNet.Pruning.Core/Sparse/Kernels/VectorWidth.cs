using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>The vectors that a kernel computes with.</summary>
enum VectorWidth
{
    /// <summary>128 bits, on any machine.</summary>
    Portable,

    /// <summary>256 bits: AVX2.</summary>
    Wide,

    /// <summary>512 bits: AVX-512.</summary>
    Widest,
}

static class VectorWidths
{
    /// <summary>The widest that this machine computes in one step.</summary>
    public static VectorWidth Here { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Widest : Vector256.IsHardwareAccelerated ? VectorWidth.Wide : VectorWidth.Portable;
}
