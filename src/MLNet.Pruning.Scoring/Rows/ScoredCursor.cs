using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// Scores in blocks: reads some rows ahead, runs the model once on all of them, then returns them one by one. The first blocks are small,
/// so that a preview of a few rows does not cost a few hundred.
/// </summary>
sealed class ScoredCursor : DataViewRowCursor
{
    const int FirstBlock = 8;
    const int LargestBlock = 256;

    // Rows of images are long: the features of a block take at most 16 MB, unless a single row is longer.
    const int LargestBlockNumbers = 4 << 20;

    readonly ScoreBinding binding;
    readonly IRowScorer scorer;
    readonly DataViewRowCursor input;
    readonly bool[] active;
    readonly FeatureReader reader;
    readonly ValueGetter<DataViewRowId> getId;
    readonly ColumnBuffer?[] passedOn;
    readonly bool readsAhead;
    readonly DataViewRowId[] ids = new DataViewRowId[LargestBlock];
    readonly long[] batches = new long[LargestBlock];
    float[] features = [];
    float[] scores = [];
    readonly int largest;
    int block;
    int count;
    int current = -1;
    long position = -1;

    public ScoredCursor(ScoreBinding binding, IRowScorer scorer, DataViewRowCursor input, bool[] active)
    {
        (this.binding, this.scorer, this.input, this.active) = (binding, scorer, input, active);
        reader = binding.Features.Open(input);
        getId = input.GetIdGetter();
        var passedOn = binding.Input.Where(column => active[column.Index]).ToArray();
        readsAhead = passedOn.All(column => ColumnBuffer.CanHold(column.Type));
        largest = readsAhead ? Math.Clamp(LargestBlockNumbers / Math.Max(binding.Features.Size, binding.OutputCount), 1, LargestBlock) : 1;
        block = Math.Min(FirstBlock, largest);
        this.passedOn = new ColumnBuffer?[binding.Input.Count];
        if (readsAhead)
        {
            foreach (var column in passedOn)
                this.passedOn[column.Index] = ColumnBuffer.For(input, column, LargestBlock);
        }
    }

    public override DataViewSchema Schema => binding.Output;

    public override long Position => position;

    public override long Batch => current < 0 ? 0 : batches[current];

    public override bool MoveNext()
    {
        if (current + 1 == count && !ReadBlock())
        {
            current = -1;
            count = 0;
            position = -1;
            return false;
        }
        current++;
        position++;
        return true;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = ids[Current()];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => binding.Getter<TValue>(
        column, active, ScoresOfRow, below => readsAhead ? passedOn[below.Index]!.Getter(Current) : input.GetGetter<TValue>(below));

    int Current() => current >= 0
        ? current
        : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first, and stop when it returns false.");

    ReadOnlySpan<float> ScoresOfRow() => scores.AsSpan(Current() * binding.OutputCount, binding.OutputCount);

    bool ReadBlock()
    {
        if (position >= 0 && count == 0)
            return false;
        int width = binding.Features.Size;
        if (features.Length < block * width)
        {
            features = new float[block * width];
            scores = new float[block * binding.OutputCount];
        }
        // Only blocks that were read and scored completely are returned: after a failure there is none.
        count = 0;
        current = -1;
        int read = 0;
        for (; read < block && input.MoveNext(); read++)
        {
            reader.Read(features.AsSpan(read * width, width));
            getId(ref ids[read]);
            batches[read] = input.Batch;
            foreach (var column in passedOn)
                column?.Take(read);
        }
        if (read == 0)
            return false;
        scorer.Score(features.AsSpan(0, read * width), read, scores.AsSpan(0, read * binding.OutputCount));
        count = read;
        if (readsAhead)
            block = Math.Min(2 * block, largest);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The values of an input column for the rows of a block. The cursor below stands on the last of them.</summary>
abstract class ColumnBuffer
{
    /// <summary>Stores the value of the current input row as that of row <paramref name="row"/> of the block.</summary>
    public abstract void Take(int row);

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the stored value at index <paramref name="current"/>.</summary>
    public abstract Delegate Getter(Func<int> current);

    /// <summary>
    /// Whether values of the type may be kept after the cursor moves on. Images, for example, may be disposed of by then.
    /// </summary>
    public static bool CanHold(DataViewType type) => type switch
    {
        VectorDataViewType vector => CanHold(vector.ItemType),
        NumberDataViewType or KeyDataViewType or BooleanDataViewType or TextDataViewType or RowIdDataViewType => true,
        _ => type is DateTimeDataViewType or DateTimeOffsetDataViewType or TimeSpanDataViewType,
    };

    /// <summary>A buffer for <paramref name="capacity"/> values of <paramref name="column"/>.</summary>
    public static ColumnBuffer For(DataViewRow input, DataViewSchema.Column column, int capacity)
    {
        var type = column.Type is VectorDataViewType vector
            ? typeof(VectorBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ScalarBuffer<>).MakeGenericType(column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(type, input, column, capacity)!;
    }

    sealed class ScalarBuffer<T>(DataViewRow input, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        readonly ValueGetter<T> get = input.GetGetter<T>(column);
        readonly T[] values = new T[capacity];

        public override void Take(int row) => get(ref values[row]);

        public override Delegate Getter(Func<int> current) => (ValueGetter<T>)((ref T value) => value = values[current()]);
    }

    sealed class VectorBuffer<T>(DataViewRow input, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        readonly ValueGetter<VBuffer<T>> get = input.GetGetter<VBuffer<T>>(column);
        readonly VBuffer<T>[] values = new VBuffer<T>[capacity];

        public override void Take(int row) => get(ref values[row]);

        public override Delegate Getter(Func<int> current) =>
            (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => values[current()].CopyTo(ref value));
    }
}
