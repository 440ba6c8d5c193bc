using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Drops the rows for which a user's function is true.</summary>
internal sealed class CustomMappingFilter<TSrc> : DelegatingView
    where TSrc : class, new()
{
    private readonly Func<TSrc, bool> _drop;
    private readonly TypedView<TSrc> _typed;
    private readonly int[] _needed;

    public CustomMappingFilter(IHostEnvironment env, IDataView input, Func<TSrc, bool> predicate)
        : base(Contracts.CheckRef(env, nameof(env)).Register("CustomFilter"), Contracts.CheckRef(input, nameof(input)))
    {
        Host.CheckValue(predicate, nameof(predicate));
        _drop = predicate;
        _typed = new TypedView<TSrc>(Host, input.Schema, ignoreMissingColumns: false, null);
        _needed = [.. _typed.Columns.Select(column => column.Index)];
    }

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return new Cursor(this, Source.GetRowCursor(WithColumns(active, _needed), rand), active);
    }

    private sealed class Cursor(CustomMappingFilter<TSrc> parent, DataViewRowCursor input, bool[] active) : DelegatingCursor(parent.Host, input, active)
    {
        private readonly Action<TSrc> _fill = parent._typed.Bind(input);
        private readonly TSrc _row = new();

        protected override bool MoveNextCore()
        {
            while (Input.MoveNext())
            {
                _fill(_row);
                if (!parent._drop(_row))
                    return true;
            }
            return false;
        }
    }
}
