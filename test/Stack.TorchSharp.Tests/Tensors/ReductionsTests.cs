using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class ReductionsTests : PeerInputs
{
    [TestMethod]
    public void Reductions_agree_with_PyTorch() => Compare("reductions", new()
    {
        ["sum"] = () => a.sum(),
        ["sum dim"] = () => a.sum(0L),
        ["sum dims keep"] = () => t.sum(0, 2, keepdim: true),
        ["sum to type"] = () => f.sum(float64),
        ["sum of bools"] = () => m.sum(),
        ["mean"] = () => a.mean(),
        ["mean dims"] = () => t.mean([1, 2]),
        ["var"] = () => a.var(),
        ["var dim"] = () => a.var(1, false, true),
        ["std"] = () => a.std(),
        ["std dims"] = () => t.std((0, 1)),
        ["std_mean std"] = () => a.std_mean(1).std,
        ["std_mean mean"] = () => a.std_mean(1).mean,
        ["min"] = () => a.min(),
        ["max"] = () => a.max(),
        ["max dim values"] = () => s.max(1).values,
        ["max dim indices"] = () => s.max(1).indexes,
        ["min dim keep"] = () => s.min(0, true).values,
        ["amax"] = () => t.amax(0, 2),
        ["amin keep"] = () => t.amin(new long[] { 1 }, true),
        ["aminmax"] = () => a.aminmax(1).max,
        ["argmax"] = () => a.argmax(),
        ["argmax dim"] = () => a.argmax(1),
        ["argmin keep"] = () => a.argmin(0, true),
        ["all"] = () => m.all(),
        ["all dim"] = () => m.all(1),
        ["any dim"] = () => m.any(0),
        ["norm"] = () => a.norm(),
        ["norm 1"] = () => a.norm(1f),
        ["norm dim"] = () => a.norm(1, false, 3),
        ["vector_norm"] = () => torch.linalg.vector_norm(a, 1, [0]),
        ["linalg norm"] = () => torch.linalg.norm(a),
        ["matrix norm"] = () => torch.linalg.norm(a, "nuc"),
        ["dist"] = () => a.dist(b),
        ["cumsum"] = () => a.cumsum(1),
        ["cumprod"] = () => a.cumprod(0),
        ["cummax"] = () => s.cummax(1).Item1,
        ["logcumsumexp"] = () => a.logcumsumexp(1),
        ["count_nonzero"] = () => (a > 0).count_nonzero(),
        ["median"] = () => a.median(),
        ["quantile"] = () => a.quantile(torch.tensor(new[] { 0.25, 0.5 }), 1),
        ["nansum"] = () => torch.tensor(new[] { 1f, float.NaN, 2f }).nansum(),
        ["mode"] = () => i.mode(1).values,
        ["diff"] = () => a.diff(),
        ["cov"] = () => a.cov(),
        ["bincount"] = () => i.flatten().bincount(null),
        ["histc"] = () => a.histc(5, -2, 2),
        ["trapezoid"] = () => a.trapezoid(0.5),
    });
}
