using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A data view over objects, which are enumerated anew by each cursor.</summary>
internal sealed class EnumerableDataView<TRow> : IDataView
    where TRow : class
{
    private readonly IHost _host;
    private readonly IEnumerable<TRow> _data;
    private readonly BoundMember[] _members;
    private readonly Delegate[] _readers;

    public EnumerableDataView(IHostEnvironment env, IEnumerable<TRow> data, SchemaDefinition? definition)
    {
        _host = env.Register("StreamingDataView");
        _data = data;
        _members = BoundMember.Bind(typeof(TRow), definition, SchemaDefinition.Direction.Read);
        _readers = MemberGetters<TRow>.CompileReaders(_members);
        Schema = BoundMember.SchemaOf(_members);
    }

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => (_data as ICollection<TRow>)?.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(this, RowCursorUtils.ActiveOf(columnsNeeded, Schema));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : RootCursorBase
    {
        private readonly EnumerableDataView<TRow> _view;
        private readonly IEnumerator<TRow> _rows;
        private readonly Delegate?[] _getters;
        private TRow? _current;

        public Cursor(EnumerableDataView<TRow> view, bool[] active)
            : base(view._host)
        {
            _view = view;
            _rows = view._data.GetEnumerator();
            _getters = new Delegate?[active.Length];
            for (int i = 0; i < active.Length; i++)
            {
                if (active[i])
                    _getters[i] = MemberGetters<TRow>.Create(view._members[i], view._readers[i], () => _current!);
            }
        }

        public override DataViewSchema Schema => _view.Schema;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            if (column.Index >= _getters.Length)
                throw Ch.Except($"Column index must be between 0 and {_getters.Length}");
            return _getters[column.Index] is not null;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.CheckParam(column.Index <= _getters.Length && IsColumnActive(column), nameof(column), "requested column not active");
            return RowCursorUtils.Cast<TValue>(_getters[column.Index], column);
        }

        public override ValueGetter<DataViewRowId> GetIdGetter()
            => (ref DataViewRowId value) =>
            {
                Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
                value = new DataViewRowId((ulong)Position, 0);
            };

        protected override bool MoveNextCore()
        {
            bool moved = _rows.MoveNext();
            _current = moved ? _rows.Current : null;
            if (moved && _current is null)
                throw Ch.Except("Encountered null when iterating over data, this is not supported.");
            return moved;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _rows.Dispose();
            base.Dispose(disposing);
        }
    }
}
