using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // What the arithmetic operators stand for, with their in-place twins.
    public partial class Tensor
    {
        static readonly Op absOp = new("aten::abs");
        static readonly Op absInPlaceOp = new("aten::abs_");
        static readonly Op absoluteOp = new("aten::absolute");
        static readonly Op absoluteInPlaceOp = new("aten::absolute_");
        static readonly Op addScalarOp = new("aten::add", "Scalar");
        static readonly Op addTensorOp = new("aten::add", "Tensor");
        static readonly Op addScalarInPlaceOp = new("aten::add_", "Scalar");
        static readonly Op addTensorInPlaceOp = new("aten::add_", "Tensor");
        static readonly Op addcdivOp = new("aten::addcdiv");
        static readonly Op addcdivInPlaceOp = new("aten::addcdiv_");
        static readonly Op addcmulOp = new("aten::addcmul");
        static readonly Op addcmulInPlaceOp = new("aten::addcmul_");
        static readonly Op clampOp = new("aten::clamp");
        static readonly Op clampTensorOp = new("aten::clamp", "Tensor");
        static readonly Op clampInPlaceOp = new("aten::clamp_");
        static readonly Op clampTensorInPlaceOp = new("aten::clamp_", "Tensor");
        static readonly Op clampMaxOp = new("aten::clamp_max");
        static readonly Op clampMaxInPlaceOp = new("aten::clamp_max_");
        static readonly Op clampMinOp = new("aten::clamp_min");
        static readonly Op clampMinInPlaceOp = new("aten::clamp_min_");
        static readonly Op clipOp = new("aten::clip");
        static readonly Op copysignTensorOp = new("aten::copysign", "Tensor");
        static readonly Op divScalarModeOp = new("aten::div", "Scalar_mode");
        static readonly Op divTensorModeOp = new("aten::div", "Tensor_mode");
        static readonly Op divScalarModeInPlaceOp = new("aten::div_", "Scalar_mode");
        static readonly Op divTensorModeInPlaceOp = new("aten::div_", "Tensor_mode");
        static readonly Op floatPowerTensorTensorOp = new("aten::float_power", "Tensor_Tensor");
        static readonly Op floorDivideScalarOp = new("aten::floor_divide", "Scalar");
        static readonly Op floorDivideOp = new("aten::floor_divide");
        static readonly Op floorDivideScalarInPlaceOp = new("aten::floor_divide_", "Scalar");
        static readonly Op floorDivideTensorInPlaceOp = new("aten::floor_divide_", "Tensor");
        static readonly Op fmodScalarOp = new("aten::fmod", "Scalar");
        static readonly Op fmodTensorOp = new("aten::fmod", "Tensor");
        static readonly Op fmodScalarInPlaceOp = new("aten::fmod_", "Scalar");
        static readonly Op fmodTensorInPlaceOp = new("aten::fmod_", "Tensor");
        static readonly Op frexpTensorOp = new("aten::frexp", "Tensor");
        static readonly Op gcdOp = new("aten::gcd");
        static readonly Op gcdInPlaceOp = new("aten::gcd_");
        static readonly Op hypotOp = new("aten::hypot");
        static readonly Op lcmOp = new("aten::lcm");
        static readonly Op lcmInPlaceOp = new("aten::lcm_");
        static readonly Op ldexpTensorOp = new("aten::ldexp", "Tensor");
        static readonly Op ldexpInPlaceOp = new("aten::ldexp_");
        static readonly Op lerpTensorOp = new("aten::lerp", "Tensor");
        static readonly Op lerpTensorInPlaceOp = new("aten::lerp_", "Tensor");
        static readonly Op mulScalarOp = new("aten::mul", "Scalar");
        static readonly Op mulTensorOp = new("aten::mul", "Tensor");
        static readonly Op mulScalarInPlaceOp = new("aten::mul_", "Scalar");
        static readonly Op mulTensorInPlaceOp = new("aten::mul_", "Tensor");
        static readonly Op multiplyScalarOp = new("aten::multiply", "Scalar");
        static readonly Op multiplyTensorOp = new("aten::multiply", "Tensor");
        static readonly Op nanToNumOp = new("aten::nan_to_num");
        static readonly Op negOp = new("aten::neg");
        static readonly Op negInPlaceOp = new("aten::neg_");
        static readonly Op negativeOp = new("aten::negative");
        static readonly Op nextafterOp = new("aten::nextafter");
        static readonly Op positiveOp = new("aten::positive");
        static readonly Op powTensorScalarOp = new("aten::pow", "Tensor_Scalar");
        static readonly Op powTensorTensorOp = new("aten::pow", "Tensor_Tensor");
        static readonly Op powScalarInPlaceOp = new("aten::pow_", "Scalar");
        static readonly Op powTensorInPlaceOp = new("aten::pow_", "Tensor");
        static readonly Op reciprocalOp = new("aten::reciprocal");
        static readonly Op reciprocalInPlaceOp = new("aten::reciprocal_");
        static readonly Op remainderScalarOp = new("aten::remainder", "Scalar");
        static readonly Op remainderTensorOp = new("aten::remainder", "Tensor");
        static readonly Op remainderScalarInPlaceOp = new("aten::remainder_", "Scalar");
        static readonly Op remainderTensorInPlaceOp = new("aten::remainder_", "Tensor");
        static readonly Op rsqrtOp = new("aten::rsqrt");
        static readonly Op rsqrtInPlaceOp = new("aten::rsqrt_");
        static readonly Op sgnOp = new("aten::sgn");
        static readonly Op sgnInPlaceOp = new("aten::sgn_");
        static readonly Op signOp = new("aten::sign");
        static readonly Op signInPlaceOp = new("aten::sign_");
        static readonly Op signbitOp = new("aten::signbit");
        static readonly Op sqrtOp = new("aten::sqrt");
        static readonly Op sqrtInPlaceOp = new("aten::sqrt_");
        static readonly Op squareOp = new("aten::square");
        static readonly Op subScalarOp = new("aten::sub", "Scalar");
        static readonly Op subTensorOp = new("aten::sub", "Tensor");
        static readonly Op subScalarInPlaceOp = new("aten::sub_", "Scalar");
        static readonly Op subTensorInPlaceOp = new("aten::sub_", "Tensor");
        static readonly Op subtractScalarOp = new("aten::subtract", "Scalar");
        static readonly Op subtractTensorOp = new("aten::subtract", "Tensor");
        static readonly Op subtractScalarInPlaceOp = new("aten::subtract_", "Scalar");
        static readonly Op subtractTensorInPlaceOp = new("aten::subtract_", "Tensor");
        static readonly Op trueDivideScalarOp = new("aten::true_divide", "Scalar");
        static readonly Op trueDivideTensorOp = new("aten::true_divide", "Tensor");
        static readonly Op trueDivideScalarInPlaceOp = new("aten::true_divide_", "Scalar");
        static readonly Op trueDivideTensorInPlaceOp = new("aten::true_divide_", "Tensor");

        public Tensor abs() => absOp.Call(this);
        public Tensor abs_() => absInPlaceOp.Apply(this);

        public Tensor absolute() => absoluteOp.Call(this);
        public Tensor absolute_() => absoluteInPlaceOp.Apply(this);

        public Tensor add(Scalar scalar) => addScalarOp.Call(this, scalar);
        public Tensor add(Scalar scalar, Scalar alpha) => addScalarOp.Call(this, scalar, alpha);
        public Tensor add(Tensor target) => addTensorOp.Call(this, target);
        public Tensor add(Tensor target, Scalar alpha) => addTensorOp.Call(this, target, alpha);
        public Tensor add_(Scalar scalar) => addScalarInPlaceOp.Apply(this, scalar);
        public Tensor add_(Scalar scalar, Scalar alpha) => addScalarInPlaceOp.Apply(this, scalar, alpha);
        public Tensor add_(Tensor target) => addTensorInPlaceOp.Apply(this, target);
        public Tensor add_(Tensor target, Scalar alpha) => addTensorInPlaceOp.Apply(this, target, alpha);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => addcdivOp.Call(this, tensor1, tensor2);
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => addcdivOp.Call(this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdivInPlaceOp.Apply(this, tensor1, tensor2);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => addcdivInPlaceOp.Apply(this, tensor1, tensor2, value);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => addcmulOp.Call(this, tensor1, tensor2, value);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => addcmulInPlaceOp.Apply(this, tensor1, tensor2, value);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => clampOp.Call(this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => clampTensorOp.Call(this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => clampInPlaceOp.Apply(this, min, max);
        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => clampTensorInPlaceOp.Apply(this, min, max);

        public Tensor clamp_max(Scalar max) => clampMaxOp.Call(this, max);
        public Tensor clamp_max_(Scalar max) => clampMaxInPlaceOp.Apply(this, max);

        public Tensor clamp_min(Scalar min) => clampMinOp.Call(this, min);
        public Tensor clamp_min_(Scalar min) => clampMinInPlaceOp.Apply(this, min);

        public Tensor clip(Scalar? min = null, Scalar? max = null) => clipOp.Call(this, min, max);

        public Tensor copysign(Tensor other) => copysignTensorOp.Call(this, other);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => divScalarModeOp.Call(this, target, Name(rounding_mode));
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => divTensorModeOp.Call(this, target, Name(rounding_mode));
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => divScalarModeInPlaceOp.Apply(this, target, Name(rounding_mode));
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => divTensorModeInPlaceOp.Apply(this, target, Name(rounding_mode));

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);
        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);
        public Tensor divide_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);
        public Tensor divide_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);

        public Tensor float_power(Tensor target) => floatPowerTensorTensorOp.Call(this, target);

        public Tensor floor_divide(Scalar other) => floorDivideScalarOp.Call(this, other);
        public Tensor floor_divide(Tensor other) => floorDivideOp.Call(this, other);
        public Tensor floor_divide_(Scalar other) => floorDivideScalarInPlaceOp.Apply(this, other);
        public Tensor floor_divide_(Tensor other) => floorDivideTensorInPlaceOp.Apply(this, other);

        public Tensor fmod(Scalar scalar) => fmodScalarOp.Call(this, scalar);
        public Tensor fmod(Tensor target) => fmodTensorOp.Call(this, target);
        public Tensor fmod_(Scalar scalar) => fmodScalarInPlaceOp.Apply(this, scalar);
        public Tensor fmod_(Tensor target) => fmodTensorInPlaceOp.Apply(this, target);

        public (Tensor Mantissa, Tensor Exponent) frexp() => frexpTensorOp.Call2(this);

        public Tensor gcd(Tensor other) => gcdOp.Call(this, other);
        public Tensor gcd_(Tensor other) => gcdInPlaceOp.Apply(this, other);

        public Tensor hypot(Tensor other) => hypotOp.Call(this, other);

        public Tensor lcm(Tensor other) => lcmOp.Call(this, Integral(other));
        public Tensor lcm_(Tensor other) => lcmInPlaceOp.Apply(this, Integral(other));

        public Tensor ldexp(Tensor other) => ldexpTensorOp.Call(this, other);
        public Tensor ldexp_(Tensor other) => ldexpInPlaceOp.Apply(this, other);

        public Tensor lerp(Tensor end, Tensor weight) => lerpTensorOp.Call(this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => lerpTensorInPlaceOp.Apply(this, end, weight);

        public Tensor mul(Scalar target) => mulScalarOp.Call(this, target);
        public Tensor mul(Tensor target) => mulTensorOp.Call(this, target);
        public Tensor mul_(Scalar target) => mulScalarInPlaceOp.Apply(this, target);
        public Tensor mul_(Tensor target) => mulTensorInPlaceOp.Apply(this, target);

        public Tensor multiply(Scalar target) => multiplyScalarOp.Call(this, target);
        public Tensor multiply(Tensor target) => multiplyTensorOp.Call(this, target);

        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) => nanToNumOp.Call(this, nan, posinf, neginf);

        public Tensor neg() => negOp.Call(this);
        public Tensor neg_() => negInPlaceOp.Apply(this);

        public Tensor negative() => negativeOp.Call(this);

        public Tensor nextafter(Tensor other) => nextafterOp.Call(this, other);

        public Tensor positive() => dtype != ScalarType.Bool ? positiveOp.Call(this) : throw new ArgumentException("Boolean tensor");

        public Tensor pow(Scalar exponent) => powTensorScalarOp.Call(this, exponent);
        public Tensor pow(Tensor exponent) => powTensorTensorOp.Call(this, exponent);
        public Tensor pow_(Scalar exponent) => powScalarInPlaceOp.Apply(this, exponent);
        public Tensor pow_(Tensor exponent) => powTensorInPlaceOp.Apply(this, exponent);

        public Tensor reciprocal() => reciprocalOp.Call(this);
        public Tensor reciprocal_() => reciprocalInPlaceOp.Apply(this);

        public Tensor remainder(Scalar scalar) => remainderScalarOp.Call(this, scalar);
        public Tensor remainder(Tensor target) => remainderTensorOp.Call(this, target);
        public Tensor remainder_(Scalar scalar) => remainderScalarInPlaceOp.Apply(this, scalar);
        public Tensor remainder_(Tensor target) => remainderTensorInPlaceOp.Apply(this, target);

        public Tensor rsqrt() => rsqrtOp.Call(this);
        public Tensor rsqrt_() => rsqrtInPlaceOp.Apply(this);

        public Tensor sgn() => sgnOp.Call(this);
        public Tensor sgn_() => sgnInPlaceOp.Apply(this);

        public Tensor sign() => signOp.Call(this);
        public Tensor sign_() => signInPlaceOp.Apply(this);

        public Tensor signbit() => signbitOp.Call(this);

        public Tensor sqrt() => sqrtOp.Call(this);
        public Tensor sqrt_() => sqrtInPlaceOp.Apply(this);

        public Tensor square() => squareOp.Call(this);

        public Tensor sub(Scalar target) => subScalarOp.Call(this, target);
        public Tensor sub(Tensor target) => subTensorOp.Call(this, target);
        public Tensor sub_(Scalar target) => subScalarInPlaceOp.Apply(this, target);
        public Tensor sub_(Tensor target) => subTensorInPlaceOp.Apply(this, target);

        public Tensor subtract(Scalar target) => subtractScalarOp.Call(this, target);
        public Tensor subtract(Tensor target) => subtractTensorOp.Call(this, target);
        public Tensor subtract_(Scalar target) => subtractScalarInPlaceOp.Apply(this, target);
        public Tensor subtract_(Tensor target) => subtractTensorInPlaceOp.Apply(this, target);

        public Tensor true_divide(Scalar other) => trueDivideScalarOp.Call(this, other);
        public Tensor true_divide(Tensor other) => trueDivideTensorOp.Call(this, other);
        public Tensor true_divide_(Scalar other) => trueDivideScalarInPlaceOp.Apply(this, other);
        public Tensor true_divide_(Tensor other) => trueDivideTensorInPlaceOp.Apply(this, other);
    }
}
