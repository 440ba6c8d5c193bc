using System.Runtime.Intrinsics;

namespace MLNet.Pruning;

/// <summary>The vectors that kernels compute with.</summary>
enum VectorWidth
{
    /// <summary>128 bits: SSE, NEON, and what .NET computes where no hardware does.</summary>
    Portable,

    /// <summary>256 bits: AVX2.</summary>
    Wide,

    /// <summary>512 bits: AVX-512.</summary>
    Widest,
}

static class VectorWidths
{
    /// <summary>The widest vectors that this machine computes in hardware.</summary>
    public static VectorWidth Here { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Widest : Vector256.IsHardwareAccelerated ? VectorWidth.Wide : VectorWidth.Portable;
}
