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
        if (Avx512F.IsSupported)
        {
            for (; row <= rows - 16; row += 16)
            {
                float* source = from + (row * fromStride), target = to + row;
                int column = 0;
                for (; column <= columns - 16; column += 16)
                    Sixteen(source + column, fromStride, target + (column * toStride), toStride);
                if (column < columns)
                    ByFours(source + column, 16, columns - column, fromStride, target + (column * toStride), toStride);
            }
        }
        ByFours(from + (row * fromStride), rows - row, columns, fromStride, to + row, toStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ByFours(float* from, int rows, int columns, nint fromStride, float* to, nint toStride)
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

    /// <summary>16 by 16: pairs of rows, then of pairs, of quarters and of halves are interleaved.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Sixteen(float* from, nint fromStride, float* to, nint toStride)
    {
        Four(from, fromStride, out var a0, out var a1, out var a2, out var a3);
        Four(from + (4 * fromStride), fromStride, out var b0, out var b1, out var b2, out var b3);
        Four(from + (8 * fromStride), fromStride, out var c0, out var c1, out var c2, out var c3);
        Four(from + (12 * fromStride), fromStride, out var d0, out var d1, out var d2, out var d3);
        Store(a0, b0, c0, d0, to, 4 * toStride);
        Store(a1, b1, c1, d1, to + toStride, 4 * toStride);
        Store(a2, b2, c2, d2, to + (2 * toStride), 4 * toStride);
        Store(a3, b3, c3, d3, to + (3 * toStride), 4 * toStride);
    }

    /// <summary>
    /// Four rows of 16: in each quarter of a result, four numbers of a column; the column's number modulo 4 is the result's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Four(float* from, nint stride, out Vector512<float> r0, out Vector512<float> r1, out Vector512<float> r2,
        out Vector512<float> r3)
    {
        var (a, b) = (Vector512.Load(from), Vector512.Load(from + stride));
        var (c, d) = (Vector512.Load(from + (2 * stride)), Vector512.Load(from + (3 * stride)));
        var (ab, cd) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackLow(c, d).AsDouble());
        r0 = Avx512F.UnpackLow(ab, cd).AsSingle();
        r1 = Avx512F.UnpackHigh(ab, cd).AsSingle();
        (ab, cd) = (Avx512F.UnpackHigh(a, b).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
        r2 = Avx512F.UnpackLow(ab, cd).AsSingle();
        r3 = Avx512F.UnpackHigh(ab, cd).AsSingle();
    }

    /// <summary>Stores the columns that begin in the quarters of four results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to, nint step)
    {
        // Quarters 0 and 2, or 1 and 3, of each two.
        Vector512<float> ab = Avx512F.Shuffle4x128(a, b, 0b10_00_10_00), cd = Avx512F.Shuffle4x128(c, d, 0b10_00_10_00);
        Avx512F.Shuffle4x128(ab, cd, 0b10_00_10_00).Store(to);
        Avx512F.Shuffle4x128(ab, cd, 0b11_01_11_01).Store(to + (2 * step));
        (ab, cd) = (Avx512F.Shuffle4x128(a, b, 0b11_01_11_01), Avx512F.Shuffle4x128(c, d, 0b11_01_11_01));
        Avx512F.Shuffle4x128(ab, cd, 0b10_00_10_00).Store(to + step);
        Avx512F.Shuffle4x128(ab, cd, 0b11_01_11_01).Store(to + (3 * step));
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
