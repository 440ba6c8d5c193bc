using System.Text.Json;
using Stack.TorchSharp.Tests;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.optim.lr_scheduler;

namespace MLNet.Pruning.Offline.TorchSharp.Tests.Modules;

/// <summary>Where a version of the real library errs, the offline one keeps to PyTorch.</summary>
[TestClass]
public sealed class CorrectedTests
{
    static JsonElement Peers => Peer.Run("corrected.py").RootElement;

    static Tensor Input(string name) => Peer.Tensor(Peers.GetProperty("inputs").GetProperty(name));

    static Func<Tensor> Seeded(Func<Tensor> make) => () =>
    {
        manual_seed(41);
        return make();
    };

    [TestMethod]
    public void Values_are_PyTorchs() => Peer.Compare(Peers.GetProperty("values"), new()
    {
        ["l1"] = () => L1Loss().call(Input("x"), Input("y")),
        ["l1 summed"] = () => functional.l1_loss(Input("x"), Input("y"), Reduction.Sum),
        ["hardtanh"] = () => Hardtanh().call(Input("x")),
        ["hardtanh bounded"] = () => Hardtanh(-0.3, 0.2).call(Input("x")),
        ["truncated normal"] = Seeded(() => init.trunc_normal_(empty(4, 6, float64), 0.5, 2, -1, 1.5)),
        ["xavier normal"] = Seeded(() => init.xavier_normal_(empty(4, 6), 1.5)),
        ["orthogonal"] = Seeded(() => init.orthogonal_(empty(4, 6, float64), 3)),
        ["orthogonal upright"] = Seeded(() => init.orthogonal_(empty([5, 2, 2], float64))),
        ["group norm"] = () => GroupNorm(2, 4).weight!,
    }, 1e-7);

    [TestMethod]
    public void Learning_rates_are_PyTorchs() => Peer.Compare(Peers.GetProperty("rates"), new()
    {
        ["LinearLR"] = () => Rates(o => LinearLR(o, 0.25, 1.0, 6)),
        ["SequentialLR"] = () => Rates(o => SequentialLR(o, [ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)], [4])),
        ["OneCycleLR"] = () => Rates(o => OneCycleLR(o, [0.5, 0.3], total_steps: 20)),
        ["OneCycleLR to its end"] = () => Rates(o => OneCycleLR(o, 0.5, total_steps: 19), 1),
    });

    static Tensor Rates(Func<optim.Optimizer, LRScheduler> make, int groups = 2)
    {
        using var optimizer = optim.SGD(Enumerable.Range(0, groups).Select(k => new SGD.ParamGroup
        {
            Parameters = [new Parameter(zeros(2))],
            Options = new() { LearningRate = 0.1 / (k + 1) },
        }), 0.1, momentum: 0.9);
        var scheduler = make(optimizer);
        var found = new List<double>();
        for (var step = 0; step < 19; step++)
        {
            found.AddRange(optimizer.ParamGroups.Select(group => group.LearningRate));
            scheduler.step();
        }
        return tensor(found).view(-1, groups);
    }
}
