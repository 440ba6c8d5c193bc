using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// The input with a model's columns appended; they are computed when a cursor reads them. <see cref="PipelineStep"/> derives from it.
/// </summary>
class ScoredView(Type owner, ScoreBinding binding, IRowScorer scorer, IDataView input) : IDataView
{
    // ML.NET's converter asks the derived type for these, by interfaces of its own.
    public virtual IDataView Source => input;

    public virtual bool CanSaveOnnx(object context) => throw new NotSupportedException(
        $"mlContext.Model.ConvertToOnnx cannot write a {owner.Name}: it writes operator sets up to 12, and networks of MLNet.Pruning need "
        + "set 17. Call mlContext.Model.ExportOnnx(model, \"model.onnx\") instead, of MLNet.Pruning.Onnx.");

    public virtual void SaveAsOnnx(object context) => CanSaveOnnx(context);

    public virtual void Save(ModelSaveContext context) => throw new NotSupportedException(
        $"The rows that a {owner.Name} has scored cannot be saved as a model: save the transformer by mlContext.Model.Save.");

    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema => binding.Output;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        return Above(input.GetRowCursor(binding.Needs(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        return [.. input.GetRowCursorSet(binding.Needs(active), n, rand).Select(cursor => Above(cursor, active))];
    }

    bool[] Active(IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        bool[] active = binding.Active(columnsNeeded);
        if (binding.Computes(active))
            scorer.ThrowIfDisposed();
        return active;
    }

    DataViewRowCursor Above(DataViewRowCursor cursor, bool[] active) => binding.Computes(active)
        ? new ScoredCursor(binding, scorer, cursor, active)
        : new PassThroughCursor(binding, cursor, active);
}

/// <summary>A cursor for readers that need none of the model's columns: the input's own cursor, under the wider schema.</summary>
sealed class PassThroughCursor(ScoreBinding binding, DataViewRowCursor input, bool[] active) : DataViewRowCursor
{
    public override DataViewSchema Schema => binding.Output;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        binding.Getter<TValue>(column, active, () => throw new InvalidOperationException(), input.GetGetter<TValue>);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }
}
