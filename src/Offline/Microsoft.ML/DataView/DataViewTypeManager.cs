using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Which .NET type (with which attribute) stands for which column type, beyond the built-in ones.</summary>
public static class DataViewTypeManager
{
    private static readonly HashSet<Type> BuiltIn =
    [
        typeof(bool), typeof(sbyte), typeof(byte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long),
        typeof(ulong), typeof(float), typeof(double), typeof(string), typeof(ReadOnlySpan<char>), typeof(ReadOnlyMemory<char>),
        typeof(VBuffer<>), typeof(Nullable<>), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DataViewRowId),
    ];

    private static readonly Dictionary<(Type Type, DataViewTypeAttribute? Attribute), DataViewType> ByRawType = [];
    private static readonly Dictionary<DataViewType, (Type Type, DataViewTypeAttribute? Attribute)> ByColumnType = [];
    private static readonly Lock Gate = new();

    [Obsolete("This API is deprecated, please use the new form of Register which takes in a single DataViewTypeAttribute instead.", false)]
    public static void Register(DataViewType dataViewType, Type type, IEnumerable<Attribute>? typeAttributes)
    {
        var attributes = (typeAttributes ?? []).ToArray();
        if (attributes.Length > 1)
            throw Contracts.ExceptParam(nameof(type), $"Type {type} has too many attributes.");
        if (attributes.Length == 1 && attributes[0] is not DataViewTypeAttribute)
            throw Contracts.ExceptParam(nameof(type), $"Type {type} has an attribute that is not of DataViewTypeAttribute.");
        Register(dataViewType, type, (DataViewTypeAttribute?)attributes.FirstOrDefault());
    }

    public static void Register(DataViewType dataViewType, Type type, DataViewTypeAttribute? typeAttribute = null)
    {
        lock (Gate)
        {
            if (BuiltIn.Contains(type))
                throw Contracts.ExceptParam(nameof(type), $"Type {type} is supported as it is and can't be registered again.");
            var raw = (type, typeAttribute);
            if (ByRawType.TryGetValue(raw, out var known) && !known.Equals(dataViewType))
                throw Contracts.ExceptParam(nameof(type), $"The type {type} has been registered with {known}, so it cannot be registered with {dataViewType}.");
            if (ByColumnType.TryGetValue(dataViewType, out var knownRaw) && !knownRaw.Equals(raw))
                throw Contracts.ExceptParam(nameof(dataViewType), $"The column type {dataViewType} has been registered with {knownRaw.Type}, so it cannot be registered with {type}.");
            ByRawType[raw] = dataViewType;
            ByColumnType[dataViewType] = raw;
        }
    }

    internal static bool Knows(Type type, IEnumerable<Attribute>? typeAttributes = null)
    {
        lock (Gate)
            return ByRawType.ContainsKey((type, AttributeOf(type, typeAttributes)));
    }

    internal static bool Knows(DataViewType dataViewType)
    {
        lock (Gate)
            return ByColumnType.ContainsKey(dataViewType);
    }

    internal static DataViewType GetDataViewType(Type type, IEnumerable<Attribute>? typeAttributes = null)
    {
        lock (Gate)
        {
            return ByRawType.TryGetValue((type, AttributeOf(type, typeAttributes)), out var found)
                ? found
                : throw Contracts.ExceptParam(nameof(type), $"The type {type} with its attributes is not registered with a column type.");
        }
    }

    private static DataViewTypeAttribute? AttributeOf(Type type, IEnumerable<Attribute>? attributes)
    {
        var found = (attributes ?? []).OfType<DataViewTypeAttribute>().ToArray();
        if (found.Length > 1)
            throw Contracts.ExceptParam(nameof(type), $"Type {type.Name} cannot be marked with several attributes derived from {nameof(DataViewTypeAttribute)}.");
        return found.FirstOrDefault();
    }
}
