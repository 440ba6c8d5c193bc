namespace Microsoft.ML.Data;

/// <summary>Parses the fields of one column into its value of the current row.</summary>
internal abstract class TextPipe
{
    /// <summary>Whether what cannot be read becomes a missing value; otherwise it is an error.</summary>
    public bool HasMissing { get; protected init; }

    public bool IsReal { get; protected init; }

    public static TextPipe Create(TextColumn column, TextFormat format)
    {
        var parser = TextParser.For(new RealFormat(format.DecimalMarker == ',', format.Has(TextFlags.MissingRealsAsNaNs)));
        return column.Type is VectorDataViewType vector
            ? Generic.Call<PrimitiveDataViewType, TextParser, TextPipe>(OfVector<int>, vector.ItemType.RawType, vector.ItemType, parser)
            : Generic.Call<PrimitiveDataViewType, TextParser, TextPipe>(OfScalar<int>, column.Type.RawType, (PrimitiveDataViewType)column.Type, parser);
    }

    /// <summary>Begins a row with so many slots, all of them the default.</summary>
    public abstract void Reset(int size);

    /// <summary>Takes the text of a slot, in rising order; false if it cannot be read.</summary>
    public abstract bool Take(int slot, in ReadOnlyMemory<char> text);

    public abstract Delegate MakeGetter(Action checkRow);

    private static TextPipe OfScalar<T>(PrimitiveDataViewType type, TextParser parser) => new Scalar<T>(type, parser.Get<T>(type));

    private static TextPipe OfVector<T>(PrimitiveDataViewType type, TextParser parser) => new Vector<T>(type, parser.Get<T>(type));

    private sealed class Scalar<T> : TextPipe
    {
        private readonly TryParseMapper<T> _parse;
        private T _value = default!;

        public Scalar(PrimitiveDataViewType type, TryParseMapper<T> parse)
        {
            _parse = parse;
            HasMissing = Conversions.IsMissing<T>(type) is not null;
            IsReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);
        }

        public override void Reset(int size) => _value = default!;

        public override bool Take(int slot, in ReadOnlyMemory<char> text) => _parse(text, out _value);

        public override Delegate MakeGetter(Action checkRow)
            => (ValueGetter<T>)((ref T value) =>
            {
                checkRow();
                value = _value;
            });
    }

    private sealed class Vector<T> : TextPipe
    {
        private readonly TryParseMapper<T> _parse;
        private T[] _values = [];
        private int[] _indices = [];
        private int _size;
        private int _count;

        public Vector(PrimitiveDataViewType type, TryParseMapper<T> parse)
        {
            _parse = parse;
            HasMissing = Conversions.IsMissing<T>(type) is not null;
            IsReal = typeof(T) == typeof(float) || typeof(T) == typeof(double);
        }

        public override void Reset(int size)
        {
            _size = size;
            _count = 0;
            if (_values.Length < size)
            {
                _values = new T[size];
                _indices = new int[size];
            }
        }

        public override bool Take(int slot, in ReadOnlyMemory<char> text)
        {
            bool good = _parse(text, out var value);
            _values[_count] = value;
            _indices[_count++] = slot;
            return good;
        }

        public override Delegate MakeGetter(Action checkRow)
            => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
            {
                checkRow();
                // Dense once more than half of the slots are there.
                bool isDense = _count > _size / 2;
                var editor = VBufferEditor.Create(ref value, _size, isDense ? _size : _count);
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
                value = editor.Commit();
            });
    }
}
