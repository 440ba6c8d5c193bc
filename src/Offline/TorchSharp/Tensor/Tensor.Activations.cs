using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // The functions that networks put between their layers.
    public partial class Tensor
    {
        static readonly Op celuOp = new("aten::celu");
        static readonly Op celuInPlaceOp = new("aten::celu_");
        static readonly Op eluOp = new("aten::elu");
        static readonly Op eluInPlaceOp = new("aten::elu_");
        static readonly Op geluOp = new("aten::gelu");
        static readonly Op geluInPlaceOp = new("aten::gelu_");
        static readonly Op gluOp = new("aten::glu");
        static readonly Op hardsigmoidOp = new("aten::hardsigmoid");
        static readonly Op hardsigmoidInPlaceOp = new("aten::hardsigmoid_");
        static readonly Op hardswishOp = new("aten::hardswish");
        static readonly Op hardswishInPlaceOp = new("aten::hardswish_");
        static readonly Op hardtanhOp = new("aten::hardtanh");
        static readonly Op hardtanhInPlaceOp = new("aten::hardtanh_");
        static readonly Op heavisideOp = new("aten::heaviside");
        static readonly Op leakyReluOp = new("aten::leaky_relu");
        static readonly Op leakyReluInPlaceOp = new("aten::leaky_relu_");
        static readonly Op logSoftmaxIntOp = new("aten::log_softmax", "int");
        static readonly Op preluOp = new("aten::prelu");
        static readonly Op reluOp = new("aten::relu");
        static readonly Op relu6Op = new("aten::relu6");
        static readonly Op relu6InPlaceOp = new("aten::relu6_");
        static readonly Op reluInPlaceOp = new("aten::relu_");
        static readonly Op rreluOp = new("aten::rrelu");
        static readonly Op rreluInPlaceOp = new("aten::rrelu_");
        static readonly Op seluOp = new("aten::selu");
        static readonly Op seluInPlaceOp = new("aten::selu_");
        static readonly Op siluOp = new("aten::silu");
        static readonly Op siluInPlaceOp = new("aten::silu_");
        static readonly Op softmaxIntOp = new("aten::softmax", "int");
        static readonly Op softplusOp = new("aten::softplus");
        static readonly Op thresholdOp = new("aten::threshold");
        static readonly Op thresholdInPlaceOp = new("aten::threshold_");

        public Tensor celu() => celu(1.0);
        public Tensor celu(Scalar alpha) => celuOp.Call(this, alpha);
        public Tensor celu_() => celu_(1.0);
        public Tensor celu_(Scalar alpha) => celuInPlaceOp.Apply(this, alpha);

        public Tensor elu(double alpha = 1) => eluOp.Call(this, alpha);
        public Tensor elu(Scalar alpha, Scalar scale, Scalar input_scale) => eluOp.Call(this, alpha, scale, input_scale);
        public Tensor elu_(double alpha = 1) => eluInPlaceOp.Apply(this, alpha);
        public Tensor elu_(Scalar alpha, Scalar scale, Scalar input_scale) => eluInPlaceOp.Apply(this, alpha, scale, input_scale);

        public Tensor gelu() => geluOp.Call(this);
        public Tensor gelu_() => geluInPlaceOp.Apply(this);

        public Tensor glu(long dim = -1) => gluOp.Call(this, dim);

        public Tensor hardsigmoid() => hardsigmoidOp.Call(this);
        public Tensor hardsigmoid_() => hardsigmoidInPlaceOp.Apply(this);

        public Tensor hardswish() => hardswishOp.Call(this);
        public Tensor hardswish_() => hardswishInPlaceOp.Apply(this);

        public Tensor hardtanh(Scalar min, Scalar max) => hardtanhOp.Call(this, min, max);
        public Tensor hardtanh_(Scalar min, Scalar max) => hardtanhInPlaceOp.Apply(this, min, max);

        public Tensor heaviside(Tensor other) => heavisideOp.Call(this, other);

        public Tensor leaky_relu(Scalar negative_slope) => leakyReluOp.Call(this, negative_slope);
        public Tensor leaky_relu_(Scalar negative_slope) => leakyReluInPlaceOp.Apply(this, negative_slope);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => logSoftmaxIntOp.Call(this, dim, dtype);

        public Tensor prelu(Tensor target) => preluOp.Call(this, target);

        public Tensor relu() => reluOp.Call(this);

        public Tensor relu6() => relu6Op.Call(this);
        public Tensor relu6_() => relu6InPlaceOp.Apply(this);

        public Tensor relu_() => reluInPlaceOp.Apply(this);

        public Tensor rrelu(double lower = 0.125, double upper = 0.3333333333333333) => rreluOp.Call(this, lower, upper);
        public Tensor rrelu_(double lower = 0.125, double upper = 0.3333333333333333) => rreluInPlaceOp.Apply(this, lower, upper);

        public Tensor selu() => seluOp.Call(this);
        public Tensor selu_() => seluInPlaceOp.Apply(this);

        public Tensor silu() => siluOp.Call(this);
        public Tensor silu_() => siluInPlaceOp.Apply(this);

        public Tensor softmax(long dim, ScalarType? dtype = null) => softmaxIntOp.Call(this, dim, dtype);

        public Tensor softplus(double beta = 1, double threshold = 20) => softplusOp.Call(this, beta, threshold);

        public Tensor threshold(Scalar threshold, Scalar value) => thresholdOp.Call(this, threshold, value);
        public Tensor threshold_(Scalar threshold, Scalar value) => thresholdInPlaceOp.Apply(this, threshold, value);
    }
}
