using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class Identity : Module<Tensor, Tensor>
        {
            internal Identity() : base(nameof(Identity), true) { }

            public override Tensor forward(Tensor tensor) => tensor.alias();
        }

        public sealed class Flatten : Module<Tensor, Tensor>
        {
            readonly long start_dim;
            readonly long end_dim;

            internal Flatten(long start_dim, long end_dim) : base(nameof(Flatten), true)
            {
                this.start_dim = start_dim;
                this.end_dim = end_dim;
            }

            public override Tensor forward(Tensor tensor) => tensor.flatten(start_dim, end_dim);
        }

        public sealed class Unflatten : Module<Tensor, Tensor>
        {
            readonly long dim;
            readonly long[] unflattened_size;

            internal Unflatten(long dim, long[] unflattened_size) : base(nameof(Unflatten), true)
            {
                this.dim = dim;
                this.unflattened_size = unflattened_size;
            }

            public override Tensor forward(Tensor tensor) => tensor.unflatten(dim, unflattened_size);
        }

        public sealed class PixelShuffle : Module<Tensor, Tensor>
        {
            readonly long upscale_factor;

            internal PixelShuffle(long upscale_factor) : base(nameof(PixelShuffle), true)
            {
                this.upscale_factor = upscale_factor;
            }

            public override Tensor forward(Tensor tensor) => functional.pixel_shuffle(tensor, upscale_factor);
        }

        public sealed class PixelUnshuffle : Module<Tensor, Tensor>
        {
            readonly long downscale_factor;

            internal PixelUnshuffle(long downscale_factor) : base(nameof(PixelUnshuffle), true)
            {
                this.downscale_factor = downscale_factor;
            }

            public override Tensor forward(Tensor tensor) => functional.pixel_unshuffle(tensor, downscale_factor);
        }

        public sealed class Upsample : Module<Tensor, Tensor>
        {
            readonly long[]? size;
            readonly double[]? scale_factor;
            readonly UpsampleMode mode;
            readonly bool? align_corners;
            readonly bool recompute_scale_factor;

            internal Upsample(long[]? size, double[]? scale_factor, UpsampleMode mode, bool? align_corners, bool recompute_scale_factor) : base(nameof(Upsample), true)
            {
                this.size = size;
                this.scale_factor = scale_factor;
                this.mode = mode;
                this.align_corners = align_corners;
                this.recompute_scale_factor = recompute_scale_factor;
            }

            public override Tensor forward(Tensor tensor) => functional.interpolate(tensor, size, scale_factor, (InterpolationMode)mode, align_corners, recompute_scale_factor);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Identity Identity() => new();

            public static Flatten Flatten(long start_dim = 1, long end_dim = -1) => new(start_dim, end_dim);

            public static Unflatten Unflatten(long dim, long[] unflattened_size) => new(dim, unflattened_size);

            public static PixelShuffle PixelShuffle(long upscale_factor) => new(upscale_factor);

            public static PixelUnshuffle PixelUnshuffle(long downscale_factor) => new(downscale_factor);

            public static Upsample Upsample(long[]? size = null, double[]? scale_factor = null, UpsampleMode mode = UpsampleMode.Nearest, bool? align_corners = null, bool? recompute_scale_factor = null) =>
                new(size, scale_factor, mode, align_corners, recompute_scale_factor ?? false);
        }
    }
}
