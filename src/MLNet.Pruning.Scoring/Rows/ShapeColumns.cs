using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Scoring;

/// <summary>Columns of a schema shape, which is what an estimator knows before it is fitted.</summary>
static class ShapeColumns
{
    /// <summary>Finds a feature column in the shape of a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static void FindFeatures(SchemaShape shape, string name) =>
        Find(shape, name, "feature", "a vector of Single of known size",
            column => column is { Kind: VectorKind.Vector, IsKey: false } && column.ItemType.Equals(NumberDataViewType.Single));

    /// <summary>Finds a column with one value a row that is no key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static void FindScalar(SchemaShape shape, string name, string role, DataViewType type) =>
        Find(shape, name, role, type.ToString()!,
            column => column is { Kind: VectorKind.Scalar, IsKey: false } && column.ItemType.Equals(type));

    /// <summary>Finds a column and checks that it fits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static SchemaShape.Column Find(SchemaShape shape, string name, string role, string wanted, Func<SchemaShape.Column, bool> fits)
    {
        var column = shape.FirstOrDefault(column => column.Name == name);
        if (column.Name is null)
            throw new ArgumentOutOfRangeException(null, FeatureColumns.NotFound(role, name, shape.Select(column => column.Name)));
        string what = $"{char.ToUpperInvariant(role[0])}{role[1..]} column '{name}'";
        return fits(column) ? column : throw new ArgumentOutOfRangeException(null, $"{what} is {Describe(column)}; wanted {wanted}.");
    }

    /// <summary>The shape with these columns added; they replace columns of the same names.</summary>
    public static SchemaShape Add(SchemaShape shape, params SchemaShape.Column[] added) =>
        new([.. shape.Where(column => !added.Any(one => one.Name == column.Name)), .. added]);

    /// <summary>A column of numbers.</summary>
    public static SchemaShape.Column Numbers(
        string name, VectorKind kind = VectorKind.Vector, IEnumerable<SchemaShape.Column>? annotations = null) =>
        MLNetInternals.Column(name, kind, NumberDataViewType.Single, annotations: new SchemaShape(annotations ?? []));

    static string Describe(SchemaShape.Column column)
    {
        string item = column.IsKey ? $"Key<{column.ItemType}>" : column.ItemType.ToString()!;
        return column.Kind switch
        {
            VectorKind.Vector => $"Vector<{item}>",
            VectorKind.VariableVector => $"Vector<{item}> of unknown size",
            _ => item,
        };
    }
}
