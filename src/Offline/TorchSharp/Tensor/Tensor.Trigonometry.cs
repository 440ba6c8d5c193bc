using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Circular and hyperbolic functions.
    public partial class Tensor
    {
        static readonly Op acosOp = new("aten::acos");
        static readonly Op acosInPlaceOp = new("aten::acos_");
        static readonly Op acoshOp = new("aten::acosh");
        static readonly Op acoshInPlaceOp = new("aten::acosh_");
        static readonly Op angleOp = new("aten::angle");
        static readonly Op arccosOp = new("aten::arccos");
        static readonly Op arccosInPlaceOp = new("aten::arccos_");
        static readonly Op arccoshOp = new("aten::arccosh");
        static readonly Op arccoshInPlaceOp = new("aten::arccosh_");
        static readonly Op arcsinOp = new("aten::arcsin");
        static readonly Op arcsinInPlaceOp = new("aten::arcsin_");
        static readonly Op arcsinhOp = new("aten::arcsinh");
        static readonly Op arcsinhInPlaceOp = new("aten::arcsinh_");
        static readonly Op arctanOp = new("aten::arctan");
        static readonly Op arctanInPlaceOp = new("aten::arctan_");
        static readonly Op arctanhOp = new("aten::arctanh");
        static readonly Op arctanhInPlaceOp = new("aten::arctanh_");
        static readonly Op asinOp = new("aten::asin");
        static readonly Op asinInPlaceOp = new("aten::asin_");
        static readonly Op asinhOp = new("aten::asinh");
        static readonly Op asinhInPlaceOp = new("aten::asinh_");
        static readonly Op atanOp = new("aten::atan");
        static readonly Op atan2Op = new("aten::atan2");
        static readonly Op atan2InPlaceOp = new("aten::atan2_");
        static readonly Op atanInPlaceOp = new("aten::atan_");
        static readonly Op atanhOp = new("aten::atanh");
        static readonly Op atanhInPlaceOp = new("aten::atanh_");
        static readonly Op cosOp = new("aten::cos");
        static readonly Op cosInPlaceOp = new("aten::cos_");
        static readonly Op coshOp = new("aten::cosh");
        static readonly Op coshInPlaceOp = new("aten::cosh_");
        static readonly Op deg2radOp = new("aten::deg2rad");
        static readonly Op rad2degOp = new("aten::rad2deg");
        static readonly Op sinOp = new("aten::sin");
        static readonly Op sinInPlaceOp = new("aten::sin_");
        static readonly Op sinhOp = new("aten::sinh");
        static readonly Op sinhInPlaceOp = new("aten::sinh_");
        static readonly Op tanOp = new("aten::tan");
        static readonly Op tanInPlaceOp = new("aten::tan_");
        static readonly Op tanhOp = new("aten::tanh");
        static readonly Op tanhInPlaceOp = new("aten::tanh_");

        public Tensor acos() => acosOp.Call(this);
        public Tensor acos_() => acosInPlaceOp.Apply(this);

        public Tensor acosh() => acoshOp.Call(this);
        public Tensor acosh_() => acoshInPlaceOp.Apply(this);

        public Tensor angle() => angleOp.Call(this);

        public Tensor arccos() => arccosOp.Call(this);
        public Tensor arccos_() => arccosInPlaceOp.Apply(this);

        public Tensor arccosh() => arccoshOp.Call(this);
        public Tensor arccosh_() => arccoshInPlaceOp.Apply(this);

        public Tensor arcsin() => arcsinOp.Call(this);
        public Tensor arcsin_() => arcsinInPlaceOp.Apply(this);

        public Tensor arcsinh() => arcsinhOp.Call(this);
        public Tensor arcsinh_() => arcsinhInPlaceOp.Apply(this);

        public Tensor arctan() => arctanOp.Call(this);
        public Tensor arctan(Tensor other) => atan2(other);

        public Tensor arctan2(Tensor other) => atan2(other);
        public Tensor arctan2_(Tensor other) => atan2_(other);

        public Tensor arctan_() => arctanInPlaceOp.Apply(this);
        public Tensor arctan_(Tensor other) => atan2_(other);

        public Tensor arctanh() => arctanhOp.Call(this);
        public Tensor arctanh_() => arctanhInPlaceOp.Apply(this);

        public Tensor asin() => asinOp.Call(this);
        public Tensor asin_() => asinInPlaceOp.Apply(this);

        public Tensor asinh() => asinhOp.Call(this);
        public Tensor asinh_() => asinhInPlaceOp.Apply(this);

        public Tensor atan() => atanOp.Call(this);

        public Tensor atan2(Tensor other) => atan2Op.Call(this, other);
        public Tensor atan2_(Tensor other) => atan2InPlaceOp.Apply(this, other);

        public Tensor atan_() => atanInPlaceOp.Apply(this);

        public Tensor atanh() => atanhOp.Call(this);
        public Tensor atanh_() => atanhInPlaceOp.Apply(this);

        public Tensor cos() => cosOp.Call(this);
        public Tensor cos_() => cosInPlaceOp.Apply(this);

        public Tensor cosh() => coshOp.Call(this);
        public Tensor cosh_() => coshInPlaceOp.Apply(this);

        public Tensor deg2rad() => deg2radOp.Call(this);

        public Tensor rad2deg() => rad2degOp.Call(this);

        public Tensor sin() => sinOp.Call(this);
        public Tensor sin_() => sinInPlaceOp.Apply(this);

        public Tensor sinh() => sinhOp.Call(this);
        public Tensor sinh_() => sinhInPlaceOp.Apply(this);

        public Tensor tan() => tanOp.Call(this);
        public Tensor tan_() => tanInPlaceOp.Apply(this);

        public Tensor tanh() => tanhOp.Call(this);
        public Tensor tanh_() => tanhInPlaceOp.Apply(this);
    }
}
