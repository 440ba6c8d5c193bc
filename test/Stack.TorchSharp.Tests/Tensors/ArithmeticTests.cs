using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Tensors;

[TestClass]
public sealed class ArithmeticTests : PeerInputs
{
    [TestMethod]
    public void Arithmetic_agrees_with_PyTorch() => Compare("arithmetic", new()
    {
        ["add"] = () => a + b,
        ["add alpha"] = () => a.add(b, 2.5),
        ["add scalar"] = () => a + 2,
        ["add scalar alpha"] = () => a.add(2, 3),
        ["subtract"] = () => a - b,
        ["subtract from"] = () => 2.5 - a,
        ["multiply"] = () => a * b,
        ["multiply float by scalar keeps float"] = () => f * 2.5,
        ["divide"] = () => a / b,
        ["divide scalar by"] = () => 3 / b,
        ["divide integers"] = () => j / k,
        ["divide floor"] = () => a.div(b, RoundingMode.floor),
        ["divide trunc scalar"] = () => a.div(0.3, RoundingMode.trunc),
        ["floor_divide"] = () => a.floor_divide(b),
        ["remainder"] = () => a % b,
        ["remainder scalar"] = () => a % 0.7,
        ["fmod"] = () => torch.fmod(a, b),
        ["negate"] = () => -a,
        ["pow"] = () => b.pow(a),
        ["pow scalar"] = () => a.pow(3),
        ["square"] = () => a.square(),
        ["sqrt"] = () => b.sqrt(),
        ["rsqrt"] = () => b.rsqrt(),
        ["reciprocal"] = () => b.reciprocal(),
        ["abs"] = () => a.abs(),
        ["sign"] = () => a.sign(),
        ["signbit"] = () => a.signbit(),
        ["clamp"] = () => a.clamp(-0.5, 0.5),
        ["clamp min"] = () => a.clamp(min: 0),
        ["clamp tensor"] = () => a.clamp(u, b),
        ["clamp_max"] = () => a.clamp_max(0.1),
        ["lerp"] = () => torch.lerp(a, b, u),
        ["hypot"] = () => torch.hypot(a, b),
        ["addcmul"] = () => torch.addcmul(a, b, u, 0.5),
        ["addcdiv"] = () => torch.addcdiv(a, u, b, 0.5),
        ["gcd"] = () => torch.gcd(j, k),
        ["lcm"] = () => torch.lcm(j, k),
        ["nan_to_num"] = () => torch.nan_to_num(n, 0.5, 9, -9),
        ["in place add"] = () => a.clone().add_(b),
        ["in place scale"] = () => a.clone().mul_(3),
        ["in place div"] = () => a.clone().div_(b),
        ["in place sub"] = () => a.clone().sub_(1),
        ["in place clamp"] = () => a.clone().clamp_(-0.2, 0.2),
        ["mixed types"] = () => j + f[..2],
        ["int and float scalar"] = () => j * 0.5,
        ["bool and int"] = () => m[..2] + j,
    });
}
