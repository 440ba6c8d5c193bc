using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Exponentials, logarithms and the functions made of them.
    public partial class Tensor
    {
        static readonly Op digammaOp = new("aten::digamma");
        static readonly Op digammaInPlaceOp = new("aten::digamma_");
        static readonly Op erfOp = new("aten::erf");
        static readonly Op erfInPlaceOp = new("aten::erf_");
        static readonly Op erfcOp = new("aten::erfc");
        static readonly Op erfcInPlaceOp = new("aten::erfc_");
        static readonly Op erfinvOp = new("aten::erfinv");
        static readonly Op erfinvInPlaceOp = new("aten::erfinv_");
        static readonly Op expOp = new("aten::exp");
        static readonly Op exp2Op = new("aten::exp2");
        static readonly Op expInPlaceOp = new("aten::exp_");
        static readonly Op expm1Op = new("aten::expm1");
        static readonly Op expm1InPlaceOp = new("aten::expm1_");
        static readonly Op i0Op = new("aten::i0");
        static readonly Op igammaOp = new("aten::igamma");
        static readonly Op igammacOp = new("aten::igammac");
        static readonly Op lgammaOp = new("aten::lgamma");
        static readonly Op lgammaInPlaceOp = new("aten::lgamma_");
        static readonly Op logOp = new("aten::log");
        static readonly Op log10Op = new("aten::log10");
        static readonly Op log10InPlaceOp = new("aten::log10_");
        static readonly Op log1pOp = new("aten::log1p");
        static readonly Op log1pInPlaceOp = new("aten::log1p_");
        static readonly Op log2Op = new("aten::log2");
        static readonly Op log2InPlaceOp = new("aten::log2_");
        static readonly Op logInPlaceOp = new("aten::log_");
        static readonly Op logSigmoidOp = new("aten::log_sigmoid");
        static readonly Op logaddexpOp = new("aten::logaddexp");
        static readonly Op logaddexp2Op = new("aten::logaddexp2");
        static readonly Op logcumsumexpOp = new("aten::logcumsumexp");
        static readonly Op logitOp = new("aten::logit");
        static readonly Op logsumexpOp = new("aten::logsumexp");
        static readonly Op mvlgammaOp = new("aten::mvlgamma");
        static readonly Op mvlgammaInPlaceOp = new("aten::mvlgamma_");
        static readonly Op polygammaOp = new("aten::polygamma");
        static readonly Op polygammaInPlaceOp = new("aten::polygamma_");
        static readonly Op sigmoidOp = new("aten::sigmoid");
        static readonly Op sigmoidInPlaceOp = new("aten::sigmoid_");
        static readonly Op sincOp = new("aten::sinc");
        static readonly Op sincInPlaceOp = new("aten::sinc_");
        static readonly Op xlogyScalarOtherOp = new("aten::xlogy", "Scalar_Other");
        static readonly Op xlogyTensorOp = new("aten::xlogy", "Tensor");
        static readonly Op xlogyScalarOtherInPlaceOp = new("aten::xlogy_", "Scalar_Other");
        static readonly Op xlogyTensorInPlaceOp = new("aten::xlogy_", "Tensor");

        public Tensor digamma() => digammaOp.Call(this);
        public Tensor digamma_() => digammaInPlaceOp.Apply(this);

        public Tensor erf() => erfOp.Call(this);
        public Tensor erf_() => erfInPlaceOp.Apply(this);

        public Tensor erfc() => erfcOp.Call(this);
        public Tensor erfc_() => erfcInPlaceOp.Apply(this);

        public Tensor erfinv() => erfinvOp.Call(this);
        public Tensor erfinv_() => erfinvInPlaceOp.Apply(this);

        public Tensor exp() => expOp.Call(this);

        public Tensor exp2() => exp2Op.Call(this);

        public Tensor exp_() => expInPlaceOp.Apply(this);

        public Tensor expm1() => expm1Op.Call(this);
        public Tensor expm1_() => expm1InPlaceOp.Apply(this);

        public Tensor i0() => i0Op.Call(this);

        public Tensor igamma(Tensor other) => igammaOp.Call(this, other);

        public Tensor igammac(Tensor other) => igammacOp.Call(this, other);

        public Tensor lgamma() => lgammaOp.Call(this);
        public Tensor lgamma_() => lgammaInPlaceOp.Apply(this);

        public Tensor log() => logOp.Call(this);

        public Tensor log10() => log10Op.Call(this);
        public Tensor log10_() => log10InPlaceOp.Apply(this);

        public Tensor log1p() => log1pOp.Call(this);
        public Tensor log1p_() => log1pInPlaceOp.Apply(this);

        public Tensor log2() => log2Op.Call(this);
        public Tensor log2_() => log2InPlaceOp.Apply(this);

        public Tensor log_() => logInPlaceOp.Apply(this);

        public Tensor log_sigmoid() => logSigmoidOp.Call(this);

        public Tensor logaddexp(Tensor other) => logaddexpOp.Call(this, other);

        public Tensor logaddexp2(Tensor other) => logaddexp2Op.Call(this, other);

        public Tensor logcumsumexp(long dim) => logcumsumexpOp.Call(this, dim);

        public Tensor logit(double? eps = null) => logitOp.Call(this, eps);

        public Tensor logsumexp(long dim, bool keepdim = false) => logsumexpOp.Call(this, (long[])[dim], keepdim);

        public Tensor mvlgamma(long p) => mvlgammaOp.Call(this, p);
        public Tensor mvlgamma_(long p) => mvlgammaInPlaceOp.Apply(this, p);

        public Tensor polygamma(long p) => polygammaOp.Call(p, this);
        public Tensor polygamma_(long p) => polygammaInPlaceOp.Apply(this, p);

        public Tensor sigmoid() => sigmoidOp.Call(this);
        public Tensor sigmoid_() => sigmoidInPlaceOp.Apply(this);

        public Tensor sinc() => sincOp.Call(this);
        public Tensor sinc_() => sincInPlaceOp.Apply(this);

        public Tensor xlogy(Scalar y) => xlogyScalarOtherOp.Call(this, y);
        public Tensor xlogy(Tensor y) => xlogyTensorOp.Call(this, y);
        public Tensor xlogy_(Scalar y) => xlogyScalarOtherInPlaceOp.Apply(this, y);
        public Tensor xlogy_(Tensor y) => xlogyTensorInPlaceOp.Apply(this, y);
    }
}
