using System.Globalization;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Writes the values of one column as the fields of a text file.</summary>
internal abstract class ValueWriter
{
    /// <summary>How the default is written.</summary>
    public string Default { get; protected init; } = "";

    public static ValueWriter Create(DataViewRow row, DataViewSchema.Column column, char separator)
        => Generic.Call<DataViewRow, DataViewSchema.Column, char, ValueWriter>(Create<int>, column.Type.GetItemType().RawType, row, column, separator);

    /// <summary>Gives the slots that are stored, as texts, and returns how many there are in all.</summary>
    public abstract int Write(Action<int, string> slot);

    public abstract int WriteNames(Action<int, string> slot);

    /// <summary>Text is quoted if it would be read as something else.</summary>
    internal static string Quote(string text, char separator)
    {
        if (text.Length == 0)
            return "\"\"";
        bool needsQuotes = text[0] == ' ' || text.AsSpan().IndexOfAny(['"', separator, ':', '\n']) >= 0;
        return needsQuotes ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static ValueWriter Create<T>(DataViewRow row, DataViewSchema.Column column, char separator)
        => new Typed<T>(row, column, separator);

    private sealed class Typed<T> : ValueWriter
    {
        private readonly DataViewSchema.Column _column;
        private readonly char _separator;
        private readonly Func<T, string> _toText;
        private readonly ValueGetter<T>? _scalar;
        private readonly ValueGetter<VBuffer<T>>? _vector;
        private VBuffer<T> _values;

        public Typed(DataViewRow row, DataViewSchema.Column column, char separator)
        {
            _column = column;
            _separator = separator;
            _toText = TextOf((PrimitiveDataViewType)column.Type.GetItemType(), separator);
            if (column.Type is VectorDataViewType)
                _vector = row.GetGetter<VBuffer<T>>(column);
            else
                _scalar = row.GetGetter<T>(column);
            Default = _toText(default!);
        }

        public override int Write(Action<int, string> slot)
        {
            if (_scalar is not null)
            {
                T value = default!;
                _scalar(ref value);
                slot(0, _toText(value));
                return 1;
            }
            _vector!(ref _values);
            var values = _values.GetValues();
            var indices = _values.GetIndices();
            for (int i = 0; i < values.Length; i++)
                slot(_values.IsDense ? i : indices[i], _toText(values[i]));
            return _values.Length;
        }

        public override int WriteNames(Action<int, string> slot)
        {
            if (_scalar is not null)
            {
                slot(0, Quote(_column.Name, _separator));
                return 1;
            }
            if (_column.HasSlotNames())
            {
                VBuffer<ReadOnlyMemory<char>> names = default;
                _column.GetSlotNames(ref names);
                foreach (var pair in names.Items())
                {
                    if (!pair.Value.IsEmpty)
                        slot(pair.Key, Quote(pair.Value.ToString(), _separator));
                }
            }
            return _column.Type.GetVectorSize();
        }

        private static Func<T, string> TextOf(PrimitiveDataViewType type, char separator)
        {
            if (type is TextDataViewType)
                return value => Quote(((ReadOnlyMemory<char>)(object)value!).ToString(), separator);
            var write = ValueText.Get<T>(type);
            var text = new StringBuilder();
            string quote = type is TimeSpanDataViewType or DateTimeDataViewType or DateTimeOffsetDataViewType ? "\"" : "";
            return value =>
            {
                write(value, ref text);
                return string.Create(CultureInfo.InvariantCulture, $"{quote}{text}{quote}");
            };
        }
    }
}
