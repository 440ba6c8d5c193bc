using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class LayerNorm : Module<Tensor, Tensor>
        {
            readonly long[] shape;
            readonly double eps;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal LayerNorm(long[] shape, double eps, bool affine, Device? device, ScalarType? dtype) : base(nameof(LayerNorm), true)
            {
                (this.shape, this.eps) = (shape, eps);
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

            public override Tensor forward(Tensor tensor) => functional.layer_norm(tensor, shape, weightParameter, biasParameter, eps);

            internal override void Replace(string name, Tensor tensor) =>
                (name == nameof(weight) ? ref weightParameter : ref biasParameter) = (Parameter)tensor;
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, Device? device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, device, dtype);

            public static LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, Device? device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, device, dtype);
        }
    }
}
