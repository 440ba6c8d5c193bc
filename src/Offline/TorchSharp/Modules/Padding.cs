using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class ZeroPad2d : Module<Tensor, Tensor>
        {
            readonly long[] padding;

            internal ZeroPad2d(long[] padding) : base(nameof(ZeroPad2d), true)
            {
                this.padding = padding;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Constant);
        }

        public sealed class ConstantPad1d : Module<Tensor, Tensor>
        {
            readonly long[] padding;
            readonly double value;

            internal ConstantPad1d(long[] padding, double value) : base(nameof(ConstantPad1d), true)
            {
                this.padding = padding;
                this.value = value;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Constant, value);
        }

        public sealed class ConstantPad2d : Module<Tensor, Tensor>
        {
            readonly long[] padding;
            readonly double value;

            internal ConstantPad2d(long[] padding, double value) : base(nameof(ConstantPad2d), true)
            {
                this.padding = padding;
                this.value = value;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Constant, value);
        }

        public sealed class ReflectionPad1d : Module<Tensor, Tensor>
        {
            readonly long[] padding;

            internal ReflectionPad1d(long[] padding) : base(nameof(ReflectionPad1d), true)
            {
                this.padding = padding;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Reflect);
        }

        public sealed class ReflectionPad2d : Module<Tensor, Tensor>
        {
            readonly long[] padding;

            internal ReflectionPad2d(long[] padding) : base(nameof(ReflectionPad2d), true)
            {
                this.padding = padding;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Reflect);
        }

        public sealed class ReplicationPad1d : Module<Tensor, Tensor>
        {
            readonly long[] padding;

            internal ReplicationPad1d(long[] padding) : base(nameof(ReplicationPad1d), true)
            {
                this.padding = padding;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Replicate);
        }

        public sealed class ReplicationPad2d : Module<Tensor, Tensor>
        {
            readonly long[] padding;

            internal ReplicationPad2d(long[] padding) : base(nameof(ReplicationPad2d), true)
            {
                this.padding = padding;
            }

            public override Tensor forward(Tensor tensor) => functional.pad(tensor, padding, PaddingModes.Replicate);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ZeroPad2d ZeroPad2d(long padding) => new([padding, padding, padding, padding]);

            public static ZeroPad2d ZeroPad2d((long, long, long, long) padding) =>
                new([padding.Item1, padding.Item2, padding.Item3, padding.Item4]);

            public static ConstantPad1d ConstantPad1d(long padding, double value) => new([padding, padding], value);

            public static ConstantPad1d ConstantPad1d((long, long) padding, double value) =>
                new([padding.Item1, padding.Item2], value);

            public static ConstantPad2d ConstantPad2d(long padding, double value) => new([padding, padding, padding, padding], value);

            public static ConstantPad2d ConstantPad2d((long, long, long, long) padding, double value) =>
                new([padding.Item1, padding.Item2, padding.Item3, padding.Item4], value);

            public static ReflectionPad1d ReflectionPad1d(long padding) => new([padding, padding]);

            public static ReflectionPad1d ReflectionPad1d((long, long) padding) =>
                new([padding.Item1, padding.Item2]);

            public static ReflectionPad2d ReflectionPad2d(long padding) => new([padding, padding, padding, padding]);

            public static ReflectionPad2d ReflectionPad2d((long, long, long, long) padding) =>
                new([padding.Item1, padding.Item2, padding.Item3, padding.Item4]);

            public static ReplicationPad1d ReplicationPad1d(long padding) => new([padding, padding]);

            public static ReplicationPad1d ReplicationPad1d((long, long) padding) =>
                new([padding.Item1, padding.Item2]);

            public static ReplicationPad2d ReplicationPad2d(long padding) => new([padding, padding, padding, padding]);

            public static ReplicationPad2d ReplicationPad2d((long, long, long, long) padding) =>
                new([padding.Item1, padding.Item2, padding.Item3, padding.Item4]);
        }
    }
}
