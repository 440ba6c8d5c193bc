using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MLNet.Pruning.Importance.Kernels;

/// <summary>The few vector steps that the kernels share. The JIT resolves every <c>typeof</c> test.</summary>
/// <remarks>
/// The element type also says the mode: Absolute shares are sums of non-negative terms and computed in float; Signed sums
/// cancel, so they are computed in double, where products of two floats are exact.
/// </remarks>
internal static class Lanes<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Count => Vector<T>.Count;

    /// <summary>Whether shares keep their sign.</summary>
    public static bool Signed => typeof(T) == typeof(double);

    /// <summary>The largest finite number.</summary>
    public static T Largest => Signed ? T.CreateTruncating(double.MaxValue) : T.CreateTruncating(float.MaxValue);

    /// <summary>Below every share that can occur: no share of the Absolute mode is negative.</summary>
    public static T Lowest => Signed ? -Largest : T.Zero;

    /// <summary>
    /// Denominators this near to zero count as zero. Rows are scaled to a largest entry in [1, 2) before, so only a sum without
    /// any meaningful term falls below, and sums of reciprocals above it cannot overflow.
    /// </summary>
    public static T Tiny => Signed ? T.ScaleB(T.One, -900) : T.ScaleB(T.One, -100);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> MultiplyAdd(Vector<T> a, Vector<T> b, Vector<T> sum)
    {
        if (typeof(T) == typeof(float))
            return Vector.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), sum.As<T, float>()).As<float, T>();
        return Vector.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), sum.As<T, double>()).As<double, T>();
    }

    /// <summary>Whether the processor has vectors that hold two of these.</summary>
    public static bool TwoAreOne => Vector512.IsHardwareAccelerated && Vector512<T>.Count == 2 * Vector<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> MultiplyAdd(Vector512<T> a, Vector512<T> b, Vector512<T> sum)
    {
        if (typeof(T) == typeof(float))
            return Vector512.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), sum.As<T, float>()).As<float, T>();
        return Vector512.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), sum.As<T, double>()).As<double, T>();
    }

    /// <summary>1/z with zero for a zero denominator; <paramref name="finite"/> loses the lanes where z is not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Reciprocal(Vector<T> z, ref Vector<T> finite)
    {
        var size = Vector.Abs(z);
        finite &= Vector.LessThanOrEqual(size, new Vector<T>(Largest));
        var some = Vector.GreaterThan(size, new Vector<T>(Tiny));
        return Vector.ConditionalSelect(some, Vector<T>.One / z, Vector<T>.Zero);
    }

    /// <summary>Whether no lane was lost. Bits are compared: all bits set is no number, and equals nothing.</summary>
    public static bool All(Vector<T> finite) => finite.As<T, int>() == Vector<int>.AllBitsSet;

    /// <summary>Scale, a power of two, that brings the largest entry into [1, 2); 1 for a row of zeros.</summary>
    public static T Scale(ReadOnlySpan<float> row)
    {
        var largest = LargestOf(row);
        if (largest == 0 || !float.IsFinite(largest))
            return T.One;
        // The exponents of a power of two and of its inverse add up to 254. A float cannot hold 2^149: rows of denormals are brought as far as 2^-23, which is far
        // enough. 2^-127 is itself a denormal.
        var exponent = Math.Min(254 - (BitConverter.SingleToInt32Bits(largest) >> 23), 253);
        return T.CreateTruncating(BitConverter.Int32BitsToSingle(exponent > 0 ? exponent << 23 : 1 << 22));
    }

    /// <summary>Copies a row of floats, scaled, without its signs in the Absolute mode, and pads it with zeros.</summary>
    public static unsafe void Pack(ReadOnlySpan<float> row, T scale, T* to, int padded)
    {
        if (typeof(T) == typeof(float))
        {
            var factor = (float)(object)scale;
            var target = (float*)to;
            if (row.Length < Vector<float>.Count)
            {
                for (var i = 0; i < row.Length; i++)
                    target[i] = MathF.Abs(row[i]) * factor;
            }
            else
            {
                fixed (float* from = row)
                {
                    for (var i = 0; i < row.Length; i += Vector<float>.Count)
                    {
                        var at = Math.Min(i, row.Length - Vector<float>.Count); // The last vector takes some entries again.
                        Vector.Store(Vector.Abs(Vector.Load(from + at)) * factor, target + at);
                    }
                }
            }
        }
        else
        {
            for (var i = 0; i < row.Length; i++)
                to[i] = T.CreateTruncating(row[i]) * scale;
        }
        for (var i = row.Length; i < padded; i++)
            to[i] = T.Zero;
    }

    /// <summary>One entry as <see cref="Pack"/> would copy it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Enter(float value, T scale) => T.CreateTruncating(Signed ? value : MathF.Abs(value)) * scale;

    /// <summary>The largest size. An entry that is not a number may go unnoticed: what is computed from it will not be one either.</summary>
    static unsafe float LargestOf(ReadOnlySpan<float> row)
    {
        var result = 0f;
        if (row.Length < Vector<float>.Count)
        {
            foreach (var entry in row)
                result = MathF.Max(result, MathF.Abs(entry));
            return result;
        }
        var largest = Vector<float>.Zero;
        fixed (float* from = row)
        {
            for (var i = 0; i < row.Length; i += Vector<float>.Count)
                largest = Vector.MaxNative(largest, Vector.Abs(Vector.Load(from + Math.Min(i, row.Length - Vector<float>.Count))));
        }
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            result = float.MaxNative(result, largest[lane]);
        return result;
    }
}
