using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op conv1dOp = new("aten::conv1d");
            static readonly Op conv2dOp = new("aten::conv2d");
            static readonly Op conv1dPaddingOp = new("aten::conv1d", "padding");
            static readonly Op conv2dPaddingOp = new("aten::conv2d", "padding");
            static readonly Op convTranspose1dOp = new("aten::conv_transpose1d");
            static readonly Op convTranspose2dOp = new("aten::conv_transpose2d", "input");
            static readonly long[] once = [1];
            static readonly long[] never = [0];
            static readonly long[] onceEach = [1, 1];
            static readonly long[] neverEach = [0, 0];

            public static Tensor conv1d(Tensor input, Tensor weight, Tensor? bias = null, long? stride = null, long? padding = null, long? dilation = null, long groups = 1) =>
                conv1dOp.Call(input, weight, bias, One(stride, once), One(padding, never), One(dilation, once), groups);

            public static Tensor conv2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null, long groups = 1) =>
                conv2dOp.Call(input, weight, bias, strides ?? onceEach, padding ?? neverEach, dilation ?? onceEach, groups);

            public static Tensor conv_transpose1d(Tensor input, Tensor weight, Tensor? bias = null, long? stride = null, long? padding = null, long? output_padding = null, long? dilation = null, long groups = 1) =>
                convTranspose1dOp.Call(input, weight, bias, One(stride, once), One(padding, never), One(output_padding, never), groups, One(dilation, once));

            public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                convTranspose2dOp.Call(input, weight, bias, strides ?? onceEach, padding ?? neverEach, output_padding ?? neverEach, groups, dilation ?? onceEach);

            internal static Tensor PaddedConvolution(Tensor input, Tensor weight, Tensor? bias, long[] strides, Padding padding, long[] dilation, long groups) =>
                (strides.Length == 1 ? conv1dPaddingOp : conv2dPaddingOp).Call(input, weight, bias, strides, padding == Padding.Same ? "same" : "valid", dilation, groups);

            static long[] One(long? value, long[] fallback) => value is { } v ? [v] : fallback;
        }
    }
}
