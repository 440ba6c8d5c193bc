using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class ReLU : Module<Tensor, Tensor>
        {
            readonly bool inplace;

            internal ReLU(bool inplace) : base(nameof(ReLU), true)
            {
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.relu(tensor, inplace);
        }

        public sealed class ReLU6 : Module<Tensor, Tensor>
        {
            readonly bool inplace;

            internal ReLU6(bool inplace) : base(nameof(ReLU6), true)
            {
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.relu6(tensor, inplace);
        }

        public sealed class LeakyReLU : Module<Tensor, Tensor>
        {
            readonly double negative_slope;
            readonly bool inplace;

            internal LeakyReLU(double negative_slope, bool inplace) : base(nameof(LeakyReLU), true)
            {
                this.negative_slope = negative_slope;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.leaky_relu(tensor, negative_slope, inplace);
        }

        public sealed class ELU : Module<Tensor, Tensor>
        {
            readonly double alpha;
            readonly bool inplace;

            internal ELU(double alpha, bool inplace) : base(nameof(ELU), true)
            {
                this.alpha = alpha;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.elu(tensor, alpha, inplace);
        }

        public sealed class CELU : Module<Tensor, Tensor>
        {
            readonly double alpha;
            readonly bool inplace;

            internal CELU(double alpha, bool inplace) : base(nameof(CELU), true)
            {
                this.alpha = alpha;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.celu(tensor, alpha, inplace);
        }

        public sealed class SELU : Module<Tensor, Tensor>
        {
            readonly bool inplace;

            internal SELU(bool inplace) : base(nameof(SELU), true)
            {
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.selu(tensor, inplace);
        }

        public sealed class Hardtanh : Module<Tensor, Tensor>
        {
            readonly double min_val;
            readonly double max_val;
            readonly bool inplace;

            internal Hardtanh(double min_val, double max_val, bool inplace) : base(nameof(Hardtanh), true)
            {
                this.min_val = min_val;
                this.max_val = max_val;
                this.inplace = inplace;
            }

            public override string GetName() => nameof(Hardtanh);

            public override Tensor forward(Tensor tensor) => functional.Hardtanh(tensor, min_val, max_val, inplace);
        }

        public sealed class Hardsigmoid : Module<Tensor, Tensor>
        {
            readonly bool inplace;

            internal Hardsigmoid(bool inplace) : base(nameof(Hardsigmoid), true)
            {
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.hardsigmoid(tensor, inplace);
        }

        public sealed class Hardswish : Module<Tensor, Tensor>
        {
            readonly bool inplace;

            internal Hardswish(bool inplace) : base(nameof(Hardswish), true)
            {
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.hardswish(tensor, inplace);
        }

        public sealed class Threshold : Module<Tensor, Tensor>
        {
            readonly double threshold;
            readonly double value;
            readonly bool inplace;

            internal Threshold(double threshold, double value, bool inplace) : base(nameof(Threshold), true)
            {
                this.threshold = threshold;
                this.value = value;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.Threshold(tensor, threshold, value, inplace);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static ReLU ReLU(bool inplace = false) => new(inplace);

            public static ReLU6 ReLU6(bool inplace = false) => new(inplace);

            public static LeakyReLU LeakyReLU(double negative_slope = 0.01, bool inplace = false) => new(negative_slope, inplace);

            public static ELU ELU(double alpha = 1.0, bool inplace = false) => new(alpha, inplace);

            public static CELU CELU(double alpha = 1.0, bool inplace = false) => new(alpha, inplace);

            public static SELU SELU(bool inplace = false) => new(inplace);

            public static Hardtanh Hardtanh(double min_val = -1.0, double max_val = 1.0, bool inplace = false) => new(min_val, max_val, inplace);

            public static Hardsigmoid Hardsigmoid(bool inplace = false) => new(inplace);

            public static Hardswish Hardswish(bool inplace = false) => new(inplace);

            public static Threshold Threshold(double threshold, double value, bool inplace = false) => new(threshold, value, inplace);
        }
    }
}
