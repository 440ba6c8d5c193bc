using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MLNet.Pruning;

/// <summary>Passes over flat vectors with a mask of bytes: -1 for active and 0 for inactive weights.</summary>
static class MaskKernels
{
    /// <summary>Sets inactive weights to other values.</summary>
    public static void Fill(Span<float> values, ReadOnlySpan<float> others, ReadOnlySpan<sbyte> active) =>
        Pass<Filling>(values, MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(others), others.Length), active, 1);

    /// <summary>Copies inactive weights times a factor, and then zeroes them. The copy is undefined for active weights.</summary>
    public static void CopyAndZero(Span<float> values, Span<float> copies, ReadOnlySpan<sbyte> active, float factor = 1) =>
        Pass<Moving>(values, copies, active, factor);

    /// <summary>Zeroes inactive weights.</summary>
    public static void Zero(Span<float> values, ReadOnlySpan<sbyte> active) => Pass<Zeroing>(values, values, active, 1);

    /// <summary>The number of active weights.</summary>
    public static int CountActive(ReadOnlySpan<sbyte> active) => Count(active, active).Both;

    /// <summary>How many weights were active, how many are, and how many were and are.</summary>
    public static (int Before, int Active, int Both) Count(ReadOnlySpan<sbyte> before, ReadOnlySpan<sbyte> active)
    {
        long then = 0, now = 0, both = 0; // in bits, eight per weight
        ReadOnlySpan<ulong> was = MemoryMarshal.Cast<sbyte, ulong>(before), be = MemoryMarshal.Cast<sbyte, ulong>(active);
        for (var i = 0; i < was.Length; i++)
        {
            then += BitOperations.PopCount(was[i]);
            now += BitOperations.PopCount(be[i]);
            both += BitOperations.PopCount(be[i] & was[i]);
        }
        for (var i = 8 * was.Length; i < before.Length; i++)
        {
            then -= 8 * before[i];
            now -= 8 * active[i];
            both -= 8 * (active[i] & before[i]);
        }
        return ((int)(then / 8), (int)(now / 8), (int)(both / 8));
    }

    interface IOperation
    {
        static abstract void Apply(ref float value, ref float other, Vector<int> active, Vector<float> factor);

        /// <summary>The same for one inactive weight.</summary>
        static abstract void Apply(ref float value, ref float other, float factor);
    }

    struct Filling : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref float value, ref float other, Vector<int> active, Vector<float> factor) =>
            Vector.ConditionalSelect(active, Vector.LoadUnsafe(ref value), Vector.LoadUnsafe(ref other)).StoreUnsafe(ref value);

        public static void Apply(ref float value, ref float other, float factor) => value = other;
    }

    struct Moving : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref float value, ref float other, Vector<int> active, Vector<float> factor)
        {
            (Vector.LoadUnsafe(ref value) * factor).StoreUnsafe(ref other);
            Zeroing.Apply(ref value, ref other, active, factor);
        }

        public static void Apply(ref float value, ref float other, float factor) => (other, value) = (factor * value, 0);
    }

    struct Zeroing : IOperation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref float value, ref float other, Vector<int> active, Vector<float> factor) =>
            Vector.BitwiseAnd(Vector.LoadUnsafe(ref value), Vector.AsVectorSingle(active)).StoreUnsafe(ref value);

        public static void Apply(ref float value, ref float other, float factor) => value = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Pass<T>(Span<float> values, Span<float> others, ReadOnlySpan<sbyte> active, float factor)
        where T : struct, IOperation
    {
        if (values.Length != others.Length || values.Length != active.Length)
            throw new ArgumentException($"There are {values.Length} values, {others.Length} others and {active.Length} in the mask.");
        var factors = new Vector<float>(factor);
        ref var value = ref MemoryMarshal.GetReference(values);
        ref var other = ref MemoryMarshal.GetReference(others);
        var (i, step) = (0, Vector<float>.Count);
        // A vector of bytes masks four vectors of floats. -1 stays -1 when it is widened to the size of a float.
        for (; i <= values.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            var bytes = Vector.LoadUnsafe(ref MemoryMarshal.GetReference(active), (nuint)i);
            if (Vector.EqualsAll(bytes, Vector<sbyte>.AllBitsSet))
                continue;
            Vector.Widen(bytes, out var low, out var high);
            Vector.Widen(low, out var a, out var b);
            Vector.Widen(high, out var c, out var d);
            T.Apply(ref Unsafe.Add(ref value, i), ref Unsafe.Add(ref other, i), a, factors);
            T.Apply(ref Unsafe.Add(ref value, i + step), ref Unsafe.Add(ref other, i + step), b, factors);
            T.Apply(ref Unsafe.Add(ref value, i + 2 * step), ref Unsafe.Add(ref other, i + 2 * step), c, factors);
            T.Apply(ref Unsafe.Add(ref value, i + 3 * step), ref Unsafe.Add(ref other, i + 3 * step), d, factors);
        }
        for (; i < values.Length; i++)
            if (active[i] == 0)
                T.Apply(ref values[i], ref others[i], factor);
    }
}
