namespace Microsoft.ML.Data;

/// <summary>Holds values of one column for rows that have been read and not yet been given out.</summary>
internal abstract class RowBuffer
{
    /// <summary>Whether values of the type may be kept beyond their row.</summary>
    public static bool CanHold(DataViewType type)
        => type is PrimitiveDataViewType || (type is VectorDataViewType vector && vector.ItemType is PrimitiveDataViewType);

    public static RowBuffer Create(DataViewRow input, DataViewSchema.Column column)
        => column.Type is VectorDataViewType vector
            ? Generic.Call<DataViewRow, DataViewSchema.Column, RowBuffer>(OfVector<int>, vector.ItemType.RawType, input, column)
            : Generic.Call<DataViewRow, DataViewSchema.Column, RowBuffer>(OfScalar<int>, column.Type.RawType, input, column);

    public static RowBuffer OfIds(DataViewRow input) => new Scalars<DataViewRowId>(input.GetIdGetter());

    /// <summary>Takes the value of the input's current row into a slot, or into a new one at the end.</summary>
    public abstract void Fill(int slot);

    /// <summary>A getter of the value in the slot that is current when it is called.</summary>
    public abstract Delegate MakeGetter(Func<int> slot);

    private static RowBuffer OfScalar<T>(DataViewRow input, DataViewSchema.Column column) => new Scalars<T>(input.GetGetter<T>(column));

    private static RowBuffer OfVector<T>(DataViewRow input, DataViewSchema.Column column) => new Vectors<T>(input.GetGetter<VBuffer<T>>(column));

    private sealed class Scalars<T>(ValueGetter<T> source) : RowBuffer
    {
        private readonly List<T> _values = [];

        public override void Fill(int slot)
        {
            T value = default!;
            source(ref value);
            if (slot == _values.Count)
                _values.Add(value);
            else
                _values[slot] = value;
        }

        public override Delegate MakeGetter(Func<int> slot)
            => (ValueGetter<T>)((ref T value) => value = _values[slot()]);
    }

    private sealed class Vectors<T>(ValueGetter<VBuffer<T>> source) : RowBuffer
    {
        private readonly List<VBuffer<T>> _values = [];
        private VBuffer<T> _current;

        public override void Fill(int slot)
        {
            // The getter may write into arrays that grow; what is kept is a copy that is just large enough.
            source(ref _current);
            var kept = slot == _values.Count ? default : _values[slot];
            _current.CopyTo(ref kept);
            if (slot == _values.Count)
                _values.Add(kept);
            else
                _values[slot] = kept;
        }

        public override Delegate MakeGetter(Func<int> slot)
            => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[slot()].CopyTo(ref value));
    }
}
