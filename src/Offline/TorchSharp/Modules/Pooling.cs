using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class MaxPool1d : Module<Tensor, Tensor>
        {
            readonly long kernel_size;
            readonly long? stride;
            readonly long? padding;
            readonly long? dilation;
            readonly bool ceil_mode;

            internal MaxPool1d(long kernel_size, long? stride, long? padding, long? dilation, bool ceil_mode) : base(nameof(MaxPool1d), true)
            {
                this.kernel_size = kernel_size;
                this.stride = stride;
                this.padding = padding;
                this.dilation = dilation;
                this.ceil_mode = ceil_mode;
            }

            public (Tensor Values, Tensor Indices) forward_with_indices(Tensor tensor) =>
                functional.max_pool1d_with_indices(tensor, kernel_size, stride, padding, dilation, ceil_mode);

            public override Tensor forward(Tensor tensor) => functional.max_pool1d(tensor, kernel_size, stride, padding, dilation, ceil_mode);
        }

        public sealed class MaxPool2d : Module<Tensor, Tensor>
        {
            readonly long[] kernel_size;
            readonly long[]? stride;
            readonly long[]? padding;
            readonly long[]? dilation;
            readonly bool ceil_mode;

            internal MaxPool2d(long[] kernel_size, long[]? stride, long[]? padding, long[]? dilation, bool ceil_mode) : base(nameof(MaxPool2d), true)
            {
                this.kernel_size = kernel_size;
                this.stride = stride;
                this.padding = padding;
                this.dilation = dilation;
                this.ceil_mode = ceil_mode;
            }

            public (Tensor Values, Tensor Indices) forward_with_indices(Tensor tensor) =>
                functional.max_pool2d_with_indices(tensor, kernel_size, stride, padding, dilation, ceil_mode);

            public override Tensor forward(Tensor tensor) => functional.max_pool2d(tensor, kernel_size, stride, padding, dilation, ceil_mode);
        }

        public sealed class AvgPool1d : Module<Tensor, Tensor>
        {
            readonly long kernel_size;
            readonly long? stride;
            readonly long padding;
            readonly bool ceil_mode;
            readonly bool count_include_pad;

            internal AvgPool1d(long kernel_size, long? stride, long padding, bool ceil_mode, bool count_include_pad) : base(nameof(AvgPool1d), true)
            {
                this.kernel_size = kernel_size;
                this.stride = stride;
                this.padding = padding;
                this.ceil_mode = ceil_mode;
                this.count_include_pad = count_include_pad;
            }

            public override Tensor forward(Tensor tensor) => functional.avg_pool1d(tensor, kernel_size, stride, padding, ceil_mode, count_include_pad);
        }

        public sealed class AvgPool2d : Module<Tensor, Tensor>
        {
            readonly long[] kernel_size;
            readonly long[]? stride;
            readonly long[]? padding;
            readonly bool ceil_mode;
            readonly bool count_include_pad;
            readonly long? divisor_override;

            internal AvgPool2d(long[] kernel_size, long[]? stride, long[]? padding, bool ceil_mode, bool count_include_pad, long? divisor_override) : base(nameof(AvgPool2d), true)
            {
                this.kernel_size = kernel_size;
                this.stride = stride;
                this.padding = padding;
                this.ceil_mode = ceil_mode;
                this.count_include_pad = count_include_pad;
                this.divisor_override = divisor_override;
            }

            public override Tensor forward(Tensor tensor) => functional.avg_pool2d(tensor, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override);
        }

        public sealed class AdaptiveAvgPool1d : Module<Tensor, Tensor>
        {
            readonly long output_size;

            internal AdaptiveAvgPool1d(long output_size) : base(nameof(AdaptiveAvgPool1d), true)
            {
                this.output_size = output_size;
            }

            public override Tensor forward(Tensor tensor) => functional.adaptive_avg_pool1d(tensor, output_size);
        }

        public sealed class AdaptiveAvgPool2d : Module<Tensor, Tensor>
        {
            readonly long[] output_size;

            internal AdaptiveAvgPool2d(long[] output_size) : base(nameof(AdaptiveAvgPool2d), true)
            {
                this.output_size = output_size;
            }

            public override Tensor forward(Tensor tensor) => functional.adaptive_avg_pool2d(tensor, output_size);
        }

        public sealed class AdaptiveMaxPool1d : Module<Tensor, Tensor>
        {
            readonly long output_size;

            internal AdaptiveMaxPool1d(long output_size) : base(nameof(AdaptiveMaxPool1d), true)
            {
                this.output_size = output_size;
            }

            public override Tensor forward(Tensor tensor) => functional.adaptive_max_pool1d(tensor, output_size);
        }

        public sealed class AdaptiveMaxPool2d : Module<Tensor, Tensor>
        {
            readonly long[] output_size;

            internal AdaptiveMaxPool2d(long[] output_size) : base(nameof(AdaptiveMaxPool2d), true)
            {
                this.output_size = output_size;
            }

            public override Tensor forward(Tensor tensor) => functional.adaptive_max_pool2d(tensor, output_size);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static MaxPool1d MaxPool1d(long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                new(kernel_size, stride, padding, dilation, ceil_mode);

            public static MaxPool2d MaxPool2d(long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                new([kernel_size, kernel_size], functional.Twice(stride), functional.Twice(padding), functional.Twice(dilation), ceil_mode);

            public static MaxPool2d MaxPool2d((long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, bool ceil_mode = false) =>
                new(functional.Pair(kernel_size)!, functional.Pair(stride), functional.Pair(padding), functional.Pair(dilation), ceil_mode);

            public static MaxPool2d MaxPool2d(long[] kernel_size, long[]? stride = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                new(kernel_size, stride, padding, dilation, ceil_mode);

            public static AvgPool1d AvgPool1d(long kernel_size, long? stride = null, long padding = 0, bool ceil_mode = false, bool count_include_pad = true) =>
                new(kernel_size, stride, padding, ceil_mode, count_include_pad);

            public static AvgPool2d AvgPool2d(long[] kernel_size, long[]? stride = null, long[]? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                new(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override);

            public static AvgPool2d AvgPool2d((long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                new(functional.Pair(kernel_size)!, functional.Pair(stride), functional.Pair(padding), ceil_mode, count_include_pad, divisor_override);

            public static AvgPool2d AvgPool2d(long kernel_size, long? stride = null, long? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                new([kernel_size, kernel_size], functional.Twice(stride), functional.Twice(padding), ceil_mode, count_include_pad, divisor_override);

            public static AdaptiveAvgPool1d AdaptiveAvgPool1d(long output_size) => new(output_size);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d(long[] output_size) => new(output_size);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d((long, long) output_size) => new([output_size.Item1, output_size.Item2]);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d(long output_size) => new([output_size, output_size]);

            public static AdaptiveMaxPool1d AdaptiveMaxPool1d(long output_size) => new(output_size);

            public static AdaptiveMaxPool2d AdaptiveMaxPool2d(long[] output_size) => new(output_size);
        }
    }
}
