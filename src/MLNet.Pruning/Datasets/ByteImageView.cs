using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Datasets;

/// <summary>
/// Labelled images kept as the bytes they came in: a quarter of what floats would take. A row's floats exist only while
/// a cursor stands on it. Immutable, so any number of cursors may run at once; shuffling permutes row numbers.
/// </summary>
sealed class ByteImageView : IDataView
{
    /// <summary>Rows of one block: what a cursor of a cursor set takes before it skips to its next share.</summary>
    const int BlockRows = 64;

    readonly byte[] labels;
    readonly byte[] pixels;
    readonly int pixelCount;

    /// <param name="labels">One label a row.</param>
    /// <param name="pixels">The images one after the other.</param>
    /// <param name="pixelCount">Bytes of one image.</param>
    public ByteImageView(byte[] labels, byte[] pixels, int pixelCount)
    {
        this.labels = labels;
        this.pixels = pixels;
        this.pixelCount = pixelCount;
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
    public long? GetRowCount() => labels.Length;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, Active(columnsNeeded), Order(rand), share: 0, shares: 1);

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        int[]? order = Order(rand);
        int shares = Math.Clamp(n, 1, Math.Max(1, (labels.Length + BlockRows - 1) / BlockRows));
        var cursors = new DataViewRowCursor[shares];
        for (int share = 0; share < shares; share++)
            cursors[share] = new Cursor(this, active, order, share, shares);
        return cursors;
    }

    bool[] Active(IEnumerable<DataViewSchema.Column> columns)
    {
        var active = new bool[Schema.Count];
        foreach (var column in columns)
            active[column.Index] = true;
        return active;
    }

    int[]? Order(Random? random)
    {
        if (random is null)
            return null;
        int[] order = [.. Enumerable.Range(0, labels.Length)];
        random.Shuffle(order);
        return order;
    }

    sealed class Cursor(ByteImageView view, bool[] active, int[]? order, int share, int shares) : DataViewRowCursor
    {
        long position = -1;
        int place = -1;
        int row = -1;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => position;

        // Block numbers grow along every cursor of a set, which is what a consumer needs to put rows back in order.
        public override long Batch => row < 0 ? 0 : place / BlockRows;

        public override bool MoveNext()
        {
            // From the end of a block to the start of this share's next one; the other shares take those between.
            int next = place < 0 ? share * BlockRows : place + 1;
            if (place >= 0 && next % BlockRows == 0)
                next += (shares - 1) * BlockRows;
            if (next >= view.labels.Length)
            {
                row = -1;
                position = -1;
                return false;
            }
            place = next;
            row = order is null ? next : order[next];
            position++;
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId value) => value = new DataViewRowId((ulong)Row(), 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!active[column.Index])
                throw new InvalidOperationException($"Column '{column.Name}' was not among the columns this cursor was opened for.");
            Delegate getter = column.Index == 0 ? (ValueGetter<uint>)GetLabel : (ValueGetter<VBuffer<float>>)GetPixels;
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        int Row() => row >= 0 ? row : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first, and stop when it returns false.");

        void GetLabel(ref uint value) => value = view.labels[Row()];

        void GetPixels(ref VBuffer<float> value)
        {
            int count = view.pixelCount;
            var editor = VBufferEditor.Create(ref value, count);
            Scale(view.pixels.AsSpan(checked(Row() * count), count), editor.Values);
            value = editor.Commit();
        }
    }

    /// <summary>Bytes to floats in [0, 1]: the quotient by 255, eight at a time.</summary>
    static void Scale(ReadOnlySpan<byte> bytes, Span<float> floats)
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
            floats[i] = bytes[i] / 255f;
    }
}
