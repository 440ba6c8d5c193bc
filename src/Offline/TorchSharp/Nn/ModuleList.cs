using System.Collections;
using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>A list whose modules are registered, by their index, when the list itself becomes part of a module.</summary>
        public class ModuleList<T> : Module, IList<T> where T : Module
        {
            readonly List<T> list = [];
            bool registered;

            public ModuleList(params T[] modules) : base("ModuleList", true) => append(modules);

            protected override void RegisterComponents()
            {
                if (registered)
                    return;
                for (var k = 0; k < list.Count; k++)
                    register_module(k.ToString(CultureInfo.InvariantCulture), list[k]);
                registered = true;
            }

            public T this[int index]
            {
                get => list[index];
                set => list[index] = value;
            }

            public int Count => list.Count;

            public bool IsReadOnly => false;

            public void Add(T item) => list.Add(item);

            public void append(params T[] parameters)
            {
                if (parameters is not null)
                    list.AddRange(parameters);
            }

            public void extend(IEnumerable<T> modules) => list.AddRange(modules);

            public void Clear() => list.Clear();

            public bool Contains(T item) => list.Contains(item);

            public void CopyTo(T[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);

            public int IndexOf(T item) => list.IndexOf(item);

            public void Insert(int index, T item) => list.Insert(index, item);

            public bool Remove(T item) => list.Remove(item);

            public void RemoveAt(int index) => list.RemoveAt(index);

            public IEnumerator<T> GetEnumerator() => list.GetEnumerator();

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleList<Module> ModuleList(params Module[] modules) => new(modules);

            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);
        }
    }
}
