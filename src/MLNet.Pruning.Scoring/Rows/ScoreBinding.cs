using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>A model bound to a schema: its features, and the schema with the model's columns appended.</summary>
sealed class ScoreBinding
{
    readonly IReadOnlyList<AddedColumn> added;

    /// <param name="input">The input's schema.</param>
    /// <param name="features">The columns that the model reads, found in the schema.</param>
    /// <param name="outputCount">How many numbers the model computes for a row.</param>
    /// <param name="added">The columns made from these numbers.</param>
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

    /// <summary>A getter of a column of the current row.</summary>
    /// <param name="column">The column, of the output schema.</param>
    /// <param name="active">The output columns that the row was opened for.</param>
    /// <param name="output">The model's numbers for the row.</param>
    /// <param name="passedOn">Makes a getter of an input column.</param>
    public ValueGetter<TValue> Getter<TValue>(
        DataViewSchema.Column column, bool[] active, RowOutput output, Func<DataViewSchema.Column, Delegate> passedOn)
    {
        if (!active[column.Index])
            throw new InvalidOperationException($"Column '{column.Name}' was not among the columns this row was opened for.");
        var getter = column.Index < Input.Count ? passedOn(Input[column.Index]) : added[column.Index - Input.Count].Getter(output);
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
    }

    /// <summary>Whether one of the model's own columns is active.</summary>
    public bool Computes(bool[] active) => active.AsSpan(Input.Count).Contains(true);

    /// <summary>The input columns that the active output columns need.</summary>
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

/// <summary>The numbers that a model has computed for the current row.</summary>
delegate ReadOnlySpan<float> RowOutput();

/// <summary>A column that a model adds, made from some of its numbers.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Type">The column's type.</param>
/// <param name="Annotations">The column's annotations; null for none.</param>
/// <param name="Getter">A <see cref="ValueGetter{TValue}"/> of the type's raw type over a row's numbers.</param>
sealed record AddedColumn(string Name, DataViewType Type, DataViewSchema.Annotations? Annotations, Func<RowOutput, Delegate> Getter)
{
    /// <summary>A vector of <paramref name="length"/> numbers, starting at <paramref name="offset"/>.</summary>
    public static AddedColumn Vector(string name, int offset, int length, DataViewSchema.Annotations? annotations = null) =>
        new(name, new VectorDataViewType(NumberDataViewType.Single, length), annotations, output => Copy(output, offset, length));

    static ValueGetter<VBuffer<float>> Copy(RowOutput output, int offset, int length) => (ref VBuffer<float> value) =>
    {
        var editor = VBufferEditor.Create(ref value, length);
        output().Slice(offset, length).CopyTo(editor.Values);
        value = editor.Commit();
    };

    /// <summary>The number at <paramref name="offset"/>.</summary>
    public static AddedColumn Number(string name, int offset, DataViewSchema.Annotations? annotations = null) =>
        new(name, NumberDataViewType.Single, annotations, output => (ValueGetter<float>)((ref float value) => value = output()[offset]));
}
