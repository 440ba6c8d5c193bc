using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A row over one object after another.</summary>
internal sealed class ObjectRow<TRow> : DataViewRow
    where TRow : class
{
    private readonly IHost _host;
    private readonly Delegate[] _getters;
    private TRow? _current;
    private long _position = -1;

    public ObjectRow(IHostEnvironment env, SchemaDefinition? definition)
    {
        _host = env.Register("Row");
        var members = BoundMember.Bind(typeof(TRow), definition, SchemaDefinition.Direction.Read);
        Schema = BoundMember.SchemaOf(members);
        var readers = MemberGetters<TRow>.CompileReaders(members);
        _getters = members.Select((member, i) => MemberGetters<TRow>.Create(member, readers[i], Current)).ToArray();
    }

    public override long Position => _position;

    public override long Batch => 0;

    public override DataViewSchema Schema { get; }

    public void Set(TRow row)
    {
        _host.CheckValue(row, nameof(row));
        _current = row;
        _position++;
    }

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        if (column.Index >= _getters.Length)
            throw _host.Except($"Column index must be between 0 and {_getters.Length}");
        return true;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        _host.CheckParam(column.Index <= _getters.Length && IsColumnActive(column), nameof(column), "requested column not active");
        return RowCursorUtils.Cast<TValue>(_getters[column.Index], column);
    }

    public override ValueGetter<DataViewRowId> GetIdGetter()
        => (ref DataViewRowId value) => value = new DataViewRowId((ulong)_position, 0);

    private TRow Current()
    {
        _host.Check(_position >= 0, RowCursorUtils.FetchValueStateError);
        return _current!;
    }
}
