using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// A cursor whose exceptions look as they do when the real library has computed the rows on worker threads and
/// consolidated them into one cursor.
/// </summary>
internal sealed class ConsolidatedCursor(IChannelProvider provider, DataViewRowCursor input) : SynchronizedCursorBase(provider, new Guarded(provider, input))
{
    public override DataViewSchema Schema => Input.Schema;

    public override bool IsColumnActive(DataViewSchema.Column column) => Input.IsColumnActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(column);

    private sealed class Guarded(IExceptionContext context, DataViewRowCursor input) : DataViewRowCursor
    {
        private bool _failed;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override DataViewSchema Schema => input.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool MoveNext()
        {
            try
            {
                return input.MoveNext();
            }
            catch (Exception e) when (!_failed)
            {
                throw Wrap(e);
            }
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            var getter = input.GetGetter<TValue>(column);
            return (ref TValue value) =>
            {
                // Asking off the rows is the reader's own mistake, which no worker makes.
                if (input.Position < 0)
                    throw context.Except(RowCursorUtils.FetchValueStateError);
                try
                {
                    getter(ref value);
                }
                catch (Exception e) when (!_failed)
                {
                    throw Wrap(e);
                }
            };
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                input.Dispose();
            base.Dispose(disposing);
        }

        private Exception Wrap(Exception exception)
        {
            _failed = true;
            return context.Except(exception, "Splitter/consolidator worker encountered exception while consuming source data");
        }
    }
}
