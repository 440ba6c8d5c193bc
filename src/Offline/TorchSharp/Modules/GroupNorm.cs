using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class GroupNorm : Module<Tensor, Tensor>
        {
            readonly long groups;
            readonly double eps;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal GroupNorm(long groups, long[] shape, double eps, bool affine, Device? device, ScalarType? dtype) : base(nameof(GroupNorm), true)
            {
                (this.groups, this.eps) = (groups, eps);
                if (affine)
                    SetAffine(ref weightParameter, ref biasParameter, shape, device, dtype);
            }

            [DisallowNull]
            public Parameter? weight
            {
                get => weightParameter;
                set => Set(ref weightParameter, nameof(weight), Required(value, nameof(weight)));
            }

            public Parameter? bias
            {
                get => biasParameter;
                set => Set(ref biasParameter, nameof(bias), value);
            }

            public override Tensor forward(Tensor tensor)
            {
                if (tensor.Dimensions < 3)
                    throw new ArgumentException($"Invalid number of dimensions for GroupNorm argument: {tensor.Dimensions}");
                return functional.group_norm(tensor, groups, weightParameter, biasParameter, eps);
            }

            internal override void Replace(string name, Tensor tensor) =>
                (name == nameof(weight) ? ref weightParameter : ref biasParameter) = (Parameter)tensor;
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static GroupNorm GroupNorm(long num_groups, long num_channels, double eps = 1e-05, bool affine = true, Device? device = null, ScalarType? dtype = null) =>
                new(num_groups, [num_channels], eps, affine, device, dtype);
        }
    }
}
