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
        ["lrp by epsilon"] = new Lrp(LrpRule.Epsilon),
        ["lasso"] = new LassoReconstruction(),
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
    [DataRow("lrp by epsilon")]
    [DataRow("lasso")]
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

    [TestMethod]
    public void Network_slimming_removes_what_is_below_one_threshold_and_fine_tunes_without_its_penalty()
    {
        var penalties = new List<float[]>();
        var (model, history) = Runs.Train(
            plain with
            {
                Hooks = [new NeuronPruning
                {
                    Importance = new NetworkSlimming(50), Scope = PruningScope.Global, Normalization = ScoreNormalization.None,
                    Schedule = Schedule.OneShot(2, 0.5),
                }.Begin(), new Gradients(penalties)],
            },
            new Rows(60, 12, (row, i) => (row * 31 + i * 17) % 23 / 23f, row => row % 3) { Shape = [1, 12] }, Build);
        var scores = history.Events.Single().Groups.SelectMany((g, group) => g.Scores.Select((score, neuron) => (score, group, neuron))).ToArray();
        // 7 of the 14 channels go, whatever layer they are in.
        var expected = scores.OrderBy(s => s.score).Take(7).ToArray();
        for (var g = 0; g < 2; g++)
            CollectionAssert.AreEqual(expected.Where(s => s.group == g).Select(s => s.neuron).Order().ToArray(), history.Events[0].Groups[g].Removed.ToArray());
        // Three steps an epoch: a penalty of 50 is all that shows in the gradient of a scale, until it stops.
        Assert.HasCount(12, penalties);
        Assert.IsTrue(penalties.Take(6).All(g => g.All(v => Math.Abs(v) > 40)));
        Assert.IsTrue(penalties.Skip(6).All(g => g.All(v => Math.Abs(v) < 10)));
        Assert.AreEqual(7, model["norm.weight"].Length + model["norm2.weight"].Length);
    }

    sealed class Gradients(List<float[]> seen) : ITrainingHook
    {
        public void AfterBackward(TrainingRun run) => seen.Add(run.Model.get_parameter("norm.weight")!.grad!.data<float>().ToArray());
    }

    [TestMethod]
    public void Scores_are_divided_by_the_mean_or_by_the_norm_of_their_group()
    {
        double[][] scores = [[3, 4], [0, 0], [1, 1, 1, 1]];
        foreach (var (normalization, first, last) in new[] { (ScoreNormalization.Mean, 3 / 3.5, 1.0), (ScoreNormalization.Euclidean, 0.6, 0.5), (ScoreNormalization.None, 3, 1) })
        {
            var normalized = NeuronScores.Normalized(scores, normalization);
            Assert.AreEqual((first, 0, last), (normalized[0][0], normalized[1][1], normalized[2][3]));
        }
    }
}
