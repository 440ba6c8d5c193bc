using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class Conv1d : Module<Tensor, Tensor>
        {
            readonly ConvolutionPlan plan;
            Parameter? weightParameter;
            Parameter? biasParameter;

            internal Conv1d(long inChannels, long outChannels, long[] kernel, long[] stride, long[]? padding, Padding? paddingType, long[] dilation,
                PaddingModes mode, long groups, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(Conv1d), true)
            {
                plan = new(nameof(Conv1d), inChannels, outChannels, kernel, stride, padding, paddingType, dilation, groups, mode);
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
            public static Conv1d Conv1d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size], [stride], [padding], null, [dilation], padding_mode, groups, bias, device, dtype);

            public static Conv1d Conv1d(long in_channels, long out_channels, long kernel_size, Padding padding, long stride = 1, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, [kernel_size], [stride], null, padding, [dilation], padding_mode, groups, bias, device, dtype);
        }
    }
}
