using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Leaves out the first rows, or all rows but the first.</summary>
internal sealed class SkipTakeFilter(IHostEnvironment env, IDataView source, long skip, long take)
    : DelegatingView(env.Register("SkipTakeFilter"), source)
{
    // Which rows come first must not depend on who reads them.
    public override bool CanShuffle => false;

    public override long? GetRowCount()
        => Source.GetRowCount() is long count ? Math.Min(Math.Max(0, count - skip), take) : null;

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(Host, Source.GetRowCursor(columnsNeeded), ActiveOf(Schema, columnsNeeded), skip, take);

    private sealed class Cursor(IHost host, DataViewRowCursor input, bool[] active, long skip, long take)
        : DelegatingCursor(host, input, active)
    {
        private long _skip = skip;
        private long _take = take;

        public override long Batch => 0;

        protected override bool MoveNextCore()
        {
            if (_take == 0)
                return false;
            _take--;
            for (; _skip > 0; _skip--)
            {
                if (!Input.MoveNext())
                    return false;
            }
            return Input.MoveNext();
        }
    }
}
