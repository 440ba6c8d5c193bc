using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Scoring;

/// <summary>Columns of the shape of a schema, which is what an estimator knows before it is fitted.</summary>
static class ShapeColumns
{
    /// <summary>Finds a feature column in the shape of a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static void FindFeatures(SchemaShape shape, string name) =>
        Find(shape, name, "feature", column => column is { Kind: VectorKind.Vector, IsKey: false } && column.ItemType.Equals(NumberDataViewType.Single), "a vector of Single of known size");

    /// <summary>Finds a column and checks that it fits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static SchemaShape.Column Find(SchemaShape shape, string name, string role, Func<SchemaShape.Column, bool> fits, string wanted)
    {
        var column = shape.FirstOrDefault(column => column.Name == name);
        if (column.Name is null)
            throw new ArgumentOutOfRangeException(null, $"Could not find {role} column '{name}'. The columns are: {string.Join(", ", shape.Select(column => column.Name))}.");
        return fits(column)
            ? column
            : throw new ArgumentOutOfRangeException(null, $"{char.ToUpperInvariant(role[0])}{role[1..]} column '{name}' is {Describe(column)}; wanted {wanted}.");
    }

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
