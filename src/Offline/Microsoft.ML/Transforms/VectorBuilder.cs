namespace Microsoft.ML.Data;

/// <summary>
/// Collects the slots of a vector in rising order. Defaults are left out; the vector is dense if at least half of its
/// slots are something else.
/// </summary>
internal sealed class VectorBuilder<T>
{
    private T[] _values = [];
    private int[] _indices = [];
    private int _length;
    private int _count;

    public void Reset(int length)
    {
        _length = length;
        _count = 0;
        if (_values.Length < length)
        {
            _values = new T[length];
            _indices = new int[length];
        }
    }

    public void Add(int index, T value)
    {
        if (Conversions.IsDefault(value))
            return;
        _values[_count] = value;
        _indices[_count++] = index;
    }

    public void GetResult(ref VBuffer<T> buffer)
    {
        if (_count > 0 && _count >= _length / 2)
        {
            var dense = VBufferEditor.Create(ref buffer, _length);
            dense.Values.Clear();
            for (int i = 0; i < _count; i++)
                dense.Values[_indices[i]] = _values[i];
            buffer = dense.Commit();
            return;
        }
        var sparse = VBufferEditor.Create(ref buffer, _length, _count);
        _values.AsSpan(0, _count).CopyTo(sparse.Values);
        _indices.AsSpan(0, _count).CopyTo(sparse.Indices);
        buffer = sparse.Commit();
    }
}
