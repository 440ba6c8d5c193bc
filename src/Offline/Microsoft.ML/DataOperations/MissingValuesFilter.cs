using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Drops the rows in which a value of one of the columns is missing.</summary>
internal sealed class MissingValuesFilter : DelegatingView
{
    private readonly int[] _indices;

    public MissingValuesFilter(IHostEnvironment env, IDataView source, string[] columns)
        : base(env.Register("MissingValueFilter"), source)
    {
        _indices = new int[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            if (Schema.GetColumnOrNull(columns[i]) is not { } column)
                throw Host.ExceptUserArg("Columns", "Source column '{0}' not found", columns[i]);
            if (Array.IndexOf(_indices, column.Index, 0, i) >= 0)
                throw Host.ExceptUserArg("Columns", "Source column '{0}' specified multiple times", columns[i]);
            var item = column.Type.GetItemType();
            if (item != NumberDataViewType.Single && item != NumberDataViewType.Double && item is not KeyDataViewType)
                throw Host.ExceptUserArg("Columns", $"Column '{columns[i]}' has type {column.Type} which does not support missing values, so we cannot filter on them");
            _indices[i] = column.Index;
        }
    }

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return new Cursor(this, Source.GetRowCursor(WithColumns(active, _indices), rand), active);
    }

    private sealed class Cursor : DelegatingCursor
    {
        private readonly Dictionary<int, Delegate> _getters = [];
        private readonly Func<bool>[] _isMissing;

        public Cursor(MissingValuesFilter parent, DataViewRowCursor input, bool[] active)
            : base(parent.Host, input, active)
        {
            _isMissing = Array.ConvertAll(parent._indices, index =>
            {
                var type = Schema[index].Type;
                return type is VectorDataViewType vector
                    ? Generic.Call<int, Func<bool>>(OfVector<float>, vector.ItemType.RawType, index)
                    : Generic.Call<int, Func<bool>>(OfScalar<float>, type.RawType, index);
            });
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            CheckActive(column);
            return _getters.TryGetValue(column.Index, out var getter) ? Cast<TValue>(getter) : Input.GetGetter<TValue>(column);
        }

        protected override bool MoveNextCore()
        {
            while (Input.MoveNext())
            {
                if (!Array.Exists(_isMissing, test => test()))
                    return true;
            }
            return false;
        }

        private Func<bool> OfScalar<T>(int index)
        {
            var source = Input.GetGetter<T>(Schema[index]);
            var isMissing = Conversions.IsMissing<T>(Schema[index].Type)!;
            T current = default!;
            _getters[index] = (ValueGetter<T>)((ref T value) =>
            {
                CheckRow();
                value = current;
            });
            return () =>
            {
                source(ref current);
                return isMissing(current);
            };
        }

        private Func<bool> OfVector<T>(int index)
        {
            var source = Input.GetGetter<VBuffer<T>>(Schema[index]);
            var item = Schema[index].Type.GetItemType();
            var isMissing = Conversions.IsMissing<T>(item)!;
            VBuffer<T> current = default;
            _getters[index] = (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
            {
                CheckRow();
                current.CopyTo(ref value);
            });
            return () =>
            {
                source(ref current);
                // What a sparse vector leaves out is the missing key.
                if (item is KeyDataViewType && !current.IsDense)
                    return true;
                foreach (var value in current.GetValues())
                {
                    if (isMissing(value))
                        return true;
                }
                return false;
            };
        }
    }
}
