using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MLNet.Pruning.Masks;

/// <summary>Passes over flat vectors under a mask of bytes, -1 where a weight is on and 0 where it is off.</summary>
static class MaskKernels
{
    // A vector of bytes is the mask of four vectors of floats.
    static int Width => Vector<sbyte>.Count;

    static int Step => Vector<float>.Count;

    /// <summary>Gives the weights that are off the values of others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FillOff(Span<float> values, ReadOnlySpan<float> others, ReadOnlySpan<sbyte> on)
    {
        Check(values.Length, others.Length, on.Length);
        ref var value = ref MemoryMarshal.GetReference(values);
        ref var other = ref MemoryMarshal.GetReference(others);
        var i = 0;
        for (; i <= values.Length - Width; i += Width)
        {
            var bytes = Vector.LoadUnsafe(ref MemoryMarshal.GetReference(on), (nuint)i);
            if (Vector.EqualsAll(bytes, Vector<sbyte>.AllBitsSet))
                continue;
            Widen(bytes, out var a, out var b, out var c, out var d);
            Select(ref value, ref other, i, a);
            Select(ref value, ref other, i + Step, b);
            Select(ref value, ref other, i + 2 * Step, c);
            Select(ref value, ref other, i + 3 * Step, d);
        }
        for (; i < values.Length; i++)
            if (on[i] == 0)
                values[i] = others[i];
    }

    /// <summary>Copies those that are off away, times a factor, and then zeroes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyAndZeroOff(Span<float> values, Span<float> copies, ReadOnlySpan<sbyte> on, float factor = 1)
    {
        Check(values.Length, copies.Length, on.Length);
        var factors = new Vector<float>(factor);
        ref var value = ref MemoryMarshal.GetReference(values);
        ref var copy = ref MemoryMarshal.GetReference(copies);
        var i = 0;
        for (; i <= values.Length - Width; i += Width)
        {
            var bytes = Vector.LoadUnsafe(ref MemoryMarshal.GetReference(on), (nuint)i);
            // What is on is not looked at in the copy.
            if (Vector.EqualsAll(bytes, Vector<sbyte>.AllBitsSet))
                continue;
            Widen(bytes, out var a, out var b, out var c, out var d);
            Move(ref value, ref copy, i, a, factors);
            Move(ref value, ref copy, i + Step, b, factors);
            Move(ref value, ref copy, i + 2 * Step, c, factors);
            Move(ref value, ref copy, i + 3 * Step, d, factors);
        }
        for (; i < values.Length; i++)
        {
            if (on[i] != 0)
                continue;
            copies[i] = factor * values[i];
            values[i] = 0;
        }
    }

    /// <summary>Zeroes those that are off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ZeroOff(Span<float> values, ReadOnlySpan<sbyte> on)
    {
        Check(values.Length, values.Length, on.Length);
        ref var value = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i <= values.Length - Width; i += Width)
        {
            var bytes = Vector.LoadUnsafe(ref MemoryMarshal.GetReference(on), (nuint)i);
            if (Vector.EqualsAll(bytes, Vector<sbyte>.AllBitsSet))
                continue;
            Widen(bytes, out var a, out var b, out var c, out var d);
            Zero(ref value, i, a);
            Zero(ref value, i + Step, b);
            Zero(ref value, i + 2 * Step, c);
            Zero(ref value, i + 3 * Step, d);
        }
        for (; i < values.Length; i++)
            if (on[i] == 0)
                values[i] = 0;
    }

    /// <summary>How many are on.</summary>
    public static int CountOn(ReadOnlySpan<sbyte> on)
    {
        long count = 0;
        var many = MemoryMarshal.Cast<sbyte, ulong>(on);
        foreach (var eight in many)
            count += BitOperations.PopCount(eight);
        count /= 8;
        foreach (var one in on[(8 * many.Length)..])
            count -= one;
        return (int)count;
    }

    /// <summary>How many are on, and how many are that were not.</summary>
    public static (int Before, int After, int Reactivated) Count(ReadOnlySpan<sbyte> before, ReadOnlySpan<sbyte> after)
    {
        Check(before.Length, before.Length, after.Length);
        long then = 0, now = 0, back = 0;
        ReadOnlySpan<ulong> was = MemoryMarshal.Cast<sbyte, ulong>(before), be = MemoryMarshal.Cast<sbyte, ulong>(after);
        for (var i = 0; i < was.Length; i++)
        {
            then += BitOperations.PopCount(was[i]);
            now += BitOperations.PopCount(be[i]);
            back += BitOperations.PopCount(be[i] & ~was[i]);
        }
        for (var i = 8 * was.Length; i < before.Length; i++)
        {
            then -= 8 * before[i];
            now -= 8 * after[i];
            back += 8 * (before[i] == 0 ? -after[i] : 0);
        }
        return ((int)(then / 8), (int)(now / 8), (int)(back / 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Select(ref float values, ref float others, int at, Vector<int> on) =>
        Vector.ConditionalSelect(on, Vector.LoadUnsafe(ref values, (nuint)at), Vector.LoadUnsafe(ref others, (nuint)at)).StoreUnsafe(ref values, (nuint)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Move(ref float values, ref float copies, int at, Vector<int> on, Vector<float> factor)
    {
        var value = Vector.LoadUnsafe(ref values, (nuint)at);
        (value * factor).StoreUnsafe(ref copies, (nuint)at);
        Vector.BitwiseAnd(value, Vector.AsVectorSingle(on)).StoreUnsafe(ref values, (nuint)at);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Zero(ref float values, int at, Vector<int> on) =>
        Vector.BitwiseAnd(Vector.LoadUnsafe(ref values, (nuint)at), Vector.AsVectorSingle(on)).StoreUnsafe(ref values, (nuint)at);

    // -1 stays -1 in more bits: as many as a float has, all of them ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Widen(Vector<sbyte> bytes, out Vector<int> a, out Vector<int> b, out Vector<int> c, out Vector<int> d)
    {
        Vector.Widen(bytes, out var low, out var high);
        Vector.Widen(low, out a, out b);
        Vector.Widen(high, out c, out d);
    }

    static void Check(int values, int others, int on)
    {
        if (values != others || values != on)
            throw new ArgumentException($"There are {values} values, {others} others and {on} in the mask.");
    }
}
