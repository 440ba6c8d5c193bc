using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class Conv2d : Module<Tensor, Tensor>
        {
            readonly ConvolutionPlan plan;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal Conv2d(long inChannels, long outChannels, long[] kernel, long[] stride, long[]? padding, Padding? paddingType, long[] dilation,
                PaddingModes mode, long groups, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(Conv2d), true)
            {
                plan = new(nameof(Conv2d), inChannels, outChannels, kernel, stride, padding, paddingType, dilation, groups, mode);
                weight = plan.NewWeight(device, dtype);
                if (hasBias)
                    bias = plan.NewBias(device, dtype);
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

            public override Tensor forward(Tensor tensor) => plan.Apply(tensor, weightParameter!, biasParameter);

            internal override void Replace(string name, Tensor tensor) =>
                (name == nameof(weight) ? ref weightParameter : ref biasParameter) = (Parameter)tensor;
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size, kernel_size], [stride, stride], [padding, padding], null, [dilation, dilation], padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, functional.Pair(kernel_size)!, functional.Pair(stride ?? (1, 1))!, functional.Pair(padding), null, functional.Pair(dilation ?? (1, 1))!, padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, Padding padding, long stride = 1, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size, kernel_size], [stride, stride], null, padding, [dilation, dilation], padding_mode, groups, bias, device, dtype);

            public static Conv2d Conv2d(long in_channels, long out_channels, (long, long) kernel_size, Padding padding, (long, long)? stride = null, (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, functional.Pair(kernel_size)!, functional.Pair(stride ?? (1, 1))!, null, padding, functional.Pair(dilation ?? (1, 1))!, padding_mode, groups, bias, device, dtype);
        }
    }
}
