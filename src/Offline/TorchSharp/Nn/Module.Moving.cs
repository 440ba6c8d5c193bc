using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Moves the module to a device and casts its floating-point tensors; null leaves that side as it is.</summary>
            internal Module Move(Device? device, ScalarType? dtype)
            {
                if (dtype is { } type && !IsFloatingOrComplex(type))
                    throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={type}");
                if (device is not null && device.type == DeviceType.CUDA && !cuda.is_available())
                    throw new InvalidOperationException("CUDA is not available.");
                foreach (var (_, module) in named_children())
                    module.Move(device, dtype);
                MoveOwn(device, dtype);
                if (device is not null)
                    (deviceType, deviceIndex) = (device.type, device.index);
                return this;
            }

            /// <summary>Replaces the module's own tensors by their moved copies, wherever the module keeps them.</summary>
            internal virtual void MoveOwn(Device? device, ScalarType? dtype)
            {
                foreach (var (name, parameter) in _internal_params.ToArray<(string, Parameter)>())
                    if (Moved(parameter, device, dtype) is { } moved)
                    {
                        _internal_params[name] = moved;
                        Replace(name, moved);
                        parameter.DetachFromDisposeScope().Dispose();
                    }
                foreach (var (name, buffer) in buffersByName.ToArray<(string, Tensor)>())
                    if (WouldMove(buffer, device, dtype))
                    {
                        var moved = buffer.to(TargetType(buffer, dtype), device ?? buffer.device).DetachFromDisposeScope();
                        buffersByName[name] = moved;
                        Replace(name, moved);
                        buffer.DetachFromDisposeScope().Dispose();
                    }
            }

            /// <summary>Tells the module that a component's tensor is another one now. A module of the user's has it in a field or property.</summary>
            internal virtual void Replace(string name, Tensor tensor)
            {
                if (GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance) is { CanWrite: true } property)
                    property.SetValue(this, tensor);
                else if (ComponentFields(GetType()).FirstOrDefault(field => field.Name == name) is { } field)
                    field.SetValue(this, tensor);
            }

            internal static Parameter? Moved(Parameter parameter, Device? device, ScalarType? dtype)
            {
                using var gradient = parameter.grad;
                if (!WouldMove(parameter, device, dtype) && (gradient is null || !WouldMove(gradient, device, dtype)))
                    return null;
                using var _ = no_grad();
                using var source = parameter.detach();
                var moved = new Parameter(Copy(source, device, dtype), parameter.requires_grad);
                moved.DetachFromDisposeScope();
                if (gradient is not null)
                {
                    using var movedGradient = Copy(gradient, device, dtype);
                    moved.grad = movedGradient;
                }
                return moved;
            }

            static Tensor Copy(Tensor tensor, Device? device, ScalarType? dtype) => tensor.to(TargetType(tensor, dtype), device ?? tensor.device);

            static ScalarType TargetType(Tensor tensor, ScalarType? dtype) =>
                dtype is { } type && IsFloatingOrComplex(tensor.dtype) ? type : tensor.dtype;

            static bool WouldMove(Tensor tensor, Device? device, ScalarType? dtype) =>
                TargetType(tensor, dtype) != tensor.dtype || device is not null && (device.type != tensor.device_type || device.index != tensor.device_index);

            static bool IsFloatingOrComplex(ScalarType type) => type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64
                or ScalarType.BFloat16 or ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;
        }
    }
}
