using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Linear algebra under PyTorch's own module name.
    public static partial class linalg
    {
        static readonly Op choleskyOp = new("aten::linalg_cholesky");
        static readonly Op condOp = new("aten::linalg_cond");
        static readonly Op condNameOp = new("aten::linalg_cond", "p_str");
        static readonly Op crossOp = new("aten::linalg_cross");
        static readonly Op detOp = new("aten::linalg_det");
        static readonly Op slogdetOp = new("aten::linalg_slogdet");
        static readonly Op eigOp = new("aten::linalg_eig");
        static readonly Op eighOp = new("aten::linalg_eigh");
        static readonly Op eigvalsOp = new("aten::linalg_eigvals");
        static readonly Op eigvalshOp = new("aten::linalg_eigvalsh");
        static readonly Op invOp = new("aten::linalg_inv");
        static readonly Op lstsqOp = new("aten::linalg_lstsq");
        static readonly Op luOp = new("aten::linalg_lu");
        static readonly Op luFactorOp = new("aten::linalg_lu_factor");
        static readonly Op matrixNormOp = new("aten::linalg_matrix_norm");
        static readonly Op matrixNormNameOp = new("aten::linalg_matrix_norm", "str_ord");
        static readonly Op matrixRankOp = new("aten::linalg_matrix_rank", "atol_rtol_float");
        static readonly Op matrixRankTensorOp = new("aten::linalg_matrix_rank", "atol_rtol_tensor");
        static readonly Op multiDotOp = new("aten::linalg_multi_dot");
        static readonly Op normOp = new("aten::linalg_norm");
        static readonly Op normNameOp = new("aten::linalg_norm", "ord_str");
        static readonly Op vectorNormOp = new("aten::linalg_vector_norm");
        static readonly Op pinvOp = new("aten::linalg_pinv", "atol_rtol_float");
        static readonly Op pinvTensorOp = new("aten::linalg_pinv", "atol_rtol_tensor");
        static readonly Op qrOp = new("aten::linalg_qr");
        static readonly Op solveOp = new("aten::linalg_solve");
        static readonly Op solveTriangularOp = new("aten::linalg_solve_triangular");
        static readonly Op svdOp = new("aten::linalg_svd");
        static readonly Op svdvalsOp = new("aten::linalg_svdvals");

        public enum QRMode
        {
            Reduced = 0,
            Complete = 1,
            R = 2,
        }

        public static Tensor cholesky(Tensor input) => choleskyOp.Call(input);

        public static Tensor cond(Tensor input) => condOp.Call(input);
        public static Tensor cond(Tensor input, int p) => condOp.Call(input, p);
        public static Tensor cond(Tensor input, double p) => condOp.Call(input, p);
        public static Tensor cond(Tensor input, string p) => condNameOp.Call(input, p);

        public static Tensor cross(Tensor input, Tensor other, long dim = -1) => crossOp.Call(input, other, dim);

        public static Tensor det(Tensor input) => detOp.Call(input);

        public static (Tensor, Tensor) slogdet(Tensor input) => slogdetOp.Call2(input);

        public static Tensor diagonal(Tensor input, int offset = 0, int dim1 = -2, int dim2 = -1) => input.diagonal(offset, dim1, dim2);

        public static (Tensor, Tensor) eig(Tensor input) => eigOp.Call2(input);

        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') => eighOp.Call2(input, UPLO.ToString());

        public static Tensor eigvals(Tensor input) => eigvalsOp.Call(input);

        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') => eigvalshOp.Call(input, UPLO.ToString());

        public static Tensor inv(Tensor input) => invOp.Call(input);

        public static (Tensor Solution, Tensor Residuals, Tensor Rank, Tensor SingularValues) lstsq(Tensor input, Tensor other) =>
            lstsqOp.Call4(input, other);

        public static (Tensor Solution, Tensor Residuals, Tensor Rank, Tensor SingularValues) lstsq(Tensor input, Tensor other, double rcond) =>
            lstsqOp.Call4(input, other, rcond);

        public static (Tensor P, Tensor L, Tensor U) lu(Tensor input, bool pivot = true) => luOp.Call3(input, pivot);

        public static (Tensor LU, Tensor? Pivots) lu_factor(Tensor input, bool pivot = true) => luFactorOp.Call2(input, pivot);

        public static Tensor matrix_exp(Tensor input) => input.matrix_exp();

        public static Tensor matrix_norm(Tensor input, string ord = "fro", long[]? dims = null, bool keepdim = false) =>
            matrixNormNameOp.Call(input, ord == "fro" ? "fro" : "nuc", dims ?? [-2, -1], keepdim);

        public static Tensor matrix_norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) =>
            matrixNormOp.Call(input, ord, dims ?? [-2, -1], keepdim);

        public static Tensor matrix_rank(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            matrixRankOp.Call(input, atol, rtol, hermitian);

        public static Tensor matrix_rank(Tensor input, Tensor atol, Tensor? rtol = null, bool hermitian = false) =>
            matrixRankTensorOp.Call(input, atol, rtol, hermitian);

        public static Tensor multi_dot(IList<Tensor> tensors) => tensors.Count switch
        {
            0 => throw new ArgumentException(nameof(tensors)),
            1 => tensors[0].alias(),
            _ => multiDotOp.Call(tensors.ToArray()),
        };

        public static Tensor norm(Tensor input, string ord, long[]? dims = null, bool keepdim = false) => normNameOp.Call(input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) => normOp.Call(input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, int ord, long[]? dims = null, bool keepdim = false) => normOp.Call(input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, long[]? dims = null, bool keepdim = false) => normOp.Call(input, Arg.None, dims, keepdim);

        public static Tensor vector_norm(Tensor input, double ord = 2, long[]? dims = null, bool keepdim = false) =>
            vectorNormOp.Call(input, ord, dims, keepdim);

        public static Tensor pinv(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            pinvOp.Call(input, atol, rtol, hermitian);

        public static Tensor pinv(Tensor input, Tensor atol, Tensor? rtol = null, bool hermitian = false) =>
            pinvTensorOp.Call(input, atol, rtol, hermitian);

        public static (Tensor Q, Tensor R) qr(Tensor input, QRMode mode = QRMode.Reduced) =>
            qrOp.Call2(input, mode switch { QRMode.Complete => "complete", QRMode.R => "r", _ => "reduced" });

        public static Tensor solve(Tensor A, Tensor B, bool left = true) => solveOp.Call(A, B, left);

        public static Tensor solve_triangular(Tensor A, Tensor B, bool upper, bool left = true, bool unitriangular = false, Tensor? @out = null)
        {
            var solution = solveTriangularOp.Call(A, B, upper, left, unitriangular);
            if (@out is null)
                return solution;
            @out.copy_(solution);
            solution.Dispose();
            return @out.alias();
        }

        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true) => svdOp.Call3(input, fullMatrices);

        public static Tensor svdvals(Tensor input) => svdvalsOp.Call(input);
    }
}
