using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class ConvTranspose1d : Module<Tensor, Tensor>
        {
            readonly TransposedPlan plan;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal ConvTranspose1d(long inChannels, long outChannels, long[] kernel, long[] stride, long[] padding, long[] outputPadding, long[] dilation,
                PaddingModes mode, long groups, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(ConvTranspose1d), true)
            {
                plan = new(stride, padding, outputPadding, dilation, groups, mode);
                weight = plan.NewWeight(inChannels, outChannels, kernel, device, dtype);
                if (hasBias)
                    bias = TransposedPlan.NewBias(weight, outChannels, device, dtype);
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

        public sealed class ConvTranspose2d : Module<Tensor, Tensor>
        {
            readonly TransposedPlan plan;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal ConvTranspose2d(long inChannels, long outChannels, long[] kernel, long[] stride, long[] padding, long[] outputPadding, long[] dilation,
                PaddingModes mode, long groups, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(ConvTranspose2d), true)
            {
                plan = new(stride, padding, outputPadding, dilation, groups, mode);
                weight = plan.NewWeight(inChannels, outChannels, kernel, device, dtype);
                if (hasBias)
                    bias = TransposedPlan.NewBias(weight, outChannels, device, dtype);
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
            public static ConvTranspose1d ConvTranspose1d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long output_padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size], [stride], [padding], [output_padding], [dilation], padding_mode, groups, bias, device, dtype);

            public static ConvTranspose2d ConvTranspose2d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long output_padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size, kernel_size], [stride, stride], [padding, padding], [output_padding, output_padding], [dilation, dilation], padding_mode, groups, bias, device, dtype);
        }
    }
}
