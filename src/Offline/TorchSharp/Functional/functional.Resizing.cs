using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op padOp = new("aten::pad");
            static readonly Op pixelShuffleOp = new("aten::pixel_shuffle");
            static readonly Op pixelUnshuffleOp = new("aten::pixel_unshuffle");
            static readonly Op upsampleNearest1dOp = new("aten::upsample_nearest1d", "vec");
            static readonly Op upsampleNearest2dOp = new("aten::upsample_nearest2d", "vec");
            static readonly Op upsampleNearest3dOp = new("aten::upsample_nearest3d", "vec");
            static readonly Op upsampleLinear1dOp = new("aten::upsample_linear1d", "vec");
            static readonly Op upsampleBilinear2dOp = new("aten::upsample_bilinear2d", "vec");
            static readonly Op upsampleBicubic2dOp = new("aten::upsample_bicubic2d", "vec");
            static readonly Op upsampleTrilinear3dOp = new("aten::upsample_trilinear3d", "vec");

            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                mode switch
                {
                    PaddingModes.Constant or PaddingModes.Zeros => padOp.Call(input, pad, "constant", value),
                    PaddingModes.Reflect => padOp.Call(input, pad, "reflect"),
                    PaddingModes.Replicate => padOp.Call(input, pad, "replicate"),
                    PaddingModes.Circular => padOp.Call(input, pad, "circular"),
                    _ => throw new ArgumentOutOfRangeException(nameof(mode)),
                };

            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, pad.ToArray(), mode, value);

            public static Tensor pad(Tensor input, long pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, new[] { pad }, mode, value);

            public static Tensor pad(Tensor input, (long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, new[] { pad.Item1, pad.Item2 }, mode, value);

            public static Tensor pad(Tensor input, (long, long, long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, new[] { pad.Item1, pad.Item2, pad.Item3, pad.Item4 }, mode, value);

            public static Tensor pixel_shuffle(Tensor input, long upscale_factor) => pixelShuffleOp.Call(input, upscale_factor);

            public static Tensor pixel_unshuffle(Tensor input, long downscale_factor) => pixelUnshuffleOp.Call(input, downscale_factor);

            public static Tensor upsample_nearest(Tensor x, long[]? size = null, double[]? scale_factor = null, bool align_corners = false) =>
                interpolate(x, size, scale_factor, InterpolationMode.Nearest);

            public static Tensor upsample_bilinear(Tensor x, long[]? size = null, double[]? scale_factor = null, bool align_corners = false) =>
                interpolate(x, size, scale_factor, InterpolationMode.Bilinear, align_corners);

            public static Tensor interpolate(Tensor x, long[]? size = null, double[]? scale_factor = null, InterpolationMode mode = InterpolationMode.Nearest, bool? align_corners = null, bool recompute_scale_factor = false)
            {
                var spatial = (int)x.Dimensions - 2;
                if (size is null == scale_factor is null)
                    throw new ExternalException(size is null ? "either size or scale_factor should be defined" : "only one of size or scale_factor should be defined");
                RequireOneOrEach(size?.Length ?? scale_factor!.Length, spatial);
                size = Spread(size, spatial);
                scale_factor = Spread(scale_factor, spatial);
                if (scale_factor is not null && (recompute_scale_factor || mode == InterpolationMode.Area))
                {
                    size = [.. scale_factor.Select((factor, k) => (long)Math.Floor(x.size(k + 2) * factor))];
                    scale_factor = null;
                }

                var corners = align_corners ?? false;
                return (mode, spatial) switch
                {
                    (InterpolationMode.Nearest, 1) => upsampleNearest1dOp.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 2) => upsampleNearest2dOp.Call(x, size, scale_factor),
                    (InterpolationMode.Nearest, 3) => upsampleNearest3dOp.Call(x, size, scale_factor),
                    (InterpolationMode.Linear, 1) => upsampleLinear1dOp.Call(x, size, corners, scale_factor),
                    (InterpolationMode.Bilinear, 2) => upsampleBilinear2dOp.Call(x, size, corners, scale_factor),
                    (InterpolationMode.Bicubic, 2) => upsampleBicubic2dOp.Call(x, size, corners, scale_factor),
                    (InterpolationMode.Trilinear, 3) => upsampleTrilinear3dOp.Call(x, size, corners, scale_factor),
                    (InterpolationMode.Area, 1) => adaptiveAvgPool1dOp.Call(x, size),
                    (InterpolationMode.Area, 2) => adaptiveAvgPool2dOp.Call(x, size),
                    _ => throw new ExternalException($"Input of {x.Dimensions} dimensions cannot be interpolated by {mode}"),
                };
            }

            static void RequireOneOrEach(int given, int spatial)
            {
                if (given != 1 && given != spatial)
                    throw new ExternalException($"Expected 1 or {spatial} sizes or scale factors for the spatial dimensions, got {given}");
            }

            static T[]? Spread<T>(T[]? values, int count) => values is [var one] && count > 1 ? [.. Enumerable.Repeat(one, count)] : values;
        }
    }
}
