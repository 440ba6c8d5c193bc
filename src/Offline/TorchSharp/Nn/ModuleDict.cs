using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public class ModuleDict<T> : Module, IDictionary<string, T>, IList<(string, T)> where T : Module
        {
            readonly OrderedDict<string, T> entries = [];
            bool registered;

            public ModuleDict() : base("ModuleDict", true) { }

            protected override void RegisterComponents()
            {
                if (registered)
                    return;
                foreach (var (name, value) in entries)
                    register_module(name, value);
                registered = true;
            }

            public (string, T) this[int index]
            {
                get => entries[index];
                set => entries[index] = value;
            }

            public T this[string key]
            {
                get => entries[key];
                set => entries.Replace(key, value); // an entry can be replaced this way, not made
            }

            public int Count => entries.Count;

            public bool IsReadOnly => false;

            public ICollection<string> Keys => entries.Keys;

            public ICollection<T> Values => entries.Values;

            public IEnumerator<(string, T)> items() => GetEnumerator();

            public IEnumerable<string> keys() => entries.Keys;

            public IEnumerable<T> values() => entries.Values;

            public void Add((string, T) item) => entries.Add(item.Item1, item.Item2);

            public void Add(string key, T value) => entries.Add(key, value);

            public void Add(KeyValuePair<string, T> item) => entries.Add(item.Key, item.Value);

            public void Insert(int index, (string, T) item) => entries.Insert(index, item);

            public bool Remove((string, T) item) => entries.Remove(item);

            public bool Remove(KeyValuePair<string, T> item) => entries.Remove(item.Key);

            public bool Remove(string key) => entries.Remove(key);

            public void RemoveAt(int index) => entries.RemoveAt(index);

            public void Clear() => entries.Clear();

            public void clear() => entries.Clear();

            public bool Contains((string, T) item) => entries.Contains(item);

            public bool Contains(KeyValuePair<string, T> item) => entries.ContainsKey(item.Key);

            public bool ContainsKey(string key) => entries.ContainsKey(key);

            public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value) => entries.TryGetValue(key, out value);

            public int IndexOf((string, T) item) => entries.IndexOf(item);

            public void CopyTo((string, T)[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

            public void CopyTo(KeyValuePair<string, T>[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

            public IEnumerator<(string, T)> GetEnumerator() => entries.GetEnumerator();

            IEnumerator<KeyValuePair<string, T>> IEnumerable<KeyValuePair<string, T>>.GetEnumerator() =>
                ((IEnumerable<KeyValuePair<string, T>>)entries).GetEnumerator();

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleDict<Module> ModuleDict(params (string, Module)[] modules)
            {
                var result = new ModuleDict<Module>();
                foreach (var item in modules)
                    result.Add(item);
                return result;
            }

            public static ModuleDict<T> ModuleDict<T>(params (string, T)[] modules) where T : Module
            {
                var result = new ModuleDict<T>();
                foreach (var item in modules)
                    result.Add(item);
                return result;
            }
        }
    }
}
