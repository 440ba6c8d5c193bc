using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>The feature column of a schema: a vector of Single of known size.</summary>
static class FeatureColumn
{
    /// <summary>Finds and checks it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        var column = schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(null, $"Could not find feature column '{name}'. The columns are: {string.Join(", ", schema.Where(column => !column.IsHidden).Select(column => column.Name))}.");
        return column.Type is VectorDataViewType { IsKnownSize: true } vector && vector.ItemType == NumberDataViewType.Single
            ? column
            : throw new ArgumentOutOfRangeException(null, $"Feature column '{name}' is {column.Type}{(column.Type is VectorDataViewType { IsKnownSize: false } ? " of unknown size" : "")}; wanted a vector of Single of known size.");
    }

    /// <summary>Copies a row's features, zeros of a sparse one included.</summary>
    public static void Copy(in VBuffer<float> features, Span<float> destination, string name)
    {
        if (features.Length != destination.Length)
            throw new InvalidOperationException($"Feature column '{name}' gave a row of {features.Length} values; wanted {destination.Length}.");
        features.CopyTo(destination);
    }
}
