using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;
using static TorchSharp.torch.optim.lr_scheduler;

namespace Stack.TorchSharp.Tests.Schedulers;

[TestClass]
public sealed class SchedulerTests
{
    static JsonElement Peers => Peer.Run("optim.py").RootElement;

    static readonly Dictionary<string, Func<Optimizer, LRScheduler>> schedulers = new()
    {
        ["StepLR"] = o => StepLR(o, 3, 0.5),
        ["MultiStepLR"] = o => MultiStepLR(o, [2, 5, 9], 0.3),
        ["ExponentialLR"] = o => ExponentialLR(o, 0.9),
        ["LambdaLR"] = o => LambdaLR(o, epoch => 1.0 / (1 + epoch)),
        ["MultiplicativeLR"] = o => MultiplicativeLR(o, epoch => 0.8 + 0.01 * epoch),
        ["CosineAnnealingLR"] = o => CosineAnnealingLR(o, 7, 0.001),
        ["ConstantLR"] = o => ConstantLR(o, 0.25, 4),
        ["OneCycleLR"] = o => OneCycleLR(o, 0.5, total_steps: 20, pct_start: 0.25, final_div_factor: 100),
        ["OneCycleLR in three phases"] = o =>
            OneCycleLR(o, [0.5, 0.2], epochs: 4, steps_per_epoch: 5, anneal_strategy: impl.OneCycleLR.AnnealStrategy.Linear, three_phase: true, pct_start: 0.4),
        ["PolynomialLR"] = o => PolynomialLR(o, 8, 2),
        ["ChainedLR"] = o => ChainedLR([ConstantLR(o, 0.1, 3), ExponentialLR(o, 0.9)]),
    };

    public static IEnumerable<object[]> Names => schedulers.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Rates_and_momenta_follow_PyTorchs(string name)
    {
        using var scope = NewDisposeScope();
        var peer = Peers.GetProperty("schedule " + name);
        var expected = Peer.Tensor(peer.GetProperty("rates"));
        var groups = expected.size(1);
        using var optimizer = SGD(
            Enumerable.Range(0, (int)groups).Select(k => new SGD.ParamGroup
            {
                Parameters = [new Parameter(zeros(2))],
                Options = new() { LearningRate = 0.1 / (k + 1) },
            }), 0.1, momentum: 0.9);
        var scheduler = schedulers[name](optimizer);
        var (rates, momenta) = (new List<double>(), new List<double>());
        for (var step = 0; step < expected.size(0); step++)
        {
            rates.AddRange(optimizer.ParamGroups.Select(group => group.LearningRate));
            momenta.AddRange(optimizer.ParamGroups.Select(group => ((IMomentum)group).Momentum));
            optimizer.step();
            scheduler.step();
        }
        Assert.IsNull(Peer.Difference(peer.GetProperty("rates"), tensor(rates).view(-1, groups), 1e-12), "rates");
        Assert.IsNull(Peer.Difference(peer.GetProperty("momenta"), tensor(momenta).view(-1, groups), 1e-12), "momenta");

    }

    [TestMethod]
    public void A_plateau_reduces_the_rate_as_PyTorch_does()
    {
        using var scope = NewDisposeScope();
        using var optimizer = SGD([new Parameter(zeros(2))], 0.1);
        var scheduler = ReduceLROnPlateau(optimizer, factor: 0.5, patience: 2, cooldown: 1, min_lr: [0.02]);
        var found = new List<double>();
        foreach (var metric in (double[])[5, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
        {
            scheduler.step(metric);
            found.Add(optimizer.ParamGroups.First().LearningRate);
        }
        Assert.IsNull(Peer.Difference(Peers.GetProperty("ReduceLROnPlateau").GetProperty("rates"), tensor(found)));
        Assert.ThrowsExactly<InvalidOperationException>(() => scheduler.step());
    }

    [TestMethod]
    public void Bad_settings_are_refused_at_once()
    {
        using var scope = NewDisposeScope();
        using var optimizer = SGD([new Parameter(zeros(2))], 0.1);
        Assert.ThrowsExactly<ArgumentException>(() => OneCycleLR(optimizer, 0.1));
        Assert.ThrowsExactly<ArgumentException>(() => OneCycleLR(optimizer, 0.1, total_steps: 10, pct_start: 1.5));
        Assert.ThrowsExactly<ArgumentException>(() => ReduceLROnPlateau(optimizer, factor: 1.5));
        Assert.ThrowsExactly<ArgumentException>(() => ReduceLROnPlateau(optimizer, mode: "best"));
        Assert.ThrowsExactly<ArgumentException>(() => SequentialLR(optimizer, [StepLR(optimizer, 2)], [3]));
    }
}
