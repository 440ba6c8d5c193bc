using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A member of a class and the column that it stands for, checked against each other.</summary>
internal sealed record BoundMember(MemberInfo Member, string ColumnName, DataViewType ColumnType, DataViewSchema.Annotations Annotations)
{
    public Type MemberType => Members.TypeOf(Member);

    public static BoundMember[] Bind(Type type, SchemaDefinition? definition, SchemaDefinition.Direction direction)
        => (definition ?? SchemaDefinition.Create(type, direction))
            .Select(column => Bind(type, column))
            .OfType<BoundMember>()
            .ToArray();

    public static DataViewSchema SchemaOf(BoundMember[] members)
    {
        var builder = new DataViewSchema.Builder();
        foreach (var member in members)
            builder.AddColumn(member.ColumnName, member.ColumnType, member.Annotations);
        return builder.ToSchema();
    }

    /// <summary>The definition by which a class gives exactly the columns of a schema, with their types and annotations.</summary>
    public static SchemaDefinition DefinitionFor(Type type, DataViewSchema schema, IExceptionContext context)
    {
        var definition = SchemaDefinition.Create(type, SchemaDefinition.Direction.Read);
        foreach (var column in schema)
        {
            var member = definition[column.Name] ?? throw context.Except($"Type should contain a member named {column.Name}");
            // The schema may know more than the class, such as a vector's size.
            member.ColumnType = column.Type;
            foreach (var annotation in column.Annotations.Schema)
                member.SetAnnotation(annotation.Name, annotation.Type, column.Annotations.GetGetterInternal(annotation.Index));
        }
        return definition;
    }

    private static BoundMember? Bind(Type type, SchemaDefinition.Column column)
    {
        const string Parameter = "userSchemaDefinition";
        var member = Members.Find(type, column.MemberName)
            ?? throw Contracts.ExceptParam(Parameter, $"No field or property with name '{column.MemberName}' found in type '{type.FullName}'");
        if (Members.TypeOf(member) == typeof(IChannel))
            return null;

        var (itemType, isVector) = Members.ItemTypeOf(member);
        string name = string.IsNullOrEmpty(column.ColumnName) ? column.MemberName : column.ColumnName;
        var columnType = column.ColumnType;
        if (columnType is null)
        {
            var primitive = ColumnTypeExtensions.PrimitiveTypeFromType(itemType);
            columnType = isVector ? new VectorDataViewType(primitive) : primitive;
        }
        else if (isVector != columnType is VectorDataViewType)
        {
            throw Contracts.ExceptParam(Parameter, $"Column '{name}' is supposed to be {(isVector ? "scalar" : "vector")}, but type of associated field '{column.MemberName}' is {(isVector ? "vector" : "scalar")}");
        }
        else if (columnType.GetItemType().RawType != itemType)
        {
            throw Contracts.ExceptParam(Parameter, $"Column '{name}' is supposed to have item type {columnType.GetItemType().RawType}, but associated field has type {itemType}");
        }
        return new BoundMember(member, name, columnType, column.Annotations);
    }
}
