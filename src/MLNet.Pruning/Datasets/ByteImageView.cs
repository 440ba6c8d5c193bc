using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Datasets;

/// <summary>
/// Labelled images kept as the bytes they came in: a quarter of what floats would take. A row's floats exist only while
/// a cursor stands on it. Immutable, so any number of cursors may run at once; shuffling permutes row numbers.
/// </summary>
sealed class ByteImageView : IDataView
{
    /// <summary>Rows in a block. Each cursor of a set reads a block, then skips to its next one.</summary>
    const int BlockRows = 64;

    readonly PixelStore pixels;
    readonly byte[]? labels;
    readonly IReadOnlyList<string>? classNames;
    readonly IReadOnlyList<string>? fileNames;
    readonly List<Func<Func<int>, Delegate>> getters = [];

    /// <param name="pixels">One image a row.</param>
    /// <param name="labels">One label a row; null for images without.</param>
    /// <param name="classNames">What each label means; null for no names.</param>
    /// <param name="fileNames">The file that each row comes from; null for none.</param>
    public ByteImageView(
        PixelStore pixels, byte[]? labels, IReadOnlyList<string>? classNames = null, IReadOnlyList<string>? fileNames = null)
    {
        (this.pixels, this.labels, this.classNames, this.fileNames) = (pixels, labels, classNames, fileNames);
        var builder = new DataViewSchema.Builder();
        if (labels is not null)
            Add("Label", NumberDataViewType.UInt32, Label);
        Add("Pixels", new VectorDataViewType(NumberDataViewType.Single, pixels.ImageBytes), Pixels);
        if (labels is not null && classNames is not null)
            Add("ClassName", TextDataViewType.Instance, ClassName);
        if (fileNames is not null)
            Add("FileName", TextDataViewType.Instance, FileName);
        Schema = builder.ToSchema();

        void Add(string name, DataViewType type, Func<Func<int>, Delegate> getter)
        {
            builder.AddColumn(name, type);
            getters.Add(getter);
        }
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => pixels.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, Active(columnsNeeded), Order(rand), share: 0, shares: 1);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        int[]? order = Order(rand);
        int shares = Math.Clamp(n, 1, Math.Max(1, (pixels.Count + BlockRows - 1) / BlockRows));
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
        int[] order = [.. Enumerable.Range(0, pixels.Count)];
        random.Shuffle(order);
        return order;
    }

    ValueGetter<uint> Label(Func<int> row) => (ref uint value) => value = labels![row()];

    ValueGetter<VBuffer<float>> Pixels(Func<int> row) => (ref VBuffer<float> value) =>
    {
        var editor = VBufferEditor.Create(ref value, pixels.ImageBytes);
        PixelStore.Scale(pixels[row()], editor.Values);
        value = editor.Commit();
    };

    ValueGetter<ReadOnlyMemory<char>> ClassName(Func<int> row) =>
        (ref ReadOnlyMemory<char> value) => value = classNames![labels![row()]].AsMemory();

    ValueGetter<ReadOnlyMemory<char>> FileName(Func<int> row) => (ref ReadOnlyMemory<char> value) => value = fileNames![row()].AsMemory();

    sealed class Cursor(ByteImageView view, bool[] active, int[]? order, int share, int shares) : DataViewRowCursor
    {
        long position = -1;
        int place = -1;
        int row = -1;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => position;

        // Block numbers grow along every cursor of a set, so that a consumer can put rows back in order.
        public override long Batch => row < 0 ? 0 : place / BlockRows;

        public override bool MoveNext()
        {
            // At the end of a block, jump to this cursor's next block; the other cursors of the set read the blocks between.
            int next = place < 0 ? share * BlockRows : place + 1;
            if (place >= 0 && next % BlockRows == 0)
                next += (shares - 1) * BlockRows;
            if (next >= view.pixels.Count)
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
            return view.getters[column.Index](Row) as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        int Row() => row >= 0
            ? row
            : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first, and stop when it returns false.");
    }
}
