using System.Collections.Concurrent;
using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            static readonly ConcurrentDictionary<Type, FieldInfo[]> fieldsByType = new();

            public virtual void register_buffer(string name, Tensor tensor)
            {
                if (tensor is null || tensor.IsInvalid)
                    throw new ArgumentNullException(nameof(tensor), "A null tensor cannot be registered as a buffer.");
                if (!buffersByName.TryAdd(name, tensor))
                    throw new InvalidOperationException($"Tensor {name} is already registered.");
            }

            public virtual void register_parameter(string name, Parameter param)
            {
                if (param is null || param.IsInvalid)
                    throw new ArgumentNullException(nameof(param), "A null tensor cannot be registered as a parameter.");
                if (!_internal_params.TryAdd(name, param))
                    throw new InvalidOperationException($"Parameter {name} is already registered.");
            }

            public void add_module(string name, Module module) => register_module(name, module);

            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null || submodule.IsDisposed)
                {
                    if (_internal_submodules.ContainsKey(name))
                        _internal_submodules.Remove(name);
                    return;
                }
                if (name.Contains('.'))
                    throw new ArgumentException($"module name can't contain \".\", got: {name}");
                if (name.Length == 0)
                    throw new ArgumentException("module name can't be empty string \"\"");
                if (_internal_submodules.ContainsKey(name))
                    throw new InvalidOperationException($"Sub-module {name} is already registered.");
                submodule.RegisterComponents();
                _internal_submodules.Add(name, submodule);
            }

            /// <summary>Registers what the module's fields hold: modules, parameters and other tensors (as buffers), by field name.</summary>
            protected virtual void RegisterComponents()
            {
                if (componentsRegistered)
                    return;
                foreach (var field in ComponentFields(GetType()))
                {
                    if (_internal_submodules.ContainsKey(field.Name) || _internal_params.ContainsKey(field.Name) || buffersByName.ContainsKey(field.Name))
                        continue;
                    switch (field.GetValue(this))
                    {
                        case Module module:
                            register_module(field.Name, module);
                            break;
                        case Parameter parameter:
                            register_parameter(field.Name, parameter);
                            break;
                        case Tensor tensor:
                            register_buffer(field.Name, tensor);
                            break;
                    }
                }
                componentsRegistered = true;
            }

            protected void ConditionallyRegisterParameter(string name, Tensor? value)
            {
                if (value is not null)
                    _internal_params[name] = value as Parameter ?? new Parameter(value);
                else if (_internal_params.ContainsKey(name))
                    _internal_params.Remove(name);
            }

            internal void SetBuffer(string name, Tensor? value)
            {
                if (value is not null)
                    buffersByName[name] = value;
                else if (buffersByName.ContainsKey(name))
                    buffersByName.Remove(name);
            }

            protected void ClearModules() => _internal_submodules.clear();

            /// <summary>The fields that can hold a component, of the type itself first, then of its bases, private ones included.</summary>
            static FieldInfo[] ComponentFields(Type type) => fieldsByType.GetOrAdd(type, static start =>
            {
                var found = new List<FieldInfo>();
                var seen = new HashSet<string>();
                for (var type = start; type is not null && type != typeof(Module); type = type.BaseType)
                    foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
                        if (seen.Add(field.Name) && field.DeclaringType != typeof(Module) && CanHoldComponent(field.FieldType))
                            found.Add(field);
                return [.. found];
            });

            static bool CanHoldComponent(Type type) =>
                typeof(Module).IsAssignableFrom(type) || typeof(Tensor).IsAssignableFrom(type) || type == typeof(object) || type.IsInterface;
        }
    }
}
