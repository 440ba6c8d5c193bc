using Microsoft.ML;

namespace MLNet.Pruning.Trainers;

/// <summary>Reads a key column whatever its raw type is.</summary>
static class KeyColumn
{
    /// <summary>A getter of the current row's key: 0 for missing, 1 for the first value.</summary>
    public static Func<ulong> Getter(DataViewRow row, DataViewSchema.Column column)
    {
        var type = column.Type.RawType;
        return type == typeof(uint) ? Getter<uint>(row, column, key => key)
            : type == typeof(byte) ? Getter<byte>(row, column, key => key)
            : type == typeof(ushort) ? Getter<ushort>(row, column, key => key)
            : Getter<ulong>(row, column, key => key);
    }

    static Func<ulong> Getter<T>(DataViewRow row, DataViewSchema.Column column, Func<T, ulong> widen)
        where T : struct
    {
        var get = row.GetGetter<T>(column);
        T key = default;
        return () =>
        {
            get(ref key);
            return widen(key);
        };
    }
}
