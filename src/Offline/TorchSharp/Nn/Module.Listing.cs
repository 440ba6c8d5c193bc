using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // A tensor that several modules share is listed once, under the first name it is met by.
        public partial class Module
        {
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<nint>();
                foreach (var (name, parameter) in _internal_params)
                    if (!parameter.IsInvalid && seen.Add(parameter.Handle))
                        yield return (name, parameter);
                if (!recurse)
                    yield break;
                foreach (var (prefix, module) in _internal_submodules)
                    foreach (var (name, parameter) in module.named_parameters(true))
                        if (seen.Add(parameter.Handle))
                            yield return ($"{prefix}.{name}", parameter);
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(p => p.parameter);

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true)
            {
                var seen = new HashSet<nint>();
                foreach (var (name, buffer) in buffersByName)
                    if (!buffer.IsInvalid && seen.Add(buffer.Handle))
                        yield return (name, buffer);
                if (!recurse)
                    yield break;
                foreach (var (prefix, module) in _internal_submodules)
                    foreach (var (name, buffer) in module.named_buffers(true))
                        if (seen.Add(buffer.Handle))
                            yield return ($"{prefix}.{name}", buffer);
            }

            public virtual IEnumerable<Tensor> buffers(bool recurse = true) => named_buffers(recurse).Select(b => b.buffer);

            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            public virtual IEnumerable<Module> children() => named_children().Select(c => c.module);

            /// <summary>All modules below this one: first the children, then what is below each of them.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var child in _internal_submodules)
                    yield return child;
                foreach (var (prefix, child) in _internal_submodules)
                    foreach (var (name, module) in child.named_modules())
                        yield return ($"{prefix}.{name}", module);
            }

            public virtual IEnumerable<Module> modules() => named_modules().Select(m => m.module);

            protected virtual (string name, Parameter parameter)[] _named_parameters() => [.. named_parameters(false)];

            protected virtual (string name, Tensor buffer)[] _named_buffers() => [.. named_buffers(false)];

            protected virtual Parameter[] _parameters(bool recurse = true) => [.. parameters(recurse)];

            public virtual bool has_parameter(string target) =>
                _internal_params.ContainsKey(target) || Below(target, out var child, out var rest) && child.has_parameter(rest);

            public virtual bool has_buffer(string target) =>
                buffersByName.ContainsKey(target) || Below(target, out var child, out var rest) && child.has_buffer(rest);

            public virtual Parameter? get_parameter(string target)
            {
                if (_internal_params.TryGetValue(target, out var parameter))
                    return parameter;
                return Below(target, out var child, out var rest) ? child.get_parameter(rest) : null;
            }

            public virtual Tensor? get_buffer(string target)
            {
                ArgumentNullException.ThrowIfNull(target);
                if (buffersByName.TryGetValue(target, out var buffer))
                    return buffer;
                return Below(target, out var child, out var rest) ? child.get_buffer(rest) : null;
            }

            bool Below(string target, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Module? child, out string rest)
            {
                var dot = target.IndexOf('.');
                child = dot < 0 ? null : named_children().FirstOrDefault(c => target.AsSpan(0, dot).SequenceEqual(c.name)).module;
                rest = target[(dot + 1)..];
                return child is not null;
            }
        }
    }
}
