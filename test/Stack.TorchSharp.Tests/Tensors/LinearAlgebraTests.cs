using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class LinearAlgebraTests : PeerInputs
{
    [TestMethod]
    public void Linear_algebra_agrees_with_PyTorch() => Compare("linear algebra", new()
    {
        ["matmul"] = () => a.matmul(c),
        ["mm"] = () => a.mm(c),
        ["batched"] = () => t.matmul(c),
        ["bmm"] = () => t.bmm(t.transpose(1, 2)),
        ["mv"] = () => a.mv(v),
        ["dot"] = () => v.dot(w),
        ["vdot"] = () => torch.vdot(v, w),
        ["outer"] = () => v.outer(w),
        ["inner"] = () => v.inner(w),
        ["addmm"] = () => p[.., ..2].addmm(a, c, 0.5f, 2),
        ["addmv"] = () => p[0].addmv(a, v),
        ["einsum"] = () => torch.einsum("bij,jk->bik", t, c),
        ["tensordot dims"] = () => torch.tensordot(a, b, new long[] { 0, 1 }, new long[] { 0, 1 }),
        ["kron"] = () => p.kron(c),
        ["cdist"] = () => torch.cdist(a, b),
        ["det"] = () => p.det(),
        ["slogdet"] = () => torch.linalg.slogdet(p).Item2,
        ["inverse"] = () => p.inverse(),
        ["solve"] = () => torch.linalg.solve(p, a),
        ["pinv"] = () => torch.linalg.pinv(a),
        ["svdvals"] = () => torch.linalg.svdvals(a),
        ["eigvalsh"] = () => torch.linalg.eigvalsh(p.matmul(p.T)),
        ["cholesky"] = () => torch.linalg.cholesky(p.matmul(p.T) + torch.eye(3, dtype: float64)),
        ["qr R"] = () => torch.linalg.qr(a).R.abs(),
        ["matrix_power"] = () => p.matrix_power(3),
        ["trace"] = () => p.trace(),
        ["matrix_rank"] = () => torch.linalg.matrix_rank(a),
        ["multi_dot"] = () => torch.linalg.multi_dot([p, a, c]),
    }, tolerance: 1e-9);
}
