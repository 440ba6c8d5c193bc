using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MLNet.Pruning.Plans.Kernels;

/// <summary>
/// The dense product in integers of 8 bits, four multiply-adds of 32 lanes' bytes at a time. Sums of integers are exact, so a row has the
/// same bits alone and among others. Inputs are rounded to 255 steps, each row scaled by its own largest number, so that no row is out of
/// range.
/// </summary>
static unsafe class Int8Product
{
    /// <summary>The stored value of 0.</summary>
    public const int Zero = 128;

    public static bool IsSupported => AvxVnni.IsSupported;

    /// <summary>The size of a row of inputs in bytes.</summary>
    public static int RowBytes(int inputs) => (inputs + 31) / 32 * 32;

    /// <summary>Rounds rows of inputs.</summary>
    /// <param name="x">[rows][xStride]; nothing after a row's inputs is read.</param>
    /// <param name="to">[rows][<see cref="RowBytes"/>]; written.</param>
    /// <param name="scales">[rows]; written: the step size of each row. NaN if a number of the row is not finite.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* x, int rows, int inputs, nint xStride, byte* to, float* scales)
    {
        int bytes = RowBytes(inputs), whole = inputs & ~15;
        float* end = stackalloc float[16];
        for (int row = 0; row < rows; row++, x += xStride, to += bytes)
        {
            new Span<float>(end, 16).Clear();
            new ReadOnlySpan<float>(x + whole, inputs - whole).CopyTo(new Span<float>(end, 16));
            // Without their signs, numbers have the order of their bits as integers, and NaN comes after infinity.
            Vector256<int> largest = Magnitudes(end), other = Magnitudes(end + 8);
            for (int i = 0; i < whole; i += 16)
            {
                largest = Vector256.Max(largest, Magnitudes(x + i));
                other = Vector256.Max(other, Magnitudes(x + i + 8));
            }
            largest = Vector256.Max(largest, other);
            var half = Vector128.Max(largest.GetLower(), largest.GetUpper());
            half = Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
            float maximum = BitConverter.Int32BitsToSingle(Math.Max(half.ToScalar(), half.GetElement(1)));
            scales[row] = float.IsFinite(maximum) ? maximum / 127 : float.NaN;
            var factor = Vector256.Create(maximum > 0 && float.IsFinite(maximum) ? 127 / maximum : 0);
            for (int i = 0; i < whole; i += 16)
                Sixteen(x + i, factor, to + i);
            if (whole < inputs)
                Sixteen(end, factor, to + whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Magnitudes(float* x) => Vector256.Load(x).AsInt32() & Vector256.Create(int.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Sixteen(float* x, Vector256<float> factor, byte* to)
    {
        // The packing instruction interleaves halves of 128 bits: [a0 a1 b0 b1 | a2 a3 b2 b3] in fours of numbers.
        var a = Avx.ConvertToVector256Int32(Vector256.Load(x) * factor);
        var b = Avx.ConvertToVector256Int32(Vector256.Load(x + 8) * factor);
        var words = Avx2.Permute4x64(Avx2.PackSignedSaturate(a, b).AsInt64(), 0b11_01_10_00).AsInt16();
        words += Vector256.Create((short)Zero);
        Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper()).Store(to);
    }

    /// <param name="x">[rows][<see cref="RowBytes"/>]</param>
    /// <param name="scales">[rows]</param>
    /// <param name="y">[rows][yStride]; written, whole vectors of eight.</param>
    /// <param name="yStride">The distance between rows, also of the residual.</param>
    /// <param name="residual">Added; may be y itself, or null.</param>
    public static void Multiply(Int8Matrix matrix, byte* x, float* scales, int rows, float* y, nint yStride, float* residual)
    {
        int bytes = RowBytes(matrix.Inputs);
        if (rows == 1)
        {
            for (int panel = 0; panel < matrix.Panels; panel += 4)
                OneRow(matrix, panel, x, *scales, y, residual);
            return;
        }
        for (int panel = 0; panel < matrix.Panels; panel++)
        {
            for (int row = 0; row < rows; row += 4)
            {
                nint at = row * yStride;
                FourRows(matrix, panel, x + ((nint)row * bytes), bytes, scales + row, Math.Min(4, rows - row), y + at, yStride,
                    residual == null ? null : residual + at);
            }
        }
    }

    /// <summary>Four rows by a panel. Missing rows repeat the last one and are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourRows(
        Int8Matrix matrix, int panel, byte* x, nint bytes, float* scales, int rows, float* y, nint yStride, float* residual)
    {
        byte* x1 = rows > 1 ? x + bytes : x;
        byte* x2 = rows > 2 ? x1 + bytes : x1;
        byte* x3 = rows > 3 ? x2 + bytes : x2;
        int first = panel * Int8Matrix.PanelWidth, outputs = matrix.Outputs - first;
        Vector256<int> s0 = Vector256.Load(matrix.Starts + first), t0 = Vector256.Load(matrix.Starts + first + 8);
        Vector256<int> s1 = s0, s2 = s0, s3 = s0, t1 = t0, t2 = t0, t3 = t0;
        sbyte* from = matrix.Values + ((long)panel * matrix.Steps * 4 * Int8Matrix.PanelWidth);
        int length = matrix.Steps * 4;
        for (nint k = 0; k < length; k += 4, from += 4 * Int8Matrix.PanelWidth)
        {
            var (u, v) = (Vector256.Load(from), Vector256.Load(from + 32));
            var a = Vector256.Create(*(int*)(x + k)).AsByte();
            s0 = AvxVnni.MultiplyWideningAndAdd(s0, a, u);
            t0 = AvxVnni.MultiplyWideningAndAdd(t0, a, v);
            a = Vector256.Create(*(int*)(x1 + k)).AsByte();
            s1 = AvxVnni.MultiplyWideningAndAdd(s1, a, u);
            t1 = AvxVnni.MultiplyWideningAndAdd(t1, a, v);
            a = Vector256.Create(*(int*)(x2 + k)).AsByte();
            s2 = AvxVnni.MultiplyWideningAndAdd(s2, a, u);
            t2 = AvxVnni.MultiplyWideningAndAdd(t2, a, v);
            a = Vector256.Create(*(int*)(x3 + k)).AsByte();
            s3 = AvxVnni.MultiplyWideningAndAdd(s3, a, u);
            t3 = AvxVnni.MultiplyWideningAndAdd(t3, a, v);
        }
        float* weightScales = matrix.Scales + first, bias = matrix.Bias + first;
        y += first;
        residual = residual == null ? null : residual + first;
        Store(s0, t0, scales[0], weightScales, bias, outputs, y, residual, 0);
        if (rows > 1)
            Store(s1, t1, scales[1], weightScales, bias, outputs, y, residual, yStride);
        if (rows > 2)
            Store(s2, t2, scales[2], weightScales, bias, outputs, y, residual, 2 * yStride);
        if (rows > 3)
            Store(s3, t3, scales[3], weightScales, bias, outputs, y, residual, 3 * yStride);
    }

    /// <summary>One row by four panels. Missing panels repeat the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneRow(Int8Matrix matrix, int panel, byte* x, float scale, float* y, float* residual)
    {
        int panels = Math.Min(4, matrix.Panels - panel), first = panel * Int8Matrix.PanelWidth, length = matrix.Steps * 4;
        nint size = (nint)length * Int8Matrix.PanelWidth, one = Math.Min(1, panels - 1), two = Math.Min(2, panels - 1),
            three = Math.Min(3, panels - 1);
        int* starts = matrix.Starts + first;
        Vector256<int> s0 = Vector256.Load(starts), t0 = Vector256.Load(starts + 8);
        starts += one * Int8Matrix.PanelWidth;
        Vector256<int> s1 = Vector256.Load(starts), t1 = Vector256.Load(starts + 8);
        starts += (two - one) * Int8Matrix.PanelWidth;
        Vector256<int> s2 = Vector256.Load(starts), t2 = Vector256.Load(starts + 8);
        starts += (three - two) * Int8Matrix.PanelWidth;
        Vector256<int> s3 = Vector256.Load(starts), t3 = Vector256.Load(starts + 8);
        sbyte* from = matrix.Values + ((long)panel * size);
        (one, two, three) = (one * size, two * size, three * size);
        for (nint k = 0; k < length; k += 4, from += 4 * Int8Matrix.PanelWidth)
        {
            var a = Vector256.Create(*(int*)(x + k)).AsByte();
            s0 = AvxVnni.MultiplyWideningAndAdd(s0, a, Vector256.Load(from));
            t0 = AvxVnni.MultiplyWideningAndAdd(t0, a, Vector256.Load(from + 32));
            s1 = AvxVnni.MultiplyWideningAndAdd(s1, a, Vector256.Load(from + one));
            t1 = AvxVnni.MultiplyWideningAndAdd(t1, a, Vector256.Load(from + one + 32));
            s2 = AvxVnni.MultiplyWideningAndAdd(s2, a, Vector256.Load(from + two));
            t2 = AvxVnni.MultiplyWideningAndAdd(t2, a, Vector256.Load(from + two + 32));
            s3 = AvxVnni.MultiplyWideningAndAdd(s3, a, Vector256.Load(from + three));
            t3 = AvxVnni.MultiplyWideningAndAdd(t3, a, Vector256.Load(from + three + 32));
        }
        float* scales = matrix.Scales + first, bias = matrix.Bias + first;
        int outputs = matrix.Outputs - first;
        y += first;
        residual = residual == null ? null : residual + first;
        Store(s0, t0, scale, scales, bias, outputs, y, residual, 0);
        if (panels > 1)
            Store(s1, t1, scale, scales + 16, bias + 16, outputs - 16, y, residual, 16);
        if (panels > 2)
            Store(s2, t2, scale, scales + 32, bias + 32, outputs - 32, y, residual, 32);
        if (panels > 3)
            Store(s3, t3, scale, scales + 48, bias + 48, outputs - 48, y, residual, 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(
        Vector256<int> first, Vector256<int> second, float scale, float* scales, float* bias, int outputs, float* y, float* residual,
        nint at)
    {
        Store(first, scale, scales, bias, y, residual, at);
        if (outputs > 8)
            Store(second, scale, scales + 8, bias + 8, y, residual, at + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector256<int> sum, float scale, float* scales, float* bias, float* y, float* residual, nint at)
    {
        var result = Vectors256.MultiplyAdd(Avx.ConvertToVector256Single(sum), Vector256.Load(scales) * Vector256.Create(scale),
            Vector256.Load(bias));
        Vector256.Store(residual == null ? result : result + Vector256.Load(residual + at), y + at);
    }
}
