using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Rounding to integers.
    public partial class Tensor
    {
        static readonly Op ceilOp = new("aten::ceil");
        static readonly Op ceilInPlaceOp = new("aten::ceil_");
        static readonly Op fixOp = new("aten::fix");
        static readonly Op fixInPlaceOp = new("aten::fix_");
        static readonly Op floorOp = new("aten::floor");
        static readonly Op floorInPlaceOp = new("aten::floor_");
        static readonly Op fracOp = new("aten::frac");
        static readonly Op fracInPlaceOp = new("aten::frac_");
        static readonly Op roundOp = new("aten::round");
        static readonly Op roundDecimalsOp = new("aten::round", "decimals");
        static readonly Op roundInPlaceOp = new("aten::round_");
        static readonly Op roundDecimalsInPlaceOp = new("aten::round_", "decimals");
        static readonly Op truncOp = new("aten::trunc");
        static readonly Op truncInPlaceOp = new("aten::trunc_");

        public Tensor ceil() => ceilOp.Call(this);
        public Tensor ceil_() => ceilInPlaceOp.Apply(this);

        public Tensor fix() => fixOp.Call(this);
        public Tensor fix_() => fixInPlaceOp.Apply(this);

        public Tensor floor() => floorOp.Call(this);
        public Tensor floor_() => floorInPlaceOp.Apply(this);

        public Tensor frac() => fracOp.Call(this);
        public Tensor frac_() => fracInPlaceOp.Apply(this);

        public Tensor round(long decimals = 0) => decimals == 0 ? roundOp.Call(this) : roundDecimalsOp.Call(this, decimals);
        public Tensor round_(long decimals = 0) => decimals == 0 ? roundInPlaceOp.Apply(this) : roundDecimalsInPlaceOp.Apply(this, decimals);

        public Tensor trunc() => truncOp.Call(this);
        public Tensor trunc_() => truncInPlaceOp.Apply(this);
    }
}
