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

            /// <summary>Gives a norm its scale, of ones, and its shift, of zeros.</summary>
            internal void SetAffine(ref Parameter? weight, ref Parameter? bias, long[] shape, Device? device, ScalarType? dtype)
            {
                Set(ref weight, nameof(weight), NewParameter(shape, device, dtype));
                Set(ref bias, nameof(bias), NewParameter(shape, device, dtype));
                init.ones_(weight!);
                init.zeros_(bias!);
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
