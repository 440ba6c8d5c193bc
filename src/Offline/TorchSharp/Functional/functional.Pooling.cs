using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op maxPool1dOp = new("aten::max_pool1d");
            static readonly Op maxPool2dOp = new("aten::max_pool2d");
            static readonly Op maxPool1dWithIndicesOp = new("aten::max_pool1d_with_indices");
            static readonly Op maxPool2dWithIndicesOp = new("aten::max_pool2d_with_indices");
            static readonly Op avgPool1dOp = new("aten::avg_pool1d");
            static readonly Op avgPool2dOp = new("aten::avg_pool2d");
            static readonly Op adaptiveAvgPool1dOp = new("aten::adaptive_avg_pool1d");
            static readonly Op adaptiveAvgPool2dOp = new("aten::adaptive_avg_pool2d");
            static readonly Op adaptiveMaxPool1dOp = new("aten::adaptive_max_pool1d");
            static readonly Op adaptiveMaxPool2dOp = new("aten::adaptive_max_pool2d");
            static readonly long[] asTheKernel = [];

            public static Tensor max_pool1d(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                maxPool1dOp.Call(input, new[] { kernel_size }, One(stride, asTheKernel), One(padding, never), One(dilation, once), ceil_mode);

            public static (Tensor output, Tensor indices) max_pool1d_with_indices(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                maxPool1dWithIndicesOp.Call2(input, new[] { kernel_size }, One(stride, asTheKernel), One(padding, never), One(dilation, once), ceil_mode);

            public static Tensor max_pool2d(Tensor input, long[] kernel_size, long[]? strides = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                maxPool2dOp.Call(input, kernel_size, strides ?? asTheKernel, padding ?? neverEach, dilation ?? onceEach, ceil_mode);

            public static Tensor max_pool2d(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                max_pool2d(input, [kernel_size, kernel_size], Twice(stride), Twice(padding), Twice(dilation), ceil_mode);

            public static Tensor max_pool2d(Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, bool ceil_mode = false) =>
                max_pool2d(input, Pair(kernel_size)!, Pair(stride), Pair(padding), Pair(dilation), ceil_mode);

            public static (Tensor output, Tensor indices) max_pool2d_with_indices(Tensor input, long[] kernel_size, long[]? strides = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                maxPool2dWithIndicesOp.Call2(input, kernel_size, strides ?? asTheKernel, padding ?? neverEach, dilation ?? onceEach, ceil_mode);

            public static Tensor avg_pool1d(Tensor input, long kernel_size, long? stride = null, long? padding = null, bool ceil_mode = false, bool count_include_pad = true) =>
                avgPool1dOp.Call(input, new[] { kernel_size }, One(stride, asTheKernel), One(padding, never), ceil_mode, count_include_pad);

            public static Tensor avg_pool2d(Tensor input, long[] kernel_size, long[]? stride = null, long[]? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                avgPool2dOp.Call(input, kernel_size, stride ?? asTheKernel, padding ?? neverEach, ceil_mode, count_include_pad, divisor_override);

            public static Tensor avg_pool2d(Tensor input, long kernel_size, long? stride = null, long padding = 0, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                avg_pool2d(input, [kernel_size, kernel_size], Twice(stride), [padding, padding], ceil_mode, count_include_pad, divisor_override);

            public static Tensor avg_pool2d(Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null) =>
                avg_pool2d(input, Pair(kernel_size)!, Pair(stride), Pair(padding), ceil_mode, count_include_pad, divisor_override);

            public static Tensor adaptive_avg_pool1d(Tensor input, long output_size) => adaptiveAvgPool1dOp.Call(input, new[] { output_size });

            public static Tensor adaptive_avg_pool2d(Tensor input, long[] output_size) => adaptiveAvgPool2dOp.Call(input, output_size);

            public static Tensor adaptive_avg_pool2d(Tensor input, (long, long) output_size) => adaptive_avg_pool2d(input, Pair(output_size)!);

            public static Tensor adaptive_avg_pool2d(Tensor input, long output_size) => adaptive_avg_pool2d(input, [output_size, output_size]);

            public static Tensor adaptive_max_pool1d(Tensor input, long output_size)
            {
                var (output, indices) = adaptiveMaxPool1dOp.Call2(input, new[] { output_size });
                indices.Dispose();
                return output;
            }

            public static Tensor adaptive_max_pool2d(Tensor input, long[] output_size)
            {
                var (output, indices) = adaptiveMaxPool2dOp.Call2(input, output_size);
                indices.Dispose();
                return output;
            }

            internal static long[]? Pair((long, long)? values) => values is { } v ? [v.Item1, v.Item2] : null;

            internal static long[]? Twice(long? value) => value is { } v ? [v, v] : null;
        }
    }
}
