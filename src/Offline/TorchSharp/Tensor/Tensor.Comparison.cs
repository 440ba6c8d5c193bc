using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Comparisons, element by element and of whole tensors.
    public partial class Tensor
    {
        static readonly Op eqScalarOp = new("aten::eq", "Scalar");
        static readonly Op eqTensorOp = new("aten::eq", "Tensor");
        static readonly Op eqScalarInPlaceOp = new("aten::eq_", "Scalar");
        static readonly Op eqTensorInPlaceOp = new("aten::eq_", "Tensor");
        static readonly Op fmaxOp = new("aten::fmax");
        static readonly Op fminOp = new("aten::fmin");
        static readonly Op geScalarOp = new("aten::ge", "Scalar");
        static readonly Op geTensorOp = new("aten::ge", "Tensor");
        static readonly Op geScalarInPlaceOp = new("aten::ge_", "Scalar");
        static readonly Op geTensorInPlaceOp = new("aten::ge_", "Tensor");
        static readonly Op gtScalarOp = new("aten::gt", "Scalar");
        static readonly Op gtTensorOp = new("aten::gt", "Tensor");
        static readonly Op gtScalarInPlaceOp = new("aten::gt_", "Scalar");
        static readonly Op gtTensorInPlaceOp = new("aten::gt_", "Tensor");
        static readonly Op iscloseOp = new("aten::isclose");
        static readonly Op isfiniteOp = new("aten::isfinite");
        static readonly Op isinTensorTensorOp = new("aten::isin", "Tensor_Tensor");
        static readonly Op isinfOp = new("aten::isinf");
        static readonly Op isnanOp = new("aten::isnan");
        static readonly Op isneginfOp = new("aten::isneginf");
        static readonly Op isposinfOp = new("aten::isposinf");
        static readonly Op isrealOp = new("aten::isreal");
        static readonly Op leScalarOp = new("aten::le", "Scalar");
        static readonly Op leTensorOp = new("aten::le", "Tensor");
        static readonly Op leScalarInPlaceOp = new("aten::le_", "Scalar");
        static readonly Op leTensorInPlaceOp = new("aten::le_", "Tensor");
        static readonly Op ltScalarOp = new("aten::lt", "Scalar");
        static readonly Op ltTensorOp = new("aten::lt", "Tensor");
        static readonly Op ltScalarInPlaceOp = new("aten::lt_", "Scalar");
        static readonly Op ltTensorInPlaceOp = new("aten::lt_", "Tensor");
        static readonly Op maximumOp = new("aten::maximum");
        static readonly Op minimumOp = new("aten::minimum");
        static readonly Op neScalarOp = new("aten::ne", "Scalar");
        static readonly Op neTensorOp = new("aten::ne", "Tensor");
        static readonly Op neScalarInPlaceOp = new("aten::ne_", "Scalar");
        static readonly Op neTensorInPlaceOp = new("aten::ne_", "Tensor");

        public Tensor eq(Scalar? target) => target is null ? false : eqScalarOp.Call(this, target);
        public Tensor eq(Tensor? target) => target is null ? false : eqTensorOp.Call(this, target);
        public Tensor eq_(Scalar? target) => target is null ? false : eqScalarInPlaceOp.Apply(this, target);
        public Tensor eq_(Tensor? target) => target is null ? false : eqTensorInPlaceOp.Apply(this, target);

        public Tensor equal(Tensor target) => eq(target);

        public Tensor fmax(Tensor other) => fmaxOp.Call(this, other);

        public Tensor fmin(Tensor other) => fminOp.Call(this, other);

        public Tensor ge(Scalar? target) => target is null ? false : geScalarOp.Call(this, target);
        public Tensor ge(Tensor? target) => target is null ? false : geTensorOp.Call(this, target);
        public Tensor ge_(Scalar target) => geScalarInPlaceOp.Apply(this, target);
        public Tensor ge_(Tensor target) => geTensorInPlaceOp.Apply(this, target);

        public Tensor greater(Tensor target) => gt(target);

        public Tensor greater_equal(Tensor target) => ge(target);

        public Tensor gt(Scalar? target) => target is null ? false : gtScalarOp.Call(this, target);
        public Tensor gt(Tensor? target) => target is null ? false : gtTensorOp.Call(this, target);
        public Tensor gt_(Scalar target) => gtScalarInPlaceOp.Apply(this, target);
        public Tensor gt_(Tensor target) => gtTensorInPlaceOp.Apply(this, target);

        public Tensor isclose(Tensor other, double rtol = 1E-05, double atol = 1E-08, bool nanEqual = false) => iscloseOp.Call(this, other, rtol, atol, nanEqual);

        public Tensor isfinite() => isfiniteOp.Call(this);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) => isinTensorTensorOp.Call(this, test_elements, assumeUnique, invert);

        public Tensor isinf() => isinfOp.Call(this);

        public Tensor isnan() => isnanOp.Call(this);

        public Tensor isneginf() => isneginfOp.Call(this);

        public Tensor isposinf() => isposinfOp.Call(this);

        public Tensor isreal() => isrealOp.Call(this);

        public Tensor le(Scalar target) => leScalarOp.Call(this, target);
        public Tensor le(Tensor target) => leTensorOp.Call(this, target);
        public Tensor le_(Scalar target) => leScalarInPlaceOp.Apply(this, target);
        public Tensor le_(Tensor target) => leTensorInPlaceOp.Apply(this, target);

        public Tensor less(Tensor target) => lt(target);

        public Tensor less_equal(Tensor target) => le(target);
        public Tensor less_equal_(Tensor target) => le_(target);

        public Tensor lt(Scalar target) => ltScalarOp.Call(this, target);
        public Tensor lt(Tensor target) => ltTensorOp.Call(this, target);
        public Tensor lt_(Scalar target) => ltScalarInPlaceOp.Apply(this, target);
        public Tensor lt_(Tensor target) => ltTensorInPlaceOp.Apply(this, target);

        public Tensor maximum(Tensor other) => maximumOp.Call(this, other);

        public Tensor minimum(Tensor other) => minimumOp.Call(this, other);

        public Tensor ne(Scalar target) => neScalarOp.Call(this, target);
        public Tensor ne(Tensor target) => neTensorOp.Call(this, target);
        public Tensor ne_(Scalar target) => neScalarInPlaceOp.Apply(this, target);
        public Tensor ne_(Tensor target) => neTensorInPlaceOp.Apply(this, target);

        public Tensor not_equal(Tensor target) => ne(target);
        public Tensor not_equal_(Tensor target) => ne_(target);
    }
}
