using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Products of vectors and matrices, and decompositions.
    public partial class Tensor
    {
        static readonly Op addbmmOp = new("aten::addbmm");
        static readonly Op addbmmInPlaceOp = new("aten::addbmm_");
        static readonly Op addmmOp = new("aten::addmm");
        static readonly Op addmmInPlaceOp = new("aten::addmm_");
        static readonly Op addmvOp = new("aten::addmv");
        static readonly Op addmvInPlaceOp = new("aten::addmv_");
        static readonly Op addrOp = new("aten::addr");
        static readonly Op addrInPlaceOp = new("aten::addr_");
        static readonly Op baddbmmOp = new("aten::baddbmm");
        static readonly Op bmmOp = new("aten::bmm");
        static readonly Op choleskyOp = new("aten::cholesky");
        static readonly Op choleskyInverseOp = new("aten::cholesky_inverse");
        static readonly Op choleskySolveOp = new("aten::cholesky_solve");
        static readonly Op linalgDetOp = new("aten::linalg_det");
        static readonly Op dotOp = new("aten::dot");
        static readonly Op geqrfOp = new("aten::geqrf");
        static readonly Op innerOp = new("aten::inner");
        static readonly Op linalgInvOp = new("aten::linalg_inv");
        static readonly Op kronOp = new("aten::kron");
        static readonly Op logdetOp = new("aten::logdet");
        static readonly Op matmulOp = new("aten::matmul");
        static readonly Op linalgMatrixExpOp = new("aten::linalg_matrix_exp");
        static readonly Op linalgMatrixPowerOp = new("aten::linalg_matrix_power");
        static readonly Op mmOp = new("aten::mm");
        static readonly Op mvOp = new("aten::mv");
        static readonly Op ormqrOp = new("aten::ormqr");
        static readonly Op outerOp = new("aten::outer");
        static readonly Op linalgPinvOp = new("aten::linalg_pinv");
        static readonly Op tensordotOp = new("aten::tensordot");
        static readonly Op traceOp = new("aten::trace");
        static readonly Op vdotOp = new("aten::vdot");

        public Tensor addbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => addbmmOp.Call(this, batch1, batch2, beta, alpha);
        public Tensor addbmm_(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => addbmmInPlaceOp.Apply(this, batch1, batch2, beta, alpha);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => addmmOp.Call(this, mat1, mat2, beta, alpha);
        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => addmmInPlaceOp.Apply(this, mat1, mat2, beta, alpha);

        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) => addmvOp.Call(this, mat, vec, beta, alpha);
        public Tensor addmv_(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) => addmvInPlaceOp.Apply(this, mat, vec, beta, alpha);

        public Tensor addr(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) => addrOp.Call(this, vec1, vec2, beta, alpha);
        public Tensor addr_(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) => addrInPlaceOp.Apply(this, vec1, vec2, beta, alpha);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) => baddbmmOp.Call(this, batch1, batch2, beta, alpha);

        public Tensor bmm(Tensor batch2) => bmmOp.Call(this, batch2);

        public Tensor cholesky(bool upper = false) => choleskyOp.Call(this, upper);

        public Tensor cholesky_inverse(bool upper = false) => choleskyInverseOp.Call(this, upper);

        public Tensor cholesky_solve(Tensor input2, bool upper = false) => choleskySolveOp.Call(this, input2, upper);

        public Tensor det() => linalgDetOp.Call(this);

        public Tensor dot(Tensor target) => dotOp.Call(this, target);

        public (Tensor a, Tensor tau) geqrf() => geqrfOp.Call2(this);

        public Tensor ger(Tensor vec2) => outer(vec2);

        public Tensor inner(Tensor vec2) => innerOp.Call(this, vec2);

        public Tensor inverse() => linalgInvOp.Call(this);

        public Tensor kron(Tensor other) => kronOp.Call(this, other);

        public Tensor logdet() => logdetOp.Call(this);

        public Tensor matmul(Tensor target) => matmulOp.Call(this, target);

        public Tensor matrix_exp() => linalgMatrixExpOp.Call(this);

        public Tensor matrix_power(int n) => linalgMatrixPowerOp.Call(this, n);

        public Tensor mm(Tensor target) => mmOp.Call(this, target);

        public Tensor mv(Tensor target) => mvOp.Call(this, target);

        public Tensor ormqr(Tensor tau, Tensor other, bool left = true, bool transpose = false) => ormqrOp.Call(this, tau, other, left, transpose);

        public Tensor outer(Tensor vec2) => outerOp.Call(this, vec2);

        public Tensor pinverse(double rcond = 1E-15, bool hermitian = false) => linalgPinvOp.Call(this, rcond, hermitian);

        public Tensor tensordot(Tensor b, long dims = 2) => tensordotOp.Call(this, b, Range(ndim - dims, dims), Range(0, dims));
        public Tensor tensordot(Tensor b, long[] dims1, long[] dims2) => tensordotOp.Call(this, b, dims1, dims2);
        public Tensor tensordot(Tensor b, (long, long)[] dims) => tensordotOp.Call(this, b, dims.Select(pair => pair.Item1).ToArray(), dims.Select(pair => pair.Item2).ToArray());

        public Tensor trace() => ndim == 2 ? traceOp.Call(this) : throw new ArgumentException($"Expected a matrix, but got tensor with ndim == {ndim}");

        public Tensor vdot(Tensor target) => vdotOp.Call(this, target);
    }
}
