namespace Microsoft.ML.Data;

/// <summary>Parses the fields of one column into its values in a block of rows.</summary>
internal abstract class TextPipe
{
    private TextPipe(bool hasMissing, bool isReal)
    {
        HasMissing = hasMissing;
        IsReal = isReal;
    }

    /// <summary>Whether what cannot be read becomes a missing value; otherwise it is an error.</summary>
    public bool HasMissing { get; }

    public bool IsReal { get; }

    public static TextPipe Create(TextColumn column, TextFormat format, int rows)
    {
        var parser = TextParser.For(new RealFormat(format.DecimalMarker == ',', format.Has(TextFlags.MissingRealsAsNaNs)));
        var item = (PrimitiveDataViewType)column.Type.GetItemType();
        return column.Type is VectorDataViewType
            ? Generic.Call<PrimitiveDataViewType, TextParser, int, TextPipe>(OfVector<int>, item.RawType, item, parser, rows)
            : Generic.Call<PrimitiveDataViewType, TextParser, int, TextPipe>(OfScalar<int>, item.RawType, item, parser, rows);
    }

    /// <summary>Begins a row with so many slots, all of them the default.</summary>
    public abstract void Reset(int row, int size);

    /// <summary>Takes the text of a slot, in rising order; false if it cannot be read.</summary>
    public abstract bool Take(int row, int slot, in ReadOnlyMemory<char> text);

    /// <summary>A getter of the value in the row that is current when it is called.</summary>
    public abstract Delegate MakeGetter(Func<int> currentRow);

    private static TextPipe OfScalar<T>(PrimitiveDataViewType type, TextParser parser, int rows) => new Scalar<T>(type, parser.Get<T>(type), rows);

    private static TextPipe OfVector<T>(PrimitiveDataViewType type, TextParser parser, int rows) => new Vector<T>(type, parser.Get<T>(type), rows);

    private sealed class Scalar<T>(PrimitiveDataViewType type, TryParseMapper<T> parse, int rows)
        : TextPipe(Conversions.IsMissing<T>(type) is not null, type == NumberDataViewType.Single || type == NumberDataViewType.Double)
    {
        private readonly T[] _values = new T[rows];

        public override void Reset(int row, int size) => _values[row] = default!;

        public override bool Take(int row, int slot, in ReadOnlyMemory<char> text) => parse(text, out _values[row]);

        public override Delegate MakeGetter(Func<int> currentRow)
            => (ValueGetter<T>)((ref T value) => value = _values[currentRow()]);
    }

    private sealed class Vector<T>(PrimitiveDataViewType type, TryParseMapper<T> parse, int rows)
        : TextPipe(Conversions.IsMissing<T>(type) is not null, type == NumberDataViewType.Single || type == NumberDataViewType.Double)
    {
        private readonly Row[] _rows = [.. Enumerable.Range(0, rows).Select(_ => new Row())];

        public override void Reset(int row, int size) => _rows[row].Reset(size);

        public override bool Take(int row, int slot, in ReadOnlyMemory<char> text)
        {
            bool good = parse(text, out var value);
            _rows[row].Add(slot, value);
            return good;
        }

        public override Delegate MakeGetter(Func<int> currentRow)
            => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _rows[currentRow()].CopyTo(ref value));

        private sealed class Row
        {
            private T[] _values = [];
            private int[] _indices = [];
            private int _size;
            private int _count;

            public void Reset(int size)
            {
                _size = size;
                _count = 0;
                if (_values.Length < size)
                {
                    _values = new T[size];
                    _indices = new int[size];
                }
            }

            public void Add(int slot, T value)
            {
                _values[_count] = value;
                _indices[_count++] = slot;
            }

            public void CopyTo(ref VBuffer<T> destination)
            {
                // Dense once more than half of the slots are there.
                bool isDense = _count > _size / 2;
                var editor = VBufferEditor.Create(ref destination, _size, isDense ? _size : _count);
                if (!isDense || _count == _size)
                {
                    _values.AsSpan(0, _count).CopyTo(editor.Values);
                    if (_count < _size)
                        _indices.AsSpan(0, _count).CopyTo(editor.Indices);
                }
                else
                {
                    editor.Values.Clear();
                    for (int i = 0; i < _count; i++)
                        editor.Values[_indices[i]] = _values[i];
                }
                destination = editor.Commit();
            }
        }
    }
}
