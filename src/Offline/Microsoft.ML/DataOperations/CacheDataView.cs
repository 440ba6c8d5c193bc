using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps the columns that were asked for in memory: the source is read once for each of them, and never for the others.</summary>
internal sealed class CacheDataView : DelegatingView
{
    private readonly Lock _gate = new();
    private readonly RowBuffer?[] _buffers;
    private readonly Task[] _fillers;
    private Task? _counter;
    private long _rowCount;

    public CacheDataView(IHostEnvironment env, IDataView input, int[]? prefetch)
        : this(Contracts.CheckRef(env, nameof(env)).Register("Cache"), Contracts.CheckRef(input, nameof(input)))
    {
        if (prefetch is null || prefetch.Length == 0)
            return;
        var columns = Array.ConvertAll(prefetch, index => input.Schema[index]);
        foreach (var column in columns)
        {
            if (!RowBuffer.CanHold(column.Type))
                throw Host.Except($"Asked to prefetch column '{column.Name}' into cache, but it is of unhandled type '{column.Type}'");
        }
        Fill(Array.ConvertAll(columns, column => Schema[column.Name]));
    }

    private CacheDataView(IHost host, IDataView source)
        : base(host, ColumnSubset.Keepable(host, source))
    {
        _rowCount = Source.GetRowCount() ?? -1;
        _buffers = new RowBuffer?[Schema.Count];
        _fillers = new Task[Schema.Count];
    }

    public override bool CanShuffle => true;

    public override long? GetRowCount() => Interlocked.Read(ref _rowCount) is >= 0 and var count ? count : null;

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        var wait = Prepare(active, rand, out int[]? order);
        return new Cursor(this, active, wait, order, blocks: null);
    }

    /// <summary>Cursors that take turns at blocks of rows: each row comes from one of them.</summary>
    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        int most = 2 * Math.Max(2, Environment.ProcessorCount - 1);
        n = n > 0 ? Math.Min(n, most) : most / 2;
        var active = ActiveOf(Schema, columnsNeeded);
        var wait = Prepare(active, rand, out int[]? order);
        var blocks = n > 1 ? new Blocks() : null;
        return [.. Enumerable.Range(0, n).Select(_ => new Cursor(this, active, wait, order, blocks))];
    }

    /// <summary>The same permutation as the real library draws from the same generator.</summary>
    internal static int[] RandomPermutation(Random random, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = 0; i < count; i++)
        {
            int other = i + random.Next(count - i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    private Task[] Prepare(bool[] active, Random? random, out int[]? order)
    {
        var wait = Fill([.. Schema.Where(column => active[column.Index])]);
        order = null;
        if (random is not null)
        {
            Wait(wait);
            order = RandomPermutation(random, (int)_rowCount);
        }
        return wait;
    }

    // Returns what must have ended before the columns, and the number of rows, are there.
    private Task[] Fill(DataViewSchema.Column[] columns)
    {
        lock (_gate)
        {
            var missing = Array.FindAll(columns, column => _buffers[column.Index] is null);
            if (missing.Length > 0 || (columns.Length == 0 && _counter is null && _rowCount < 0))
            {
                var input = Source.GetRowCursor(missing);
                RowBuffer[] buffers = [.. missing.Select(column => _buffers[column.Index] = RowBuffer.Create(input, column))];
                var filler = Task.Run(() => Read(input, buffers));
                _counter ??= filler;
                foreach (var column in missing)
                    _fillers[column.Index] = filler;
            }
            var wait = columns.Select(column => _fillers[column.Index]);
            if (_rowCount < 0)
                wait = wait.Append(_counter!);
            return [.. wait.Distinct()];
        }
    }

    private void Read(DataViewRowCursor input, RowBuffer[] buffers)
    {
        using (input)
        {
            int row = 0;
            for (; input.MoveNext(); row++)
            {
                foreach (var buffer in buffers)
                    buffer.Fill(row);
            }
            Interlocked.CompareExchange(ref _rowCount, row, -1);
        }
    }

    private static void Wait(Task[] tasks)
    {
        foreach (var task in tasks)
        {
            try
            {
                task.GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                throw Contracts.Except(null, e, "Event we were waiting on was subject to an exception");
            }
        }
    }

    /// <summary>Hands out blocks of rows in order, each to one cursor.</summary>
    private sealed class Blocks
    {
        private int _last = -1;

        public int Next() => Interlocked.Increment(ref _last);
    }

    private sealed class Cursor(CacheDataView parent, bool[] active, Task[] wait, int[]? order, Blocks? blocks) : DataViewRowCursor
    {
        private const int BlockShift = 6;
        private long _position = -1;
        private long _index = -1;
        private bool _done;

        public override long Position => _position;

        public override long Batch => _index >> BlockShift;

        public override DataViewSchema Schema => parent.Schema;

        private int Row
        {
            get
            {
                parent.Host.Check(_position >= 0, "Values cannot be fetched at this time. This method was called either before the first call to MoveNext, or at any point after MoveNext returned false.");
                return order is null ? (int)_index : order[_index];
            }
        }

        public override bool MoveNext()
        {
            if (_done)
                return false;
            if (_position < 0)
                Wait(wait);
            _index++;
            if (blocks is not null && (_index & ((1 << BlockShift) - 1)) == 0)
                _index = (long)blocks.Next() << BlockShift;
            _position++;
            if (_index < parent._rowCount)
                return true;
            Dispose();
            return false;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter()
            => (ref DataViewRowId value) => value = new DataViewRowId((ulong)Row, 0);

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            parent.Host.CheckParam(column.Index < active.Length, nameof(column));
            return active[column.Index];
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
                throw parent.Host.Except($"Column #{column.Index} is requested but not active in the cursor");
            var getter = parent._buffers[column.Index]!.MakeGetter(() => Row);
            return getter as ValueGetter<TValue>
                ?? throw parent.Host.Except($"Invalid TValue: '{typeof(TValue)}'");
        }

        protected override void Dispose(bool disposing)
        {
            _done = true;
            _position = -1;
            base.Dispose(disposing);
        }
    }
}
