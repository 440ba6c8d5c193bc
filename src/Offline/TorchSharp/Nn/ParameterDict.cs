using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public class ParameterDict : Module, IDictionary<string, Parameter>, IList<(string, Parameter)>
        {
            readonly OrderedDict<string, Parameter> entries = [];
            bool registered;

            public ParameterDict() : base("ParameterDict", true) { }

            protected override void RegisterComponents()
            {
                if (registered)
                    return;
                foreach (var (name, value) in entries)
                    register_parameter(name, value);
                registered = true;
            }

            public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse) => entries;

            public override bool has_parameter(string target) => entries.ContainsKey(target);

            public override Parameter? get_parameter(string target) => entries.TryGetValue(target, out var parameter) ? parameter : null;

            internal override void MoveOwn(Device? device, ScalarType? dtype)
            {
                foreach (var (name, parameter) in entries.ToArray<(string, Parameter)>())
                    if (Moved(parameter, device, dtype) is { } moved)
                    {
                        parameter.DetachFromDisposeScope().Dispose();
                        entries[name] = moved;
                        if (registered)
                            _internal_params[name] = moved;
                    }
            }

            public (string, Parameter) this[int index]
            {
                get => entries[index];
                set => entries[index] = value;
            }

            public Parameter this[string key]
            {
                get => entries[key];
                set => entries.Replace(key, value); // an entry can be replaced this way, not made
            }

            public int Count => entries.Count;

            public bool IsReadOnly => false;

            public ICollection<string> Keys => entries.Keys;

            public ICollection<Parameter> Values => entries.Values;

            public IEnumerator<(string, Parameter)> items() => GetEnumerator();

            public IEnumerable<string> keys() => entries.Keys;

            public IEnumerable<Parameter> values() => entries.Values;

            public void Add((string, Parameter) item) => entries.Add(item.Item1, item.Item2);

            public void Add(string key, Parameter value) => entries.Add(key, value);

            public void Add(KeyValuePair<string, Parameter> item) => entries.Add(item.Key, item.Value);

            public void Insert(int index, (string, Parameter) item) => entries.Insert(index, item);

            public bool Remove((string, Parameter) item) => entries.Remove(item);

            public bool Remove(KeyValuePair<string, Parameter> item) => entries.Remove(item.Key);

            public bool Remove(string key) => entries.Remove(key);

            public void RemoveAt(int index) => entries.RemoveAt(index);

            public void Clear() => entries.Clear();

            public void clear() => entries.Clear();

            public bool Contains((string, Parameter) item) => entries.Contains(item);

            public bool Contains(KeyValuePair<string, Parameter> item) => entries.ContainsKey(item.Key);

            public bool ContainsKey(string key) => entries.ContainsKey(key);

            public bool TryGetValue(string key, [MaybeNullWhen(false)] out Parameter value) => entries.TryGetValue(key, out value);

            public int IndexOf((string, Parameter) item) => entries.IndexOf(item);

            public void CopyTo((string, Parameter)[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

            public void CopyTo(KeyValuePair<string, Parameter>[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

            public IEnumerator<(string, Parameter)> GetEnumerator() => entries.GetEnumerator();

            IEnumerator<KeyValuePair<string, Parameter>> IEnumerable<KeyValuePair<string, Parameter>>.GetEnumerator() =>
                ((IEnumerable<KeyValuePair<string, Parameter>>)entries).GetEnumerator();

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ParameterDict ParameterDict(params (string, Parameter)[] parameters)
            {
                var result = new ParameterDict();
                foreach (var item in parameters)
                    result.Add(item);
                return result;
            }
        }
    }
}
