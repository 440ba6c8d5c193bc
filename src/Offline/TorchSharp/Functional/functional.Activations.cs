using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            static readonly Op reluOp = new("aten::relu");
            static readonly Op reluInPlaceOp = new("aten::relu_");
            static readonly Op relu6Op = new("aten::relu6");
            static readonly Op relu6InPlaceOp = new("aten::relu6_");
            static readonly Op leakyReluOp = new("aten::leaky_relu");
            static readonly Op leakyReluInPlaceOp = new("aten::leaky_relu_");
            static readonly Op eluOp = new("aten::elu");
            static readonly Op eluInPlaceOp = new("aten::elu_");
            static readonly Op celuOp = new("aten::celu");
            static readonly Op celuInPlaceOp = new("aten::celu_");
            static readonly Op seluOp = new("aten::selu");
            static readonly Op seluInPlaceOp = new("aten::selu_");
            static readonly Op hardtanhOp = new("aten::hardtanh");
            static readonly Op hardtanhInPlaceOp = new("aten::hardtanh_");
            static readonly Op hardsigmoidOp = new("aten::hardsigmoid");
            static readonly Op hardsigmoidInPlaceOp = new("aten::hardsigmoid_");
            static readonly Op hardswishOp = new("aten::hardswish");
            static readonly Op hardswishInPlaceOp = new("aten::hardswish_");
            static readonly Op thresholdOp = new("aten::threshold");
            static readonly Op thresholdInPlaceOp = new("aten::threshold_");
            static readonly Op geluOp = new("aten::gelu");
            static readonly Op siluOp = new("aten::silu");
            static readonly Op mishOp = new("aten::mish");
            static readonly Op tanhOp = new("aten::tanh");
            static readonly Op softplusOp = new("aten::softplus");
            static readonly Op softshrinkOp = new("aten::softshrink");
            static readonly Op hardshrinkOp = new("aten::hardshrink");
            static readonly Op gluOp = new("aten::glu");
            static readonly Op softmaxOp = new("aten::softmax", "int");
            static readonly Op logSoftmaxOp = new("aten::log_softmax", "int");

            public static Tensor relu(Tensor x, bool inplace = false) => (inplace ? reluInPlaceOp : reluOp).Call(x);

            public static Tensor relu6(Tensor x, bool inplace = false) => (inplace ? relu6InPlaceOp : relu6Op).Call(x);

            public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false) => (inplace ? leakyReluInPlaceOp : leakyReluOp).Call(input, negative_slope);

            public static Tensor elu(Tensor x, double alpha, bool inplace = false) => (inplace ? eluInPlaceOp : eluOp).Call(x, alpha);

            public static Tensor celu(Tensor x, double alpha, bool inplace = false) => (inplace ? celuInPlaceOp : celuOp).Call(x, alpha);

            public static Tensor selu(Tensor x, bool inplace = false) => (inplace ? seluInPlaceOp : seluOp).Call(x);

            public static Tensor Hardtanh(Tensor x, double min_val = -1.0, double max_val = 1.0, bool inplace = false) => (inplace ? hardtanhInPlaceOp : hardtanhOp).Call(x, min_val, max_val);

            public static Tensor hardsigmoid(Tensor input, bool inplace = false) => (inplace ? hardsigmoidInPlaceOp : hardsigmoidOp).Call(input);

            public static Tensor hardswish(Tensor input, bool inplace = false) => (inplace ? hardswishInPlaceOp : hardswishOp).Call(input);

            public static Tensor Threshold(Tensor x, double threshold, double value, bool inplace = false) => (inplace ? thresholdInPlaceOp : thresholdOp).Call(x, threshold, value);

            public static Tensor gelu(Tensor x) => geluOp.Call(x);

            public static Tensor SiLU(Tensor x) => siluOp.Call(x);

            public static Tensor Mish(Tensor x) => mishOp.Call(x);

            public static Tensor tanh(Tensor x) => tanhOp.Call(x);

            public static Tensor softplus(Tensor x, double beta = 1.0, double threshold = 20.0) => softplusOp.Call(x, beta, threshold);

            public static Tensor Softshrink(Tensor x, double lambda = 0.5) => softshrinkOp.Call(x, lambda);

            public static Tensor Hardshrink(Tensor x, double lambda = 0.5) => hardshrinkOp.Call(x, lambda);

            public static Tensor glu(Tensor input, long dim = -1) => gluOp.Call(input, dim);

            public static Tensor Tanhshrink(Tensor x)
            {
                using var squashed = tanhOp.Call(x);
                return x - squashed;
            }

            public static Tensor Softsign(Tensor x)
            {
                using var size = x.abs();
                using var below = size + 1;
                return x / below;
            }

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => softmaxOp.Call(input, dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => logSoftmaxOp.Call(x, dim);

            public static Tensor softmin(Tensor x, long dim)
            {
                using var negative = -x;
                return softmaxOp.Call(negative, dim);
            }

            // Over the channels at each place of an image.
            public static Tensor softmax2d(Tensor x) => softmaxOp.Call(x, -3);
        }
    }
}
