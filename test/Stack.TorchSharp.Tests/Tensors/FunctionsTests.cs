using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class FunctionsTests : PeerInputs
{
    [TestMethod]
    public void Functions_agree_with_PyTorch() => Compare("functions", new()
    {
        ["exp"] = () => a.exp(),
        ["exp2"] = () => a.exp2(),
        ["expm1"] = () => a.expm1(),
        ["log"] = () => b.log(),
        ["log2"] = () => b.log2(),
        ["log10"] = () => b.log10(),
        ["log1p"] = () => b.log1p(),
        ["logit"] = () => (b / 2).logit(),
        ["logaddexp"] = () => torch.logaddexp(a, b),
        ["logsumexp"] = () => a.logsumexp(1),
        ["xlogy"] = () => torch.xlogy(a, b),
        ["erf"] = () => a.erf(),
        ["erfc"] = () => a.erfc(),
        ["erfinv"] = () => u.erfinv(),
        ["digamma"] = () => b.digamma(),
        ["lgamma"] = () => b.lgamma(),
        ["sinc"] = () => a.sinc(),
        ["i0"] = () => a.i0(),
        ["sigmoid"] = () => a.sigmoid(),
        ["sin"] = () => a.sin(),
        ["cos"] = () => a.cos(),
        ["tan"] = () => u.tan(),
        ["asin"] = () => u.asin(),
        ["acos"] = () => u.acos(),
        ["atan"] = () => a.atan(),
        ["atan2"] = () => torch.atan2(a, b),
        ["sinh"] = () => a.sinh(),
        ["cosh"] = () => a.cosh(),
        ["tanh"] = () => a.tanh(),
        ["asinh"] = () => a.asinh(),
        ["atanh"] = () => u.atanh(),
        ["ceil"] = () => a.ceil(),
        ["floor"] = () => a.floor(),
        ["round"] = () => a.round(),
        ["round decimals"] = () => a.round(2),
        ["trunc"] = () => a.trunc(),
        ["frac"] = () => a.frac(),
        ["relu"] = () => a.relu(),
        ["relu6"] = () => (a * 5).relu6(),
        ["leaky"] = () => a.leaky_relu(0.2),
        ["celu"] = () => a.celu(),
        ["selu"] = () => a.selu(),
        ["silu"] = () => a.silu(),
        ["gelu"] = () => a.gelu(),
        ["hardsigmoid"] = () => a.hardsigmoid(),
        ["hardswish"] = () => a.hardswish(),
        ["log_sigmoid"] = () => a.log_sigmoid(),
        ["softmax"] = () => a.softmax(1),
        ["softmax of float to double"] = () => f.softmax(0, float64),
        ["log_softmax"] = () => a.log_softmax(0),
    });
}
