using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal delegate void ValueMapper<TSource, TDestination>(in TSource source, ref TDestination destination);

/// <summary>The conversions between column types that every component knows, and what is missing and what is default in each type.</summary>
internal static partial class Conversions
{
    private static readonly Dictionary<(Type Source, Type Destination), Delegate> Standard = BuildStandard();

    public static ValueMapper<TSource, TDestination> Get<TSource, TDestination>(DataViewType source, DataViewType destination, out bool identity)
        => TryGet(source, destination, out var conversion, out identity)
            ? (ValueMapper<TSource, TDestination>)conversion
            : throw Contracts.Except($"No standard conversion from '{source}' to '{destination}'");

    public static bool TryGet(DataViewType source, DataViewType destination, [NotNullWhen(true)] out Delegate? conversion, out bool identity)
    {
        conversion = null;
        identity = false;
        if (source is KeyDataViewType key)
        {
            if (destination is KeyDataViewType otherKey)
            {
                if (key.Count != otherKey.Count)
                    return false;
            }
            else if (!KeyDataViewType.IsValidDataType(destination.RawType)
                || (Marshal.SizeOf(key.RawType) > Marshal.SizeOf(destination.RawType) && key.Count > MaximumOf(destination.RawType)))
                return false;
        }
        else if (destination is KeyDataViewType parsed)
        {
            if (source is not TextDataViewType)
                return false;
            conversion = ParserOf(parsed);
            return true;
        }
        else if (!destination.IsStandardScalar())
            return false;

        identity = source.RawType == destination.RawType;
        return Standard.TryGetValue((source.RawType, destination.RawType), out conversion);
    }

    /// <summary>The largest value of an unsigned type, and of the others that are counted like one.</summary>
    public static ulong MaximumOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => byte.MaxValue,
        TypeCode.SByte => (ulong)sbyte.MaxValue,
        TypeCode.UInt16 => ushort.MaxValue,
        TypeCode.Int16 => (ulong)short.MaxValue,
        TypeCode.UInt32 => uint.MaxValue,
        TypeCode.Int32 => int.MaxValue,
        TypeCode.UInt64 => ulong.MaxValue,
        TypeCode.Int64 => long.MaxValue,
        _ => 0,
    };

    /// <summary>Says whether a value is missing; null for types in which none can be.</summary>
    public static Func<T, bool>? IsMissing<T>(DataViewType type)
    {
        if (type is KeyDataViewType)
            return value => EqualityComparer<T>.Default.Equals(value, default);
        if (typeof(T) == typeof(float))
            return (Func<T, bool>)(object)(Func<float, bool>)float.IsNaN;
        if (typeof(T) == typeof(double))
            return (Func<T, bool>)(object)(Func<double, bool>)double.IsNaN;
        return null;
    }

    /// <summary>The missing value: not a number for reals, the default for all others.</summary>
    public static T MissingOrDefault<T>(out bool isDefault)
    {
        isDefault = false;
        if (typeof(T) == typeof(float))
            return (T)(object)float.NaN;
        if (typeof(T) == typeof(double))
            return (T)(object)double.NaN;
        isDefault = true;
        return default!;
    }

    public static bool IsDefault<T>(in T value)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return ((ReadOnlyMemory<char>)(object)value!).IsEmpty;
        if (typeof(T) == typeof(float))
            return (float)(object)value! == 0;
        if (typeof(T) == typeof(double))
            return (double)(object)value! == 0;
        return EqualityComparer<T>.Default.Equals(value, default);
    }

    private static Delegate ParserOf(KeyDataViewType key)
        => Generic.Call<KeyDataViewType, Delegate>(ParserOf<uint>, key.RawType, key);

    private static Delegate ParserOf<T>(KeyDataViewType key)
    {
        var parse = TextParser.Default.Get<T>(key);
        return (ValueMapper<ReadOnlyMemory<char>, T>)((in ReadOnlyMemory<char> source, ref T destination) => parse(source, out destination));
    }
}
