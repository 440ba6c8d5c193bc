using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace TorchSharp.Utils;

/// <summary>A dictionary that keeps the order in which its entries came.</summary>
public class OrderedDict<TKey, TValue> : IDictionary<TKey, TValue>, IList<(TKey, TValue)> where TKey : notnull
{
    readonly List<(TKey key, TValue value)> list = [];
    readonly Dictionary<TKey, TValue> dictionary = [];

    public (TKey, TValue) this[int index]
    {
        get => list[index];
        set
        {
            list[index] = value;
            dictionary[value.Item1] = value.Item2;
        }
    }

    public TValue this[TKey key]
    {
        get => dictionary[key];
        set
        {
            if (dictionary.ContainsKey(key))
                list[Position(key)] = (key, value);
            else
                list.Add((key, value));
            dictionary[key] = value;
        }
    }

    public int Count => dictionary.Count;

    public bool IsReadOnly => false;

    public ICollection<TKey> Keys => [.. list.Select(entry => entry.key)];

    public ICollection<TValue> Values => [.. list.Select(entry => entry.value)];

    public IEnumerator<(TKey, TValue)> items() => list.GetEnumerator();

    public IEnumerable<TKey> keys() => Keys;

    public IEnumerable<TValue> values() => Values;

    public void Add((TKey, TValue) item) => Add(item.Item1, item.Item2);

    public void Add(KeyValuePair<TKey, TValue> item) => Add(item.Key, item.Value);

    public void Add(TKey key, TValue value)
    {
        dictionary.Add(key, value);
        list.Add((key, value));
    }

    /// <summary>Sets the value of a key that is there already.</summary>
    internal void Replace(TKey key, TValue value)
    {
        if (!dictionary.ContainsKey(key))
            throw new ArgumentOutOfRangeException(nameof(key));
        this[key] = value;
    }

    internal bool TryAdd(TKey key, TValue value)
    {
        if (!dictionary.TryAdd(key, value))
            return false;
        list.Add((key, value));
        return true;
    }

    public void Insert(int index, (TKey, TValue) item)
    {
        dictionary.Add(item.Item1, item.Item2);
        list.Insert(index, item);
    }

    public bool Remove(TKey key)
    {
        if (!dictionary.ContainsKey(key))
            throw new KeyNotFoundException($"The given key '{key}' was not present in the dictionary.");
        list.RemoveAt(Position(key));
        return dictionary.Remove(key);
    }

    public bool Remove((TKey, TValue) item) => dictionary.ContainsKey(item.Item1) && Remove(item.Item1);

    public bool Remove(KeyValuePair<TKey, TValue> item) => dictionary.ContainsKey(item.Key) && Remove(item.Key);

    public void RemoveAt(int index)
    {
        if (index >= list.Count)
            throw new IndexOutOfRangeException();
        dictionary.Remove(list[index].key);
        list.RemoveAt(index);
    }

    public void Clear()
    {
        dictionary.Clear();
        list.Clear();
    }

    public void clear() => Clear();

    public bool Contains((TKey, TValue) item) => list.Contains(item);

    public bool Contains(KeyValuePair<TKey, TValue> item) => dictionary.ContainsKey(item.Key);

    public bool ContainsKey(TKey key) => dictionary.ContainsKey(key);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value) => dictionary.TryGetValue(key, out value);

    public int IndexOf((TKey, TValue) item) => list.IndexOf(item);

    public void CopyTo((TKey, TValue)[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);

    public void CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex)
    {
        foreach (var (key, value) in list)
            array[arrayIndex++] = new(key, value);
    }

    public IEnumerator<(TKey, TValue)> GetEnumerator() => list.GetEnumerator();

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator() =>
        list.Select(entry => new KeyValuePair<TKey, TValue>(entry.key, entry.value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    int Position(TKey key) => list.FindIndex(entry => EqualityComparer<TKey>.Default.Equals(entry.key, key));
}
