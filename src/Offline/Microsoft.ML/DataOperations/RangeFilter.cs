using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Where a range ends, on both sides, and whether the rows within it stay or go.</summary>
internal sealed record RangeBounds(double Minimum, double? Maximum, bool Complement = false, bool IncludeMinimum = true, bool? IncludeMaximum = null);

/// <summary>
/// Keeps the rows whose value lies in a range, or those whose value does not. A value that is not a number does neither.
/// Keys are spread evenly over the range from 0 to 1.
/// </summary>
internal sealed class RangeFilter : DelegatingView
{
    private readonly int _index;
    private readonly Func<double, bool> _keep;

    public RangeFilter(IHostEnvironment env, IDataView source, string column, RangeBounds bounds)
        : base(env.Register("RangeFilter"), source)
    {
        if (Schema.GetColumnOrNull(column) is not { } found)
            throw Host.ExceptUserArg("Column", "Source column '{0}' not found", column);
        if (!IsValidType(found.Type))
            throw Host.ExceptUserArg("Column", "Column '{0}' does not have compatible type", column);
        _index = found.Index;

        double? minimum = bounds.Minimum;
        double? maximum = bounds.Maximum;
        bool isKey = found.Type is KeyDataViewType;
        if (isKey)
        {
            minimum = minimum < 0 ? null : minimum;
            maximum = maximum > 1 ? null : maximum;
        }
        if (minimum is null && maximum is null)
            throw Host.ExceptUserArg("Min", "At least one of min and max must be specified.");
        double low = minimum ?? double.NegativeInfinity;
        double high = maximum ?? double.PositiveInfinity;
        if (!(low <= high))
            throw Host.ExceptUserArg("Min", "min must be less than or equal to max");
        bool includeHigh = bounds.IncludeMaximum ?? (maximum is null || (isKey && high >= 1));
        _keep = Test(low, high, bounds.IncludeMinimum, includeHigh, bounds.Complement);
    }

    public static bool IsValidType(DataViewType type)
        => type == NumberDataViewType.Single || type == NumberDataViewType.Double || type.GetKeyCount() > 0;

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return new Cursor(this, Source.GetRowCursor(WithColumns(active, _index), rand), active);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = ActiveOf(Schema, columnsNeeded);
        return Array.ConvertAll(Source.GetRowCursorSet(WithColumns(active, _index), n, rand), input => (DataViewRowCursor)new Cursor(this, input, active));
    }

    // Each side is its own comparison, so that what is not a number is neither inside nor outside.
    private static Func<double, bool> Test(double low, double high, bool includeLow, bool includeHigh, bool complement)
        => (complement, includeLow, includeHigh) switch
        {
            (false, true, true) => value => low <= value && value <= high,
            (false, true, false) => value => low <= value && value < high,
            (false, false, true) => value => low < value && value <= high,
            (false, false, false) => value => low < value && value < high,
            (true, true, true) => value => low > value || value > high,
            (true, true, false) => value => low > value || value >= high,
            (true, false, true) => value => low >= value || value > high,
            (true, false, false) => value => low >= value || value >= high,
        };

    private sealed class Cursor : DelegatingCursor
    {
        private readonly int _index;
        private readonly Func<bool> _accept;
        private Delegate? _getter;

        public Cursor(RangeFilter parent, DataViewRowCursor input, bool[] active)
            : base(parent.Host, input, active)
        {
            _index = parent._index;
            _accept = Generic.Call<RangeFilter, Func<bool>>(Accepter<float>, Schema[_index].Type.RawType, parent);
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            CheckActive(column);
            return column.Index == _index ? Cast<TValue>(_getter!) : Input.GetGetter<TValue>(column);
        }

        protected override bool MoveNextCore()
        {
            while (Input.MoveNext())
            {
                if (_accept())
                    return true;
            }
            return false;
        }

        private Func<bool> Accepter<T>(RangeFilter parent)
        {
            var column = Schema[_index];
            var source = Input.GetGetter<T>(column);
            T current = default!;
            _getter = (ValueGetter<T>)((ref T value) =>
            {
                CheckRow();
                value = current;
            });

            if (column.Type is KeyDataViewType key)
            {
                var widen = Conversions.Get<T, ulong>(key, NumberDataViewType.UInt64, out _);
                return () =>
                {
                    ulong value = 0;
                    source(ref current);
                    widen(current, ref value);
                    return value != 0 && value <= key.Count && parent._keep(((uint)value - 0.5) / key.Count);
                };
            }
            var real = Conversions.Get<T, double>(column.Type, NumberDataViewType.Double, out _);
            return () =>
            {
                double value = 0;
                source(ref current);
                real(current, ref value);
                return parent._keep(value);
            };
        }
    }
}
