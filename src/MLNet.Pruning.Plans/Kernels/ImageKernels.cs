using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>Kernels for images other than products.</summary>
static unsafe class ImageKernels
{
    /// <summary>The maxima of squares of 2x2; an odd last row or column is left out. A NaN may be lost.</summary>
    /// <param name="from">[height][fromStride]</param>
    /// <param name="to">[height][toStride]; written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MaxPool(float* from, int height, int width, nint fromStride, float* to, nint toStride)
    {
        for (int y = 0; y < height; y++, from += 2 * fromStride, to += toStride)
        {
            float* below = from + fromStride;
            int x = 0;
            if (Sse.IsSupported)
            {
                for (; x <= width - 4; x += 4)
                {
                    var left = Vectors128.Max(Vector128.Load(from + (2 * x)), Vector128.Load(below + (2 * x)));
                    var right = Vectors128.Max(Vector128.Load(from + (2 * x) + 4), Vector128.Load(below + (2 * x) + 4));
                    Vector128.Store(Vectors128.Max(Sse.Shuffle(left, right, 0b10_00_10_00), Sse.Shuffle(left, right, 0b11_01_11_01)),
                        to + x);
                }
            }
            for (; x < width; x++)
                to[x] = Larger(Larger(from[2 * x], below[2 * x]), Larger(from[(2 * x) + 1], below[(2 * x) + 1]));
        }
    }

    static float Larger(float a, float b) => a > b ? a : b;
}
