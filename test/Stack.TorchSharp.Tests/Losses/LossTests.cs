using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Stack.TorchSharp.Tests.Losses;

[TestClass]
public sealed class LossTests
{
    static JsonElement Peers => Peer.Run("losses.py").RootElement;

    static Tensor Weight => Peer.Tensor(Peers.GetProperty("weight").GetProperty("value"));

    static readonly Dictionary<string, Func<Tensor, Tensor, Tensor>> functions = new()
    {
        ["cross entropy"] = (x, t) => functional.cross_entropy(x, t),
        ["cross entropy weighted"] = (x, t) => functional.cross_entropy(x, t, Weight),
        ["cross entropy ignoring"] = (x, t) => functional.cross_entropy(x, t, ignore_index: 2),
        ["cross entropy smoothed"] = (x, t) => functional.cross_entropy(x, t, label_smoothing: 0.1),
        ["cross entropy smoothed and weighted"] = (x, t) => functional.cross_entropy(x, t, Weight, reduction: Reduction.Sum, label_smoothing: 0.2),
        ["cross entropy of each"] = (x, t) => functional.cross_entropy(x, t, reduction: Reduction.None),
        ["cross entropy of shares"] = (x, t) => functional.cross_entropy(x, t),
        ["cross entropy over images"] = (x, t) => functional.cross_entropy(x, t),
        ["nll"] = (x, t) => functional.nll_loss(x, t),
        ["nll weighted"] = (x, t) => functional.nll_loss(x, t, Weight, Reduction.Sum),
        ["nll over images"] = (x, t) => functional.nll_loss(x, t, Weight),
        ["mse"] = (x, t) => functional.mse_loss(x, t),
        ["mse of each"] = (x, t) => functional.mse_loss(x, t, Reduction.None),
        ["smooth l1"] = (x, t) => functional.smooth_l1_loss(x, t),
        ["smooth l1 narrow"] = (x, t) => functional.smooth_l1_loss(x, t, beta: 0.3),
        ["huber"] = (x, t) => functional.huber_loss(x, t, 0.7),
        ["binary cross entropy"] = (x, t) => functional.binary_cross_entropy(x, t),
        ["binary cross entropy weighted"] = (x, t) => functional.binary_cross_entropy(x, t, Weight, Reduction.Sum),
        ["binary cross entropy with logits"] = (x, t) => functional.binary_cross_entropy_with_logits(x, t),
        ["binary cross entropy with logits weighted"] = (x, t) => functional.binary_cross_entropy_with_logits(x, t, Weight, pos_weights: Weight + 1),
        ["kl"] = (x, t) => functional.kl_div(x, t, false),
        ["kl summed of logarithms"] = (x, t) => functional.kl_div(x, t, reduction: Reduction.Sum),
        ["soft margin"] = (x, t) => functional.soft_margin_loss(x, t),
    };

    static readonly Dictionary<string, Func<Module<Tensor, Tensor, Tensor>>> modules = new()
    {
        ["cross entropy"] = () => CrossEntropyLoss(),
        ["cross entropy weighted"] = () => CrossEntropyLoss(Weight),
        ["cross entropy ignoring"] = () => CrossEntropyLoss(ignore_index: 2),
        ["cross entropy smoothed"] = () => new CrossEntropyLoss(label_smoothing: 0.1),
        ["cross entropy smoothed and weighted"] = () => new CrossEntropyLoss(Weight, null, Reduction.Sum, 0.2),
        ["cross entropy of each"] = () => CrossEntropyLoss(reduction: Reduction.None),
        ["cross entropy of shares"] = () => CrossEntropyLoss(),
        ["cross entropy over images"] = () => CrossEntropyLoss(),
        ["nll"] = () => NLLLoss(),
        ["nll weighted"] = () => NLLLoss(Weight, Reduction.Sum),
        ["nll over images"] = () => NLLLoss(Weight),
        ["mse"] = () => MSELoss(),
        ["mse of each"] = () => MSELoss(Reduction.None),
        ["smooth l1"] = () => SmoothL1Loss(),
        ["smooth l1 narrow"] = () => SmoothL1Loss(beta: 0.3),
        ["huber"] = () => HuberLoss(0.7),
        ["binary cross entropy"] = () => BCELoss(),
        ["binary cross entropy weighted"] = () => BCELoss(Weight, Reduction.Sum),
        ["binary cross entropy with logits"] = () => BCEWithLogitsLoss(),
        ["binary cross entropy with logits weighted"] = () => BCEWithLogitsLoss(Weight, pos_weights: Weight + 1),
        ["kl"] = () => KLDivLoss(false),
        ["kl summed of logarithms"] = () => KLDivLoss(reduction: Reduction.Sum),
        ["soft margin"] = () => SoftMarginLoss(),
    };

    public static IEnumerable<object[]> Names => functions.Keys.Select(name => new object[] { name });

    [TestMethod]
    public void Every_loss_of_the_peer_is_compared()
    {
        var names = Peers.EnumerateObject().Select(p => p.Name).Where(name => name != "weight").ToList();
        CollectionAssert.AreEquivalent(names, functions.Keys.ToList());
        CollectionAssert.AreEquivalent(names, modules.Keys.ToList());
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_loss_and_its_gradients_are_PyTorchs(string name)
    {
        using var scope = NewDisposeScope();
        Compare(name, functions[name]);
        using var module = modules[name]();
        Compare(name, module.call);
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradients_are_the_slopes_of_the_loss(string name)
    {
        using var scope = NewDisposeScope();
        var peer = Peers.GetProperty(name);
        var x = Peer.Tensor(peer.GetProperty("input")).requires_grad_();
        var target = Target(peer);
        var gradients = autograd.grad([Weighted(functions[name](x, target))], [x]);
        Slopes.AssertEqual(x, gradients[0], () => Weighted(functions[name](x, target)).item<double>());
    }

    static void Compare(string name, Func<Tensor, Tensor, Tensor> loss)
    {
        var peer = Peers.GetProperty(name);
        var x = Peer.Tensor(peer.GetProperty("input")).requires_grad_();
        var target = Target(peer);
        var learned = peer.TryGetProperty("target gradient", out var slope);
        if (learned)
            target.requires_grad_();
        var y = loss(x, target);
        Assert.IsNull(Peer.Difference(peer.GetProperty("output"), y), "output");
        var gradients = autograd.grad([Weighted(y)], learned ? [x, target] : [x]);
        Assert.IsNull(Peer.Difference(peer.GetProperty("gradient"), gradients[0]), "gradient");
        if (learned)
            Assert.IsNull(Peer.Difference(slope, gradients[1]), "gradient of the target");
    }

    static Tensor Target(JsonElement peer)
    {
        var target = peer.GetProperty("target");
        return Peer.Tensor(target, target.GetProperty("dtype").GetString() == "int64" ? int64 : float64);
    }

    static Tensor Weighted(Tensor output) => (output * arange(output.numel(), float64).cos().view(output.shape)).sum();
}
