using System.Collections;
using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public class ParameterList : Module, IList<Parameter>
        {
            readonly List<Parameter> list = [];
            bool registered;

            public ParameterList(params Parameter[] parameters) : base(nameof(ParameterList), true) => append(parameters);

            protected override void RegisterComponents()
            {
                if (registered)
                    return;
                for (var k = 0; k < list.Count; k++)
                    register_parameter(Name(k), list[k]);
                registered = true;
            }

            static string Name(int index) => index.ToString(CultureInfo.InvariantCulture);

            public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                list.Select((parameter, k) => (Name(k), parameter));

            public override bool has_parameter(string target) => Find(target) is not null;

            public override Parameter? get_parameter(string target) => Find(target);

            Parameter? Find(string target) =>
                int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var k) && k < list.Count ? list[k] : null;

            internal override void MoveOwn(Device? device, ScalarType? dtype)
            {
                for (var k = 0; k < list.Count; k++)
                    if (Moved(list[k], device, dtype) is { } moved)
                    {
                        list[k].DetachFromDisposeScope().Dispose();
                        list[k] = moved;
                        if (registered)
                            _internal_params[Name(k)] = moved;
                    }
            }

            public Parameter this[int index]
            {
                get => list[index];
                set => list[index] = value;
            }

            public int Count => list.Count;

            public bool IsReadOnly => false;

            public void Add(Parameter item) => list.Add(item);

            public void append(params Parameter[] parameters)
            {
                if (parameters is not null)
                    list.AddRange(parameters);
            }

            public void extend(IEnumerable<Parameter> parameters) => list.AddRange(parameters);

            public void Clear() => list.Clear();

            public bool Contains(Parameter item) => list.Contains(item);

            public void CopyTo(Parameter[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);

            public int IndexOf(Parameter item) => list.IndexOf(item);

            public void Insert(int index, Parameter item) => list.Insert(index, item);

            public bool Remove(Parameter item) => list.Remove(item);

            public void RemoveAt(int index) => list.RemoveAt(index);

            public IEnumerator<Parameter> GetEnumerator() => list.GetEnumerator();

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ParameterList ParameterList(params Parameter[] parameters) => new(parameters);
        }
    }
}
