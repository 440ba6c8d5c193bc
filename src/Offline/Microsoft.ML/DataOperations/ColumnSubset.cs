using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Some of the columns of a view, in any order.</summary>
internal sealed class ColumnSubset : DelegatingView
{
    private readonly int[] _sourceIndex;

    public ColumnSubset(IHost host, IDataView source, int[] sourceIndex)
        : base(host, source)
    {
        _sourceIndex = sourceIndex;
        Schema = SchemaOf(source.Schema, sourceIndex);
    }

    public override DataViewSchema Schema { get; }

    public static DataViewSchema SchemaOf(DataViewSchema source, int[] sourceIndex)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(sourceIndex.Select(index => source[index]));
        return builder.ToSchema();
    }

    /// <summary>The view without the columns whose values cannot be kept beyond their row.</summary>
    public static IDataView Keepable(IHost host, IDataView source)
    {
        int[] keep = [.. source.Schema.Where(column => RowBuffer.CanHold(column.Type)).Select(column => column.Index)];
        return keep.Length == source.Schema.Count ? source : new ColumnSubset(host, source, keep);
    }

    public override long? GetRowCount() => Source.GetRowCount();

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return new Cursor(this, Source.GetRowCursor(Needed(active), rand), active);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return Array.ConvertAll(Source.GetRowCursorSet(Needed(active), n, rand), input => (DataViewRowCursor)new Cursor(this, input, active));
    }

    private IEnumerable<DataViewSchema.Column> Needed(bool[] active)
    {
        var needed = new bool[Source.Schema.Count];
        for (int i = 0; i < active.Length; i++)
            needed[_sourceIndex[i]] |= active[i];
        return WithColumns(needed);
    }

    private sealed class Cursor(ColumnSubset parent, DataViewRowCursor input, bool[] active) : DelegatingCursor(parent.Host, input, active)
    {
        public override DataViewSchema Schema => parent.Schema;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            CheckActive(column);
            return Input.GetGetter<TValue>(Input.Schema[parent._sourceIndex[column.Index]]);
        }

        protected override bool MoveNextCore() => Input.MoveNext();
    }
}
