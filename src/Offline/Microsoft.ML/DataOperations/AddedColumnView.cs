using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view with one more column, computed from the row.</summary>
internal sealed class AddedColumnView : DelegatingView
{
    private readonly Func<DataViewRow, Delegate> _makeGetter;
    private readonly int[] _inputs;
    private readonly bool _canShuffle;

    // The getter is made anew for each cursor over the source; the inputs are the columns that it reads.
    public AddedColumnView(IHost host, IDataView source, string name, DataViewType type, Func<DataViewRow, Delegate> makeGetter, int[] inputs, bool followsOrder)
        : base(host, source)
    {
        _makeGetter = makeGetter;
        _inputs = inputs;
        _canShuffle = !followsOrder;
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(source.Schema);
        builder.AddColumn(name, type);
        Schema = builder.ToSchema();
    }

    public override bool CanShuffle => _canShuffle && Source.CanShuffle;

    public override DataViewSchema Schema { get; }

    public override long? GetRowCount() => Source.GetRowCount();

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        var needed = WithColumns(active, active[^1] ? _inputs : []);
        return new Cursor(this, Source.GetRowCursor(needed, _canShuffle ? rand : null), active);
    }

    private sealed class Cursor(AddedColumnView parent, DataViewRowCursor input, bool[] active) : DelegatingCursor(parent.Host, input, active)
    {
        private readonly Delegate? _getter = active[^1] ? parent._makeGetter(input) : null;

        public override DataViewSchema Schema => parent.Schema;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            CheckActive(column);
            return column.Index < Input.Schema.Count ? Input.GetGetter<TValue>(Input.Schema[column.Index]) : Cast<TValue>(_getter!);
        }

        protected override bool MoveNextCore() => Input.MoveNext();
    }
}
