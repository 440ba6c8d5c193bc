using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

static unsafe class Transposition
{
    /// <param name="from">[rows][columns], with rows <paramref name="fromStride"/> apart.</param>
    /// <param name="rows">Rows read, columns written.</param>
    /// <param name="columns">Columns read, rows written.</param>
    /// <param name="to">[columns][rows], with columns <paramref name="toStride"/> apart; written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, int rows, int columns, nint fromStride, float* to, nint toStride)
    {
        int row = 0;
        if (Sse.IsSupported)
        {
            for (; row <= rows - 4; row += 4)
            {
                float* source = from + (row * fromStride), target = to + row;
                int column = 0;
                for (; column <= columns - 4; column += 4)
                    Square(source + column, fromStride, target + (column * toStride), toStride);
                for (; column < columns; column++)
                {
                    float* column4 = target + (column * toStride);
                    for (int i = 0; i < 4; i++)
                        column4[i] = source[(i * fromStride) + column];
                }
            }
        }
        for (; row < rows; row++)
        {
            float* source = from + (row * fromStride), target = to + row;
            for (int column = 0; column < columns; column++, target += toStride)
                *target = source[column];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Square(float* from, nint fromStride, float* to, nint toStride)
    {
        var (a, b) = (Vector128.Load(from), Vector128.Load(from + fromStride));
        var (c, d) = (Vector128.Load(from + (2 * fromStride)), Vector128.Load(from + (3 * fromStride)));
        var (ab, cd) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d));
        Vector128.Store(Sse.MoveLowToHigh(ab, cd), to);
        Vector128.Store(Sse.MoveHighToLow(cd, ab), to + toStride);
        (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Vector128.Store(Sse.MoveLowToHigh(ab, cd), to + (2 * toStride));
        Vector128.Store(Sse.MoveHighToLow(cd, ab), to + (3 * toStride));
    }
}
