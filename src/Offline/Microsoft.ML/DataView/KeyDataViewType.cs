using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>One of a known number of things, held as an unsigned integer: 0 is missing, 1 to <see cref="Count"/> are the things.</summary>
public sealed class KeyDataViewType : PrimitiveDataViewType
{
    public KeyDataViewType(Type type, ulong count)
        : base(type)
    {
        ulong maximum = MaximumOf(type);
        if (maximum == 0)
            throw Contracts.ExceptParam(nameof(type), $"A key is held as Byte, UInt16, UInt32 or UInt64, not as {type.Name}.");
        if (count == 0 || count > maximum)
            throw Contracts.ExceptParam(nameof(count), $"A key held as {type.Name} can have from 1 to {maximum} values, but got {count}.");
        Count = count;
    }

    public KeyDataViewType(Type type, int count)
        : this(type, (ulong)count)
    {
        Contracts.CheckParam(count > 0, nameof(count), "The number of values of a key must be positive.");
    }

    /// <summary>The number of values apart from the missing one.</summary>
    public ulong Count { get; }

    public static bool IsValidDataType(Type type) => MaximumOf(type) != 0;

    public override bool Equals(DataViewType? other)
        => other is KeyDataViewType key && key.RawType == RawType && key.Count == Count;

    public override bool Equals(object? other) => other is DataViewType type && Equals(type);

    public override int GetHashCode() => HashCode.Combine(RawType, Count);

    public override string ToString() => $"Key<{RawType.Name}, 0-{Count - 1}>";

    private static ulong MaximumOf(Type type)
        => type == typeof(uint) ? uint.MaxValue
        : type == typeof(ulong) ? ulong.MaxValue
        : type == typeof(ushort) ? ushort.MaxValue
        : type == typeof(byte) ? byte.MaxValue
        : 0UL;
}
