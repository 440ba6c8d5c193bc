using Microsoft.ML;

namespace MLNet.Pruning.Scoring;

/// <summary>A model's place in a schema: where the features come from, and the schema with the model's columns after those that were there.</summary>
sealed class ScoreBinding
{
    readonly IReadOnlyList<AddedColumn> added;

    /// <param name="input">The schema below.</param>
    /// <param name="features">The columns that the model reads, found in the schema.</param>
    /// <param name="outputCount">How many numbers the model computes for a row.</param>
    /// <param name="added">The columns made of them.</param>
    public ScoreBinding(DataViewSchema input, FeatureColumns features, int outputCount, IReadOnlyList<AddedColumn> added)
    {
        Input = input;
        Features = features;
        OutputCount = outputCount;
        this.added = added;
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach (var column in added)
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        Output = builder.ToSchema();
    }

    public DataViewSchema Input { get; }

    public DataViewSchema Output { get; }

    public FeatureColumns Features { get; }

    public int OutputCount { get; }

    /// <summary>Whether an output column is one of the model's own, not one passed on.</summary>
    public bool IsAdded(int outputColumn) => outputColumn >= Input.Count;

    /// <summary>A getter of one of the model's own columns.</summary>
    public Delegate Getter(int outputColumn, RowOutput output) => added[outputColumn - Input.Count].Getter(output);

    /// <summary>Whether any of the model's own columns is wanted.</summary>
    public bool Computes(bool[] active) => active.AsSpan(Input.Count).Contains(true);

    /// <summary>The input columns that the given output columns need.</summary>
    public IEnumerable<DataViewSchema.Column> Needs(bool[] active)
    {
        bool computes = Computes(active);
        return Input.Where(column => active[column.Index] || (computes && Features.Columns.Any(feature => feature.Index == column.Index)));
    }

    public bool[] Active(IEnumerable<DataViewSchema.Column> outputColumns)
    {
        var active = new bool[Output.Count];
        foreach (var column in outputColumns)
            active[column.Index] = true;
        return active;
    }
}
