using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>Murmur3 hashes of values, as the real library hashes columns, so that a split puts the same rows in the same place.</summary>
internal static class RowHash
{
    private const uint Mask = (1u << Bits) - 1;
    public const int Bits = 30;

    /// <summary>A getter of the hash of a column's value, counted from one; a missing value has none (zero).</summary>
    public static ValueGetter<uint> MakeGetter(DataViewRow row, DataViewSchema.Column column, uint seed)
        => column.Type is VectorDataViewType vector
            ? Generic.Call<DataViewRow, DataViewSchema.Column, uint, ValueGetter<uint>>(OfVector<int>, vector.ItemType.RawType, row, column, seed)
            : Generic.Call<DataViewRow, DataViewSchema.Column, uint, ValueGetter<uint>>(OfScalar<int>, column.Type.RawType, row, column, seed);

    private static ValueGetter<uint> OfScalar<T>(DataViewRow row, DataViewSchema.Column column, uint seed)
    {
        var source = row.GetGetter<T>(column);
        bool isKey = column.Type is KeyDataViewType;
        T value = default!;
        return (ref uint hash) =>
        {
            source(ref value);
            var state = seed;
            hash = !TryAdd(ref state, value, isKey, out int length) ? 0
                : typeof(T) == typeof(ReadOnlyMemory<char>) ? (state & Mask) + 1
                : (Finish(state, length) & Mask) + 1;
        };
    }

    private static ValueGetter<uint> OfVector<T>(DataViewRow row, DataViewSchema.Column column, uint seed)
    {
        var source = row.GetGetter<VBuffer<T>>(column);
        bool isKey = column.Type.GetItemType() is KeyDataViewType;
        VBuffer<T> values = default;
        return (ref uint hash) =>
        {
            source(ref values);
            var state = seed;
            int total = 0;
            hash = 0;
            foreach (var value in values.DenseValues())
            {
                if (!TryAdd(ref state, value, isKey, out int length))
                    return;
                // A row id is counted as four bytes within a vector, though not by itself.
                total += typeof(T) == typeof(DataViewRowId) ? sizeof(uint) : length;
            }
            hash = ((typeof(T) == typeof(ReadOnlyMemory<char>) ? state : Finish(state, total)) & Mask) + 1;
        };
    }

    private static bool TryAdd<T>(ref uint state, T value, bool isKey, out int length)
    {
        length = sizeof(uint);
        switch (value)
        {
            case ReadOnlyMemory<char> text:
                if (text.IsEmpty)
                    return false;
                state = OfText(state, text.Span.Trim(' '));
                return true;
            case float real:
                state = Round(state, BitConverter.SingleToUInt32Bits(real == 0 ? 0 : real));
                return !float.IsNaN(real);
            case double real:
                length = sizeof(double);
                Wide(ref state, BitConverter.DoubleToUInt64Bits(real == 0 ? 0 : real));
                return !double.IsNaN(real);
            case ulong wide:
                length = sizeof(ulong);
                Wide(ref state, wide);
                return !isKey || wide != 0;
            case long wide:
                length = sizeof(long);
                Wide(ref state, (ulong)wide);
                return true;
            case DataViewRowId id:
                length = 2 * sizeof(ulong);
                state = Round(state, (uint)id.Low);
                return true;
        }

        uint chunk = value switch
        {
            bool b => b ? 1u : 0,
            byte b => b,
            sbyte b => (uint)b,
            ushort s => s,
            short s => (uint)s,
            uint u => u,
            int i => (uint)i,
            _ => throw new InvalidOperationException($"Values of type {typeof(T)} cannot be hashed"),
        };
        state = Round(state, chunk);
        return !isKey || chunk != 0;
    }

    private static void Wide(ref uint state, ulong value) => state = Round(Round(state, (uint)value), (uint)(value >> 32));

    // Over the UTF-8 bytes, four at a time. Surrogates count as characters of three bytes each.
    private static uint OfText(uint state, ReadOnlySpan<char> text)
    {
        int length = 0;
        int bits = 0;
        ulong pending = 0;
        foreach (char c in text)
        {
            if (c <= 0x7F)
            {
                pending |= (ulong)c << bits;
                bits += 8;
            }
            else if (c <= 0x7FF)
            {
                pending |= (ulong)((c & 0x3Fu) | (((uint)c << 2) & 0x1F00) | 0xC080) << bits;
                pending = ((pending & 0xFF) << 8) | (pending >> 8);
                bits += 16;
            }
            else
            {
                pending |= (ulong)((c & 0x3Fu) | (((uint)c << 2) & 0x3F00) | (((uint)c << 4) & 0x0F0000) | 0xE08080) << bits;
                pending = ((pending & 0xFF) << 16) | (((pending >> 8) & 0xFF) << 8) | (pending >> 16);
                bits += 24;
            }
            if (bits >= 32)
            {
                state = Round(state, (uint)pending);
                pending >>= 32;
                bits -= 32;
                length += 4;
            }
        }

        int tail = bits / 8;
        length += tail;
        if (tail > 0)
        {
            uint rest = (uint)pending & ((1u << (8 * tail)) - 1);
            state ^= BitOperations.RotateLeft(rest * 0xCC9E2D51, 15) * 0x1B873593;
        }
        return Finish(state, length);
    }

    private static uint Round(uint hash, uint chunk)
        => (BitOperations.RotateLeft(hash ^ (BitOperations.RotateLeft(chunk * 0xCC9E2D51, 15) * 0x1B873593), 13) * 5) + 0xE6546B64;

    private static uint Finish(uint hash, int length)
    {
        hash ^= (uint)length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }
}
