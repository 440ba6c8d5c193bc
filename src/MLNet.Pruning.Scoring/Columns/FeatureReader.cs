using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>Reads the features of the row that a cursor stands on. For one thread.</summary>
sealed class FeatureReader
{
    delegate void Copy(Span<float> destination);

    readonly (Copy Copy, int Size)[] parts;

    /// <param name="columns">The columns and the values that each must give.</param>
    /// <param name="row">The cursor.</param>
    public FeatureReader(IEnumerable<(DataViewSchema.Column Column, int Size)> columns, DataViewRow row) => parts =
        [.. columns.Select(part => (((VectorDataViewType)part.Column.Type).ItemType == NumberDataViewType.Single ? Numbers(row, part.Column) : Indices(row, part.Column), part.Size))];

    /// <summary>Writes the row's features, zeros of sparse ones included.</summary>
    /// <param name="destination">As many as the columns have values together.</param>
    public void Read(Span<float> destination)
    {
        var from = 0;
        foreach (var (copy, size) in parts)
        {
            copy(destination.Slice(from, size));
            from += size;
        }
    }

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

    // Counts of an image's patches, which single precision holds exactly.
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
