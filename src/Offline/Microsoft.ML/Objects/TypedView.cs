using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Fills objects from the rows of a schema; members and columns are checked against each other at once.</summary>
internal sealed class TypedView<TRow>
    where TRow : class
{
    private readonly (BoundMember Member, DataViewSchema.Column Column)[] _pairs;

    public TypedView(IHostEnvironment env, DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition? definition)
    {
        var host = env.Register("TypedCursorable");
        CheckMembers(schema, definition);
        var pairs = new List<(BoundMember, DataViewSchema.Column)>();
        foreach (var member in BoundMember.Bind(typeof(TRow), definition, SchemaDefinition.Direction.Write))
        {
            if (schema.GetColumnOrNull(member.ColumnName) is not { } column)
            {
                if (ignoreMissingColumns)
                    continue;
                throw host.ExceptSchemaMismatch("Schema", "", member.ColumnName);
            }

            var (itemType, isVector) = Members.ItemTypeOf(member.Member);
            if (isVector != column.Type is VectorDataViewType || column.Type.GetItemType().RawType != itemType)
            {
                throw host.Except($"Can't bind the IDataView column '{member.ColumnName}' of type '{column.Type}' to field or property '{member.Member.Name}' of type '{member.MemberType.FullName}'.");
            }
            pairs.Add((member, column));
        }
        _pairs = [.. pairs];
    }

    public IEnumerable<DataViewSchema.Column> Columns => _pairs.Select(pair => pair.Column).DistinctBy(column => column.Index);

    /// <summary>An action that fills an object from the row as it stands.</summary>
    public Action<TRow> Bind(DataViewRow row)
    {
        var setters = Array.ConvertAll(_pairs, pair => MemberSetters<TRow>.Create(pair.Member, row, pair.Column));
        return target =>
        {
            foreach (var set in setters)
                set(target);
        };
    }

    // A member of a type that no column can have: say which type its column would want.
    private static void CheckMembers(DataViewSchema schema, SchemaDefinition? definition)
    {
        var members = definition is null
            ? Members.Of(typeof(TRow), SchemaDefinition.Direction.Write)
            : definition.Select(column => Members.Find(typeof(TRow), column.MemberName)).OfType<MemberInfo>();
        foreach (var member in members.Where(Members.IsColumn))
        {
            var (itemType, _) = Members.Map(Members.TypeOf(member));
            if (ColumnTypeExtensions.PrimitiveTypeOrNull(itemType) is not null
                || DataViewTypeManager.Knows(itemType, member.GetCustomAttributes()))
            {
                continue;
            }
            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            if (schema.GetColumnOrNull(name)?.Type.RawType is { } wanted && wanted != itemType)
                throw Contracts.ExceptParam("actualType", $"The expected type '{wanted}' does not match the type of the '{name}' member: '{itemType}'. Please change the {name} member to '{wanted}'");
        }
    }
}
