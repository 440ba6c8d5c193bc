using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Which members of a class are which columns.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition()
    {
    }

    /// <summary>Which way values go between objects and a data view: out of readable members, into writable ones.</summary>
    [Flags]
    public enum Direction
    {
        Read = 1,
        Write = 2,
        Both = Read | Write,
    }

    public Column this[string columnName]
    {
        get => this.FirstOrDefault(column => column.ColumnName == columnName)!;
        set
        {
            Contracts.CheckValue(value, nameof(value));
            if (value.ColumnName != columnName)
                throw Contracts.ExceptParam(nameof(columnName), $"The column name is specified as '{value.ColumnName}' but must match the selector '{columnName}'.");
            int index = FindIndex(column => column.ColumnName == columnName);
            if (index >= 0)
                this[index] = value;
            else
                Add(value);
        }
    }

    /// <summary>The columns that a class declares by its public members and their attributes.</summary>
    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        Contracts.CheckValue(userType, nameof(userType));
        var definition = new SchemaDefinition();
        var names = new HashSet<string>();
        foreach (var member in Members.Of(userType, direction).Where(Members.IsColumn))
        {
            // Registered before the type is looked at, which may be known only by this attribute.
            var custom = member.GetCustomAttributes().OfType<DataViewTypeAttribute>().ToArray();
            if (custom.Length > 1)
                throw Contracts.ExceptParam(nameof(userType), $"Member {member.Name} cannot be marked with multiple attributes derived from {nameof(DataViewTypeAttribute)}.");
            if (custom.Length == 1)
                custom[0].Register();

            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            // The order of members is not defined, so neither would be which of two hides the other.
            if (!names.Add(name))
                throw Contracts.ExceptParam(nameof(userType), $"Duplicate column name '{name}' detected, this is disallowed");
            definition.Add(new Column(member.Name, ColumnTypeOf(member), name));
        }
        return definition;
    }

    private static DataViewType ColumnTypeOf(MemberInfo member)
    {
        var (itemType, isVector) = Members.ItemTypeOf(member);
        var attributes = member.GetCustomAttributes();
        if (DataViewTypeManager.Knows(itemType, attributes))
            return DataViewTypeManager.GetDataViewType(itemType, attributes);

        var primitive = ColumnTypeExtensions.PrimitiveTypeFromType(itemType);
        if (member.GetCustomAttribute<KeyTypeAttribute>() is { } key)
        {
            if (!KeyDataViewType.IsValidDataType(itemType))
                throw Contracts.ExceptParam("userType", $"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid kind of data for a key type");
            primitive = new KeyDataViewType(itemType, key.KeyCount.Count.GetValueOrDefault());
        }

        var vector = member.GetCustomAttribute<VectorTypeAttribute>();
        if (!isVector)
        {
            if (vector is not null)
                throw Contracts.ExceptParam("userType", $"Member {member.Name} marked with {nameof(VectorTypeAttribute)}, but does not appear to be a vector type");
            return primitive;
        }
        return vector?.Dims is { Length: > 0 } dimensions ? new VectorDataViewType(primitive, dimensions) : new VectorDataViewType(primitive, 0);
    }

    /// <summary>A member and its column.</summary>
    public sealed class Column
    {
        private readonly Dictionary<string, (DataViewType Type, Delegate Getter)> _annotations = [];

        internal Column(string memberName, DataViewType columnType, string? columnName = null)
        {
            MemberName = Contracts.CheckNonEmpty(memberName, nameof(memberName));
            ColumnName = columnName ?? memberName;
            ColumnType = columnType;
        }

        public string MemberName { get; }

        public string ColumnName { get; set; }

        /// <summary>The type of the column; when null, what the member's type suggests.</summary>
        public DataViewType ColumnType { get; set; }

        public DataViewSchema.Annotations Annotations
        {
            get
            {
                var builder = new DataViewSchema.Annotations.Builder();
                foreach (var (kind, (type, getter)) in _annotations)
                    builder.Add(kind, type, getter);
                return builder.ToAnnotations();
            }
        }

        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            Contracts.CheckValue(kind, nameof(kind));
            Contracts.CheckValue(annotationType, nameof(annotationType));
            if (_annotations.ContainsKey(kind))
                throw Contracts.Except("Column already contains an annotation of this kind.");
            _annotations[kind] = (annotationType, AnnotationValue.GetterOf(value, annotationType));
        }

        internal void SetAnnotation(string kind, DataViewType type, Delegate getter) => _annotations[kind] = (type, getter);
    }
}
