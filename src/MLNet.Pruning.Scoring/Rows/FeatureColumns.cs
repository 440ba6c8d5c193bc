using MLNet.Pruning.Plans;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The columns that a model reads. Their values, one column after the other, are the model's features.</summary>
sealed class FeatureColumns
{
    readonly (DataViewSchema.Column Column, int Size)[] parts;

    /// <param name="name">The name in messages.</param>
    /// <param name="columns">Vectors of known size, of Single or Int32.</param>
    public FeatureColumns(string name, params IReadOnlyList<DataViewSchema.Column> columns)
    {
        Name = name;
        parts = [.. columns.Select(column => (column, ((VectorDataViewType)column.Type).Size))];
        Size = parts.Sum(part => part.Size);
    }

    /// <summary>The name of the first column.</summary>
    public string Name { get; }

    /// <summary>The number of values in a row.</summary>
    public int Size { get; }

    /// <summary>The number of values in the first column: the pixels, where sizes and sources of tokens follow.</summary>
    public int FirstSize => parts[0].Size;

    /// <summary>The columns, in the order of their values.</summary>
    public IEnumerable<DataViewSchema.Column> Columns => parts.Select(part => part.Column);

    /// <summary>Finds a single column: a vector of Single of known size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name) => new(name, Find(schema, name, NumberDataViewType.Single));

    /// <summary>Finds the single column that a model was trained on.</summary>
    /// <param name="schema">Where to look.</param>
    /// <param name="name">The column's name.</param>
    /// <param name="size">How many values the model reads.</param>
    /// <param name="network">The model's network; null for one that only LibTorch knows.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, of another type or size, or holds other images.</exception>
    public static FeatureColumns Find(DataViewSchema schema, string name, int size, NetworkDescription? network)
    {
        var column = Find(schema, name, NumberDataViewType.Single);
        if (((VectorDataViewType)column.Type).Size != size)
        {
            throw new ArgumentOutOfRangeException(
                null, $"Feature column '{name}' is {column.Type}; the model was trained on vectors of {size} Single.");
        }
        ColumnImage.Check(column, network);
        return new(name, column);
    }

    /// <summary>Finds a column and checks that it is a vector of known size and of the given item type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, NumberDataViewType item)
    {
        var column = Find(schema, name, "feature");
        string unknown = column.Type is VectorDataViewType { IsKnownSize: false } ? " of unknown size" : "";
        return column.Type is VectorDataViewType { IsKnownSize: true } vector && vector.ItemType == item
            ? column
            : throw new ArgumentOutOfRangeException(
                null, $"Feature column '{name}' is {column.Type}{unknown}; wanted a vector of {item} of known size.");
    }

    /// <summary>Finds a column of any type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role) => schema.GetColumnOrNull(name)
        ?? throw new ArgumentOutOfRangeException(
            null, NotFound(role, name, schema.Where(column => !column.IsHidden).Select(column => column.Name)));

    public static string NotFound(string role, string name, IEnumerable<string> columns) =>
        $"Could not find {role} column '{name}'. The columns are: {string.Join(", ", columns)}.";

    /// <summary>Makes a reader of the features of the current row.</summary>
    public FeatureReader Open(DataViewRow row) => new(parts, row);
}

/// <summary>Reads the features of the row that a cursor stands on. Not thread-safe.</summary>
sealed class FeatureReader
{
    delegate void Copy(Span<float> destination);

    readonly (Copy Copy, int Size)[] parts;

    /// <param name="columns">The columns, and how many values each must give.</param>
    /// <param name="row">The cursor.</param>
    public FeatureReader(IEnumerable<(DataViewSchema.Column Column, int Size)> columns, DataViewRow row) =>
        parts = [.. columns.Select(part => (IsSingle(part.Column) ? Numbers(row, part.Column) : Indices(row, part.Column), part.Size))];

    /// <summary>Writes the row's features, including the zeros of sparse ones.</summary>
    /// <param name="destination">Its length is the number of values of all columns together.</param>
    public void Read(Span<float> destination)
    {
        var from = 0;
        foreach (var (copy, size) in parts)
        {
            copy(destination.Slice(from, size));
            from += size;
        }
    }

    static bool IsSingle(DataViewSchema.Column column) => ((VectorDataViewType)column.Type).ItemType == NumberDataViewType.Single;

    static Copy Numbers(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> values = default;
        return destination =>
        {
            get(ref values);
            CheckLength(values.Length, destination.Length, column.Name);
            values.CopyTo(destination);
        };
    }

    // Indices count an image's patches; single precision holds them exactly.
    static Copy Indices(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<VBuffer<int>>(column);
        VBuffer<int> values = default;
        int[] dense = [];
        return destination =>
        {
            get(ref values);
            CheckLength(values.Length, destination.Length, column.Name);
            if (dense.Length != values.Length)
                dense = new int[values.Length];
            values.CopyTo(dense);
            for (var i = 0; i < dense.Length; i++)
                destination[i] = dense[i];
        };
    }

    static void CheckLength(int found, int wanted, string name)
    {
        if (found != wanted)
            throw new InvalidOperationException($"Feature column '{name}' gave a row of {found} values; wanted {wanted}.");
    }
}
