using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// Shuffles rows through a pool: each row given out is drawn from the pool, and the next row read takes its place.
/// The source is told to shuffle as well, if it can.
/// </summary>
internal sealed class ShufflingView : DelegatingView
{
    private readonly int _poolRows;
    private readonly bool _shuffleSource;
    private readonly int _seed;

    public ShufflingView(IHostEnvironment env, IDataView source, int? seed, int poolRows, bool shuffleSource)
        : this(env.Register("Shuffle"), source, poolRows, shuffleSource)
        => _seed = seed ?? Host.Rand.NextSigned();

    private ShufflingView(IHost host, IDataView source, int poolRows, bool shuffleSource)
        : base(host, ColumnSubset.Keepable(host, source))
    {
        _poolRows = poolRows;
        _shuffleSource = shuffleSource;
    }

    public override bool CanShuffle => true;

    public override long? GetRowCount() => Source.GetRowCount();

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        rand ??= RandomUtils.Create(_seed);
        // The source's generator is drawn from this one before the pool draws anything.
        var sourceRandom = _shuffleSource ? RandomUtils.Create(rand) : null;
        var input = Source.GetRowCursor(columnsNeeded, sourceRandom);
        return _poolRows == 1 ? input : new Cursor(Host, input, ActiveOf(Schema, columnsNeeded), _poolRows, rand);
    }

    private sealed class Cursor : DelegatingCursor
    {
        private readonly Random _random;
        private readonly RowBuffer _ids;
        private readonly Dictionary<int, (RowBuffer Buffer, Delegate Getter)> _columns = [];
        private readonly int[] _pool;
        private int _head;
        private int _count;
        private int _current = -1;
        private bool _inputEnded;

        public Cursor(IHost host, DataViewRowCursor input, bool[] active, int poolRows, Random random)
            : base(host, input, active)
        {
            _random = random;
            _pool = new int[poolRows];
            _ids = RowBuffer.OfIds(input);
            foreach (var column in Schema.Where(column => active[column.Index]))
            {
                var buffer = RowBuffer.Create(input, column);
                _columns.Add(column.Index, (buffer, buffer.MakeGetter(() => _current)));
            }
        }

        public override long Batch => 0;

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)_ids.MakeGetter(() => _current);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            CheckActive(column);
            return Cast<TValue>(_columns[column.Index].Getter);
        }

        protected override bool MoveNextCore()
        {
            // The slot of the row given out last is the only free one, once the pool has been full.
            if (_current >= 0)
                Read(_current);
            else
            {
                for (int slot = 0; slot < _pool.Length && !_inputEnded; slot++)
                    Read(slot);
            }
            if (_count == 0)
                return false;

            int drawn = (_head + _random.Next(_count)) % _pool.Length;
            _current = _pool[drawn];
            _pool[drawn] = _pool[_head];
            _head = (_head + 1) % _pool.Length;
            _count--;
            return true;
        }

        private void Read(int slot)
        {
            if (_inputEnded)
                return;
            try
            {
                if (!Input.MoveNext())
                {
                    _inputEnded = true;
                    return;
                }
                _ids.Fill(slot);
                foreach (var (buffer, _) in _columns.Values)
                    buffer.Fill(slot);
            }
            catch (Exception e)
            {
                throw Context.Except(e, "Shuffle input cursor reader failed with an exception");
            }
            _pool[(_head + _count++) % _pool.Length] = slot;
        }
    }
}
