using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The item types that columns are loaded as or converted to.</summary>
public enum DataKind : byte
{
    SByte = 1,
    Byte = 2,
    Int16 = 3,
    UInt16 = 4,
    Int32 = 5,
    UInt32 = 6,
    Int64 = 7,
    UInt64 = 8,
    Single = 9,
    Double = 10,
    String = 11,
    Boolean = 12,
    TimeSpan = 13,
    DateTime = 14,
    DateTimeOffset = 15,
}

internal static class DataKinds
{
    private static readonly (DataKind Kind, string Name, PrimitiveDataViewType Type)[] All =
    [
        (DataKind.SByte, "I1", NumberDataViewType.SByte),
        (DataKind.Byte, "U1", NumberDataViewType.Byte),
        (DataKind.Int16, "I2", NumberDataViewType.Int16),
        (DataKind.UInt16, "U2", NumberDataViewType.UInt16),
        (DataKind.Int32, "I4", NumberDataViewType.Int32),
        (DataKind.UInt32, "U4", NumberDataViewType.UInt32),
        (DataKind.Int64, "I8", NumberDataViewType.Int64),
        (DataKind.UInt64, "U8", NumberDataViewType.UInt64),
        (DataKind.Single, "R4", NumberDataViewType.Single),
        (DataKind.Double, "R8", NumberDataViewType.Double),
        (DataKind.String, "TX", TextDataViewType.Instance),
        (DataKind.Boolean, "BL", BooleanDataViewType.Instance),
        (DataKind.TimeSpan, "TS", TimeSpanDataViewType.Instance),
        (DataKind.DateTime, "DT", DateTimeDataViewType.Instance),
        (DataKind.DateTimeOffset, "DZ", DateTimeOffsetDataViewType.Instance),
    ];

    public static bool IsKnown(DataKind kind) => kind is >= DataKind.SByte and <= DataKind.DateTimeOffset;

    public static PrimitiveDataViewType ToColumnType(this DataKind kind)
        => IsKnown(kind) ? All[(int)kind - 1].Type : throw Contracts.Except($"Bad data kind in ColumnTypeExtensions.NumberTypeFromKind: {(int)kind}");

    /// <summary>As text files that carry their schema write it.</summary>
    public static string ShortName(this DataKind kind) => All[(int)kind - 1].Name;

    /// <summary>The type of keys that are held by numbers of a kind.</summary>
    public static KeyDataViewType ToKeyType(this DataKind kind, KeyCount keyCount)
    {
        var type = kind.ToColumnType().RawType;
        Contracts.CheckUserArg(KeyDataViewType.IsValidDataType(type), "Type", "Bad item type for Key");
        return new KeyDataViewType(type, keyCount.Count ?? Conversions.MaximumOf(type));
    }

    public static DataKind? Parse(string name)
    {
        int index = Array.FindIndex(All, entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || entry.Kind.ToString().Equals(name, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : All[index].Kind;
    }

    /// <summary>The kind of a .NET type's values, or of a column's raw values; null for others.</summary>
    public static DataKind? KindOf(Type type)
    {
        int index = Array.FindIndex(All, entry => entry.Type.RawType == type || (entry.Kind == DataKind.String && type == typeof(string)));
        return index < 0 ? null : All[index].Kind;
    }
}
