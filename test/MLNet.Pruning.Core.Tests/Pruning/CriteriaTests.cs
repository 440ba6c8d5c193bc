using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class CriteriaTests
{
    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 20, LearningRate = 0.003, Seed = 3 };

    static nn.Module Build() => nn.Sequential(("conv", nn.Conv1d(1, 6, 3)), ("norm", nn.BatchNorm1d(6)), ("relu", nn.ReLU()), ("flat", nn.Flatten()),
        ("mid", nn.Linear(60, 8)), ("norm2", nn.BatchNorm1d(8)), ("relu2", nn.ReLU()), ("out", nn.Linear(8, 3)));

    static readonly Dictionary<string, IImportance> all = new()
    {
        ["contribution"] = new Contribution(),
        ["norm"] = new WeightNorm(),
        ["mean"] = new ActivationMean(),
        ["taylor"] = new Taylor(),
        ["slimming"] = new NetworkSlimming(),
        ["lrp"] = new Lrp(),
        ["zeros"] = new Apoz(),
        ["chance"] = new RandomImportance(7),
    };

    static (Dictionary<string, float[]> Model, TrainingHistory History) Run(string criterion, int replicas, double observe = 1) => Runs.Train(
        plain with { Replicas = replicas, Hooks = [new NeuronPruning { Importance = all[criterion], Schedule = Schedule.Stepwise(1, 1, 0.3, 0.5), ObserveFraction = observe }.Begin()] },
        new Rows(60, 12, (row, i) => (row * 31 + i * 17) % 23 / 23f, row => row % 3) { Shape = [1, 12] }, Build);

    [TestMethod]
    [DataRow("contribution")]
    [DataRow("norm")]
    [DataRow("mean")]
    [DataRow("taylor")]
    [DataRow("slimming")]
    [DataRow("lrp")]
    [DataRow("zeros")]
    [DataRow("chance")]
    public void Every_criterion_prunes_a_run_on_one_replica_and_on_two_and_again_the_same(string criterion)
    {
        foreach (var replicas in new[] { 1, 2 })
        {
            var (model, history) = Run(criterion, replicas);
            Assert.AreEqual((3, 4), (model["conv.bias"].Length, model["mid.bias"].Length));
            Assert.AreEqual(4 * 30, model["mid.weight"].Length);
            foreach (var group in history.Events.SelectMany(e => e.Groups))
            {
                Assert.HasCount(group.Before, group.Scores);
                Assert.IsTrue(group.Scores.All(double.IsFinite));
                Assert.IsGreaterThan(1, group.Scores.Distinct().Count());
            }
            var (again, _) = Run(criterion, replicas);
            Runs.AreSame(model, again);
        }
        // The last batch alone, watched from within the epoch.
        Assert.AreEqual(3, Run(criterion, 2, observe: 0.3).Model["conv.bias"].Length);
    }
}
