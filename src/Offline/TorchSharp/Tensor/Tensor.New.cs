using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // New tensors of this one's type and device, and fills of this one.
    public partial class Tensor
    {
        static readonly Op fillOp = new("aten::fill_", "Scalar");
        static readonly Op zeroOp = new("aten::zero_");
        static readonly Op zerosOutOp = new("aten::zeros", "out");
        static readonly Op onesOutOp = new("aten::ones", "out");
        static readonly Op emptyOutOp = new("aten::empty", "out");
        static readonly Op fullOutOp = new("aten::full", "out");
        static readonly Op eyeOutOp = new("aten::eye", "m_out");
        static readonly Op randOutOp = new("aten::rand", "out");
        static readonly Op randnOutOp = new("aten::randn", "out");
        static readonly Op randintOutOp = new("aten::randint", "out");
        static readonly Op arangeOutOp = new("aten::arange", "start_out");
        static readonly Op zerosLikeOp = new("aten::zeros_like");
        static readonly Op onesLikeOp = new("aten::ones_like");
        static readonly Op emptyLikeOp = new("aten::empty_like");
        static readonly Op fullLikeOp = new("aten::full_like");
        static readonly Op randLikeOp = new("aten::rand_like");
        static readonly Op randnLikeOp = new("aten::randn_like");
        static readonly Op randintLikeOp = new("aten::randint_like", "low_dtype");

        public Tensor fill_(Scalar value) => fillOp.Apply(this, value);

        public Tensor zero_() => zeroOp.Call(this);

        public Tensor zeros(params long[] sizes) => zerosOutOp.Call(sizes, this);

        public Tensor ones(params long[] sizes) => onesOutOp.Call(sizes, this);

        public Tensor empty(params long[] sizes) => emptyOutOp.Call(sizes, Arg.None, this);

        public Tensor full(long[] sizes, Scalar value) => fullOutOp.Call(sizes, value, this);

        public Tensor full(ReadOnlySpan<long> sizes, Scalar value) => fullOutOp.Call(sizes.ToArray(), value, this);

        public Tensor eye(long rows, long columns) => eyeOutOp.Call(rows, columns, this);

        public Tensor rand_out(params long[] sizes) => randOutOp.Call(sizes, this);

        public Tensor randn_out(params long[] sizes) => randnOutOp.Call(sizes, this);

        public Tensor randint_out(long high, long[] sizes) => randintOutOp.Call(high, sizes, this);

        public Tensor arange_out(Scalar start, Scalar stop, Scalar step) => arangeOutOp.Call(start, stop, step, this);

        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(zerosLikeOp, dtype, device, requires_grad);

        public Tensor ones_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(onesLikeOp, dtype, device, requires_grad);

        public Tensor empty_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(emptyLikeOp, dtype, device, requires_grad);

        public Tensor rand_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(randLikeOp, dtype, device, requires_grad);

        public Tensor randn_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(randnLikeOp, dtype, device, requires_grad);

        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Requiring(fullLikeOp.Call(this, value, dtype ?? this.dtype, Arg.None, device), requires_grad);

        public Tensor randint_like(long low, long high, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Requiring(randintLikeOp.Call(this, low, high, dtype ?? this.dtype, Arg.None, device), requires_grad);

        Tensor Like(Op op, ScalarType? type, Device? place, bool requiresGrad) => Requiring(op.Call(this, type, Arg.None, place), requiresGrad);

        static Tensor Requiring(Tensor made, bool requiresGrad) => requiresGrad ? made.requires_grad_() : made;

        public Tensor new_empty(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_empty((long[])[size], dtype, device, requires_grad);

        public Tensor new_empty(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_empty((long[])[rows, columns], dtype, device, requires_grad);

        public Tensor new_empty(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_empty((long[])[dim0, dim1, dim2], dtype, device, requires_grad);

        public Tensor new_empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_empty((long[])[dim0, dim1, dim2, dim3], dtype, device, requires_grad);

        public Tensor new_empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.empty(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_empty(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.empty(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_zeros((long[])[size], dtype, device, requires_grad);

        public Tensor new_zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_zeros((long[])[rows, columns], dtype, device, requires_grad);

        public Tensor new_zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_zeros((long[])[dim0, dim1, dim2], dtype, device, requires_grad);

        public Tensor new_zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_zeros((long[])[dim0, dim1, dim2, dim3], dtype, device, requires_grad);

        public Tensor new_zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.zeros(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_zeros(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.zeros(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_ones([size], dtype, device, requires_grad);

        public Tensor new_ones(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_ones([rows, columns], dtype, device, requires_grad);

        public Tensor new_ones(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_ones([dim0, dim1, dim2], dtype, device, requires_grad);

        public Tensor new_ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_ones([dim0, dim1, dim2, dim3], dtype, device, requires_grad);

        Tensor new_ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.ones(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_full(long size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_full((long[])[size], value, dtype, device, requires_grad);

        public Tensor new_full(long rows, long columns, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_full((long[])[rows, columns], value, dtype, device, requires_grad);

        public Tensor new_full(long dim0, long dim1, long dim2, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_full((long[])[dim0, dim1, dim2], value, dtype, device, requires_grad);

        public Tensor new_full(long dim0, long dim1, long dim2, long dim3, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            new_full((long[])[dim0, dim1, dim2, dim3], value, dtype, device, requires_grad);

        public Tensor new_full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.full(size, value, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            torch.full(size, value, dtype ?? this.dtype, device ?? this.device, requires_grad);
    }
}
