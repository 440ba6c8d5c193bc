using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class GELU : Module<Tensor, Tensor>
        {
            internal GELU() : base(nameof(GELU), true) { }

            public override Tensor forward(Tensor tensor) => functional.gelu(tensor);
        }

        public sealed class SiLU : Module<Tensor, Tensor>
        {
            internal SiLU() : base(nameof(SiLU), true) { }

            public override string GetName() => nameof(SiLU);

            public override Tensor forward(Tensor tensor) => functional.SiLU(tensor);
        }

        public sealed class Mish : Module<Tensor, Tensor>
        {
            internal Mish() : base(nameof(Mish), true) { }

            public override Tensor forward(Tensor tensor) => functional.Mish(tensor);
        }

        public sealed class Sigmoid : Module<Tensor, Tensor>
        {
            internal Sigmoid() : base(nameof(Sigmoid), true) { }

            public override Tensor forward(Tensor tensor) => torch.sigmoid(tensor);
        }

        public sealed class Tanh : Module<Tensor, Tensor>
        {
            internal Tanh() : base(nameof(Tanh), true) { }

            public override string GetName() => nameof(Tanh);

            public override Tensor forward(Tensor tensor) => functional.tanh(tensor);
        }

        public sealed class Tanhshrink : Module<Tensor, Tensor>
        {
            internal Tanhshrink() : base(nameof(Tanhshrink), true) { }

            public override Tensor forward(Tensor tensor) => functional.Tanhshrink(tensor);
        }

        public sealed class Softsign : Module<Tensor, Tensor>
        {
            internal Softsign() : base(nameof(Softsign), true) { }

            public override Tensor forward(Tensor tensor) => functional.Softsign(tensor);
        }

        public sealed class Softplus : Module<Tensor, Tensor>
        {
            readonly double beta;
            readonly double threshold;

            internal Softplus(double beta, double threshold) : base(nameof(Softplus), true)
            {
                this.beta = beta;
                this.threshold = threshold;
            }

            public override Tensor forward(Tensor tensor) => functional.softplus(tensor, beta, threshold);
        }

        public sealed class Softmax : Module<Tensor, Tensor>
        {
            readonly long dim;

            internal Softmax(long dim) : base(nameof(Softmax), true)
            {
                this.dim = dim;
            }

            public override Tensor forward(Tensor tensor) => functional.softmax(tensor, dim);
        }

        public sealed class Softmax2d : Module<Tensor, Tensor>
        {
            internal Softmax2d() : base(nameof(Softmax2d), true) { }

            public override Tensor forward(Tensor tensor) => functional.softmax2d(tensor);
        }

        public sealed class Softmin : Module<Tensor, Tensor>
        {
            readonly long dim;

            internal Softmin(long dim) : base(nameof(Softmin), true)
            {
                this.dim = dim;
            }

            public override Tensor forward(Tensor tensor) => functional.softmin(tensor, dim);
        }

        public sealed class LogSoftmax : Module<Tensor, Tensor>
        {
            readonly long dim;

            internal LogSoftmax(long dim) : base(nameof(LogSoftmax), true)
            {
                this.dim = dim;
            }

            public override Tensor forward(Tensor tensor) => functional.log_softmax(tensor, dim);
        }

        public sealed class GLU : Module<Tensor, Tensor>
        {
            readonly long dim;

            internal GLU(long dim) : base(nameof(GLU), true)
            {
                this.dim = dim;
            }

            public override Tensor forward(Tensor tensor) => functional.glu(tensor, dim);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static GELU GELU() => new();

            public static SiLU SiLU() => new();

            public static Mish Mish() => new();

            public static Sigmoid Sigmoid() => new();

            public static Tanh Tanh() => new();

            public static Tanhshrink Tanhshrink() => new();

            public static Softsign Softsign() => new();

            public static Softplus Softplus(double beta = 1.0, double threshold = 20.0) => new(beta, threshold);

            public static Softmax Softmax(long dim) => new(dim);

            public static Softmax2d Softmax2d() => new();

            public static Softmin Softmin(long dim) => new(dim);

            public static LogSoftmax LogSoftmax(long dim) => new(dim);

            public static GLU GLU(long dim = -1) => new(dim);
        }
    }
}
