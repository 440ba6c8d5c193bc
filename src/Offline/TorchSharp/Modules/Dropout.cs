using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    namespace Modules
    {
        public sealed class Dropout : Module<Tensor, Tensor>
        {
            readonly double p;
            readonly bool inplace;

            internal Dropout(double p, bool inplace) : base(nameof(Dropout), true)
            {
                this.p = p;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.dropout(tensor, p, training, inplace);
        }

        public sealed class Dropout1d : Module<Tensor, Tensor>
        {
            readonly double p;
            readonly bool inplace;

            internal Dropout1d(double p, bool inplace) : base(nameof(Dropout1d), true)
            {
                this.p = p;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor)
            {
                if (tensor.Dimensions != 3)
                    throw new ArgumentException("tensor passed to Dropout1d must be of the shape (N,C,L)");
                return functional.dropout1d(tensor, p, training, inplace);
            }
        }

        public sealed class Dropout2d : Module<Tensor, Tensor>
        {
            readonly double p;
            readonly bool inplace;

            internal Dropout2d(double p, bool inplace) : base(nameof(Dropout2d), true)
            {
                this.p = p;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.dropout2d(tensor, p, training, inplace);
        }

        public sealed class AlphaDropout : Module<Tensor, Tensor>
        {
            readonly double p;
            readonly bool inplace;

            internal AlphaDropout(double p, bool inplace) : base(nameof(AlphaDropout), true)
            {
                this.p = p;
                this.inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => functional.alpha_dropout(tensor, p, training, inplace);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);

            public static Dropout1d Dropout1d(double p = 0.5, bool inplace = false) => new(p, inplace);

            public static Dropout2d Dropout2d(double p = 0.5, bool inplace = false) => new(p, inplace);

            public static AlphaDropout AlphaDropout(double p = 0.5, bool inplace = false) => new(p, inplace);
        }
    }
}
