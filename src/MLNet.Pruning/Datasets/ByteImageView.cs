using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Datasets;

/// <summary>
/// Labelled images kept as the bytes they came in: a quarter of what floats would take. A row's floats exist only while
/// a cursor stands on it. Immutable, so any number of cursors may run at once; shuffling permutes row numbers.
/// </summary>
internal sealed class ByteImageView : IDataView
{
    /// <summary>Rows of one block: what a cursor of a cursor set takes before it skips to its next share.</summary>
    private const int BlockRows = 64;

    private readonly byte[] _labels;
    private readonly byte[] _pixels;
    private readonly int _pixelCount;

    /// <param name="labels">One label a row.</param>
    /// <param name="pixels">The images one after the other.</param>
    /// <param name="pixelCount">Bytes of one image.</param>
    public ByteImageView(byte[] labels, byte[] pixels, int pixelCount)
    {
        _labels = labels;
        _pixels = pixels;
        _pixelCount = pixelCount;
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Label", NumberDataViewType.UInt32);
        builder.AddColumn("Pixels", new VectorDataViewType(NumberDataViewType.Single, pixelCount));
        Schema = builder.ToSchema();
    }

    /// <inheritdoc/>
    public bool CanShuffle => true;

    /// <inheritdoc/>
    public DataViewSchema Schema { get; }

    /// <inheritdoc/>
    public long? GetRowCount() => _labels.Length;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, Active(columnsNeeded), Order(rand), share: 0, shares: 1);

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        int[]? order = Order(rand);
        int shares = Math.Clamp(n, 1, Math.Max(1, (_labels.Length + BlockRows - 1) / BlockRows));
        var cursors = new DataViewRowCursor[shares];
        for (int share = 0; share < shares; share++)
        {
            cursors[share] = new Cursor(this, active, order, share, shares);
        }
        return cursors;
    }

    private bool[] Active(IEnumerable<DataViewSchema.Column> columns)
    {
        var active = new bool[Schema.Count];
        foreach (var column in columns)
        {
            active[column.Index] = true;
        }
        return active;
    }

    private int[]? Order(Random? random)
    {
        if (random is null)
        {
            return null;
        }
        int[] order = [.. Enumerable.Range(0, _labels.Length)];
        random.Shuffle(order);
        return order;
    }

    private sealed class Cursor(ByteImageView view, bool[] active, int[]? order, int share, int shares) : DataViewRowCursor
    {
        private long _position = -1;
        private int _place = -1;
        private int _row = -1;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => _position;

        // Block numbers grow along every cursor of a set, which is what a consumer needs to put rows back in order.
        public override long Batch => _row < 0 ? 0 : _place / BlockRows;

        public override bool MoveNext()
        {
            // From the end of a block to the start of this share's next one; the other shares take those between.
            int next = _place < 0 ? share * BlockRows : _place + 1;
            if (_place >= 0 && next % BlockRows == 0)
            {
                next += (shares - 1) * BlockRows;
            }
            if (next >= view._labels.Length)
            {
                _row = -1;
                _position = -1;
                return false;
            }
            _place = next;
            _row = order is null ? next : order[next];
            _position++;
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId value) => value = new DataViewRowId((ulong)Row(), 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!active[column.Index])
            {
                throw new InvalidOperationException($"Column '{column.Name}' was not among the columns this cursor was opened for.");
            }
            Delegate getter = column.Index == 0 ? (ValueGetter<uint>)GetLabel : (ValueGetter<VBuffer<float>>)GetPixels;
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        private int Row() => _row >= 0 ? _row : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first, and stop when it returns false.");

        private void GetLabel(ref uint value) => value = view._labels[Row()];

        private void GetPixels(ref VBuffer<float> value)
        {
            int count = view._pixelCount;
            var editor = VBufferEditor.Create(ref value, count);
            Scale(view._pixels.AsSpan(checked(Row() * count), count), editor.Values);
            value = editor.Commit();
        }
    }

    /// <summary>Bytes to floats in [0, 1]: the quotient by 255, eight at a time.</summary>
    private static void Scale(ReadOnlySpan<byte> bytes, Span<float> floats)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 8 <= bytes.Length; i += 8)
            {
                ulong eight = BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]);
                var shorts = Vector128.WidenLower(Vector128.CreateScalar(eight).AsByte());
                var ints = Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts)).AsInt32();
                (Vector256.ConvertToSingle(ints) / 255f).CopyTo(floats[i..]);
            }
        }
        for (; i < bytes.Length; i++)
        {
            floats[i] = bytes[i] / 255f;
        }
    }
}
