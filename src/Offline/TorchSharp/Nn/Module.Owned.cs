using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // What the library's own modules share: a component stands in a field of its own, beside its registration.
        public partial class Module
        {
            internal void Set(ref Parameter? field, string name, Parameter? value)
            {
                if (ReferenceEquals(field, value))
                    return;
                field?.Dispose();
                field = value;
                value?.DetachFromDisposeScope();
                ConditionallyRegisterParameter(name, value);
            }

            internal void Set(ref Tensor? field, string name, Tensor? value)
            {
                if (ReferenceEquals(field, value))
                    return;
                field?.Dispose();
                field = value?.DetachFromDisposeScope();
                SetBuffer(name, field);
            }

            internal static T Required<T>(T? value, string name) where T : class => value ?? throw new ArgumentNullException(name);

            /// <summary>A fresh parameter that no dispose scope owns.</summary>
            internal static Parameter NewParameter(long[] shape, Device? device, ScalarType? dtype)
            {
                var parameter = new Parameter(empty(shape, dtype, device));
                parameter.DetachFromDisposeScope();
                return parameter;
            }
        }
    }
}
