using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Scoring;

/// <summary>
/// The values of a passed-on column for the rows of a block: the cursor below has moved on to the block's end when the
/// rows are read above.
/// </summary>
abstract class ColumnBuffer
{
    /// <summary>Remembers the value of the row the input stands on as that of row <paramref name="row"/> of the block.</summary>
    public abstract void Take(int row);

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the value of the row that <paramref name="current"/> names.</summary>
    public abstract Delegate Getter(Func<int> current);

    /// <summary>Whether values of the type may be kept after the cursor moves on; images, say, may be disposed of by then.</summary>
    public static bool CanHold(DataViewType type) => type is VectorDataViewType vector
        ? CanHold(vector.ItemType)
        : type is NumberDataViewType or KeyDataViewType or BooleanDataViewType or TextDataViewType or DateTimeDataViewType or DateTimeOffsetDataViewType or TimeSpanDataViewType or RowIdDataViewType;

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

        public override Delegate Getter(Func<int> current) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => values[current()].CopyTo(ref value));
    }
}
