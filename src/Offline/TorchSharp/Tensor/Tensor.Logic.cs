using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Bitwise and logical operators.
    public partial class Tensor
    {
        static readonly Op bitwiseAndTensorOp = new("aten::bitwise_and", "Tensor");
        static readonly Op bitwiseAndTensorInPlaceOp = new("aten::bitwise_and_", "Tensor");
        static readonly Op bitwiseLeftShiftTensorOp = new("aten::bitwise_left_shift", "Tensor");
        static readonly Op bitwiseLeftShiftTensorInPlaceOp = new("aten::bitwise_left_shift_", "Tensor");
        static readonly Op bitwiseNotOp = new("aten::bitwise_not");
        static readonly Op bitwiseNotInPlaceOp = new("aten::bitwise_not_");
        static readonly Op bitwiseOrTensorOp = new("aten::bitwise_or", "Tensor");
        static readonly Op bitwiseOrTensorInPlaceOp = new("aten::bitwise_or_", "Tensor");
        static readonly Op bitwiseRightShiftTensorOp = new("aten::bitwise_right_shift", "Tensor");
        static readonly Op bitwiseRightShiftTensorInPlaceOp = new("aten::bitwise_right_shift_", "Tensor");
        static readonly Op bitwiseXorTensorOp = new("aten::bitwise_xor", "Tensor");
        static readonly Op bitwiseXorTensorInPlaceOp = new("aten::bitwise_xor_", "Tensor");
        static readonly Op logicalAndOp = new("aten::logical_and");
        static readonly Op logicalAndInPlaceOp = new("aten::logical_and_");
        static readonly Op logicalNotOp = new("aten::logical_not");
        static readonly Op logicalNotInPlaceOp = new("aten::logical_not_");
        static readonly Op logicalOrOp = new("aten::logical_or");
        static readonly Op logicalOrInPlaceOp = new("aten::logical_or_");
        static readonly Op logicalXorOp = new("aten::logical_xor");
        static readonly Op logicalXorInPlaceOp = new("aten::logical_xor_");

        public Tensor bitwise_and(Tensor other) => bitwiseAndTensorOp.Call(this, other);
        public Tensor bitwise_and_(Tensor other) => bitwiseAndTensorInPlaceOp.Apply(this, other);

        public Tensor bitwise_left_shift(Tensor other) => bitwiseLeftShiftTensorOp.Call(this, other);
        public Tensor bitwise_left_shift_(Tensor other) => bitwiseLeftShiftTensorInPlaceOp.Apply(this, other);

        public Tensor bitwise_not() => bitwiseNotOp.Call(this);
        public Tensor bitwise_not_() => bitwiseNotInPlaceOp.Apply(this);

        public Tensor bitwise_or(Tensor other) => bitwiseOrTensorOp.Call(this, other);
        public Tensor bitwise_or_(Tensor other) => bitwiseOrTensorInPlaceOp.Apply(this, other);

        public Tensor bitwise_right_shift(Tensor other) => bitwiseRightShiftTensorOp.Call(this, other);
        public Tensor bitwise_right_shift_(Tensor other) => bitwiseRightShiftTensorInPlaceOp.Apply(this, other);

        public Tensor bitwise_xor(Tensor other) => bitwiseXorTensorOp.Call(this, other);
        public Tensor bitwise_xor_(Tensor other) => bitwiseXorTensorInPlaceOp.Apply(this, other);

        public Tensor logical_and(Tensor other) => logicalAndOp.Call(this, other);
        public Tensor logical_and_(Tensor other) => logicalAndInPlaceOp.Apply(this, other);

        public Tensor logical_not() => logicalNotOp.Call(this);
        public Tensor logical_not_() => logicalNotInPlaceOp.Apply(this);

        public Tensor logical_or(Tensor other) => logicalOrOp.Call(this, other);
        public Tensor logical_or_(Tensor other) => logicalOrInPlaceOp.Apply(this, other);

        public Tensor logical_xor(Tensor other) => logicalXorOp.Call(this, other);
        public Tensor logical_xor_(Tensor other) => logicalXorInPlaceOp.Apply(this, other);
    }
}
