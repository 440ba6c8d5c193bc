using System.Linq.Expressions;
using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The fields and properties of a class, as far as they can be columns.</summary>
internal static class Members
{
    private const BindingFlags PublicInstance = BindingFlags.Public | BindingFlags.Instance;

    public static IEnumerable<MemberInfo> Of(Type type, SchemaDefinition.Direction direction)
    {
        bool Fits(PropertyInfo property)
            => property.GetIndexParameters().Length == 0
                && ((direction.HasFlag(SchemaDefinition.Direction.Read) && property.GetGetMethod() is not null)
                    || (direction.HasFlag(SchemaDefinition.Direction.Write) && property.GetSetMethod() is not null));
        return [.. type.GetFields(PublicInstance), .. type.GetProperties(PublicInstance).Where(Fits)];
    }

    /// <summary>Whether a member is meant to be a column: channels and what is marked otherwise are not.</summary>
    public static bool IsColumn(MemberInfo member)
        => TypeOf(member) != typeof(IChannel) && member is not FieldInfo { IsLiteral: true } && member.GetCustomAttribute<NoColumnAttribute>() is null;

    public static MemberInfo? Find(Type type, string name) => (MemberInfo?)type.GetField(name) ?? type.GetProperty(name);

    public static Type TypeOf(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    /// <summary>The type of the items that a column of the member holds.</summary>
    public static (Type ItemType, bool IsVector) ItemTypeOf(MemberInfo member)
        => ItemTypeOf(member.Name, TypeOf(member), member.GetCustomAttributes());

    public static (Type ItemType, bool IsVector) ItemTypeOf(string name, Type type, IEnumerable<Attribute> attributes)
    {
        var mapped = Map(type);
        if (ColumnTypeExtensions.PrimitiveTypeOrNull(mapped.ItemType) is null && !DataViewTypeManager.Knows(mapped.ItemType, attributes))
            throw Contracts.ExceptParam("rawType", $"Could not determine an IDataView type and registered custom types for member {name}");
        return mapped;
    }

    /// <summary>Arrays and vectors are vectors of their items; text is held as memory.</summary>
    public static (Type ItemType, bool IsVector) Map(Type type)
    {
        var item = type.IsArray ? type.GetElementType()!
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>) ? type.GetGenericArguments()[0]
            : null;
        bool isVector = item is not null;
        item ??= type;
        return (item == typeof(string) ? typeof(ReadOnlyMemory<char>) : item, isVector);
    }

    public static Func<TRow, TValue> Reader<TRow, TValue>(MemberInfo member)
    {
        var row = Expression.Parameter(typeof(TRow));
        return Expression.Lambda<Func<TRow, TValue>>(Expression.MakeMemberAccess(row, member), row).Compile();
    }

    public static Action<TRow, TValue> Writer<TRow, TValue>(MemberInfo member)
    {
        var row = Expression.Parameter(typeof(TRow));
        var value = Expression.Parameter(typeof(TValue));
        return Expression.Lambda<Action<TRow, TValue>>(Expression.Assign(Expression.MakeMemberAccess(row, member), value), row, value).Compile();
    }
}
