using TorchSharp;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class ComparisonTests : PeerInputs
{
    [TestMethod]
    public void Comparisons_and_logic_agree_with_PyTorch() => Compare("comparison", new()
    {
        ["eq"] = () => s == 2,
        ["eq tensor"] = () => s.eq(s.flip(0)),
        ["ne"] = () => s != 2,
        ["lt"] = () => a < b,
        ["le"] = () => a <= 0.5,
        ["gt"] = () => a > b,
        ["ge"] = () => 0.5 >= a,
        ["isnan"] = () => n.isnan(),
        ["isinf"] = () => n.isinf(),
        ["isfinite"] = () => n.isfinite(),
        ["isclose"] = () => a.isclose(a + 1e-9),
        ["isin"] = () => torch.isin(i, r),
        ["maximum"] = () => torch.maximum(a, b),
        ["minimum"] = () => torch.minimum(a, b),
        ["fmax"] = () => torch.fmax(n, -n),
        ["and"] = () => m & ~m.flip(0),
        ["or"] = () => m | m.flip(0),
        ["xor"] = () => m ^ m.flip(0),
        ["logical_and"] = () => torch.logical_and(m, a > 0),
        ["logical_not"] = () => m.logical_not(),
        ["bitwise_and"] = () => j & k,
        ["shift"] = () => k.abs().bitwise_left_shift(torch.tensor(2L)),
    });
}
