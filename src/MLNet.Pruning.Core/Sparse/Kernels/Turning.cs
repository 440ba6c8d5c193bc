using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Sparse.Kernels;

/// <summary>Turns matrices so that rows become columns.</summary>
static unsafe class Turning
{
    const int Block = 8;

    /// <summary>Writes <paramref name="rows"/> rows of <paramref name="columns"/> numbers as columns.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="fromStride">Numbers from a row to the next.</param>
    /// <param name="to">The first of what were columns.</param>
    /// <param name="toStride">Numbers from what was a column to the next; at least <paramref name="rows"/>.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="columns">How many columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Turn(float* from, nint fromStride, float* to, nint toStride, int rows, int columns)
    {
        var r = 0;
        if (Avx.IsSupported)
        {
            for (; r <= rows - Block; r += Block)
            {
                var c = 0;
                for (; c <= columns - Block; c += Block)
                    EightByEight(from + r * fromStride + c, fromStride, to + c * toStride + r, toStride);
                Single(from + r * fromStride, fromStride, to + r, toStride, Block, c, columns);
            }
        }
        Single(from + r * fromStride, fromStride, to + r, toStride, rows - r, 0, columns);
    }

    static void Single(float* from, nint fromStride, float* to, nint toStride, int rows, int first, int columns)
    {
        for (var c = first; c < columns; c++)
            for (var r = 0; r < rows; r++)
                to[c * toStride + r] = from[r * fromStride + c];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void EightByEight(float* from, nint fromStride, float* to, nint toStride)
    {
        // Pairs, then fours, then halves change places.
        var (r0, r1, r2, r3) = (Vector256.Load(from), Vector256.Load(from + fromStride), Vector256.Load(from + 2 * fromStride), Vector256.Load(from + 3 * fromStride));
        from += 4 * fromStride;
        var (r4, r5, r6, r7) = (Vector256.Load(from), Vector256.Load(from + fromStride), Vector256.Load(from + 2 * fromStride), Vector256.Load(from + 3 * fromStride));
        var (p0, p1, p2, p3) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1), Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        var (p4, p5, p6, p7) = (Avx.UnpackLow(r4, r5), Avx.UnpackHigh(r4, r5), Avx.UnpackLow(r6, r7), Avx.UnpackHigh(r6, r7));
        const byte Low = 0b01_00_01_00, High = 0b11_10_11_10;
        var (f0, f1, f2, f3) = (Avx.Shuffle(p0, p2, Low), Avx.Shuffle(p0, p2, High), Avx.Shuffle(p1, p3, Low), Avx.Shuffle(p1, p3, High));
        var (f4, f5, f6, f7) = (Avx.Shuffle(p4, p6, Low), Avx.Shuffle(p4, p6, High), Avx.Shuffle(p5, p7, Low), Avx.Shuffle(p5, p7, High));
        const byte Lower = 0x20, Upper = 0x31;
        Vector256.Store(Avx.Permute2x128(f0, f4, Lower), to);
        Vector256.Store(Avx.Permute2x128(f1, f5, Lower), to + toStride);
        Vector256.Store(Avx.Permute2x128(f2, f6, Lower), to + 2 * toStride);
        Vector256.Store(Avx.Permute2x128(f3, f7, Lower), to + 3 * toStride);
        to += 4 * toStride;
        Vector256.Store(Avx.Permute2x128(f0, f4, Upper), to);
        Vector256.Store(Avx.Permute2x128(f1, f5, Upper), to + toStride);
        Vector256.Store(Avx.Permute2x128(f2, f6, Upper), to + 2 * toStride);
        Vector256.Store(Avx.Permute2x128(f3, f7, Upper), to + 3 * toStride);
    }
}
