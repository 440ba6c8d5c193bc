using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The columns of a schema whose values, one column after the other, are a row of a model's features.</summary>
sealed class FeatureColumns
{
    readonly (DataViewSchema.Column Column, int Size)[] parts;

    /// <param name="name">What messages call them.</param>
    /// <param name="columns">Vectors of known size, of Single or Int32.</param>
    public FeatureColumns(string name, params IReadOnlyList<DataViewSchema.Column> columns)
    {
        Name = name;
        parts = [.. columns.Select(column => (column, ((VectorDataViewType)column.Type).Size))];
        Size = parts.Sum(part => part.Size);
    }

    /// <summary>The name of the first.</summary>
    public string Name { get; }

    /// <summary>Values of a row.</summary>
    public int Size { get; }

    /// <summary>The columns, in the order of their values.</summary>
    public IEnumerable<DataViewSchema.Column> Columns => parts.Select(part => part.Column);

    /// <summary>Finds a single column: a vector of Single of known size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name) => new(name, Find(schema, name, NumberDataViewType.Single));

    /// <summary>Finds the single column that a model was trained on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or of another type or size.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name, int size)
    {
        var column = Find(schema, name, NumberDataViewType.Single);
        return ((VectorDataViewType)column.Type).Size == size
            ? new(name, column)
            : throw new ArgumentOutOfRangeException(null, $"Feature column '{name}' is {column.Type}; the model was trained on vectors of {size} Single.");
    }

    /// <summary>Finds a column and checks that it is a vector of known size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, NumberDataViewType item)
    {
        var column = schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(null, $"Could not find feature column '{name}'. The columns are: {string.Join(", ", schema.Where(column => !column.IsHidden).Select(column => column.Name))}.");
        return column.Type is VectorDataViewType { IsKnownSize: true } vector && vector.ItemType == item
            ? column
            : throw new ArgumentOutOfRangeException(null, $"Feature column '{name}' is {column.Type}{(column.Type is VectorDataViewType { IsKnownSize: false } ? " of unknown size" : "")}; wanted a vector of {item} of known size.");
    }

    /// <summary>Reads the features of whatever row a cursor stands on.</summary>
    public FeatureReader Open(DataViewRow row) => new(parts, row);
}
