using MLNet.Pruning.Tests.Models;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class TransformerPruningTests
{
    static readonly TrainingOptions plain = new() { Epochs = 5, BatchSize = 20, LearningRate = 0.003, Replicas = 2, Optimizer = OptimizerKind.AdamW };

    static VitBlueprint Plan { get; } = new([1, 8, 8], 2, 3, 12, [4, 2], 3, [10, 8]);

    static Rows Images { get; } = Peer.Images(60, Plan.Image, 3);

    static NeuronPruning Half(IImportance importance) => new() { Importance = importance, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.5), Verify = true };

    [TestMethod]
    [DataRow("contribution", 0.0, VitPooling.Mean)]
    [DataRow("taylor", 6.0, VitPooling.ClassToken)]
    [DataRow("norm", 6.0, VitPooling.Mean)]
    public void Heads_hidden_neurons_and_width_go_as_it_trains(string criterion, double merge, VitPooling pooling)
    {
        IImportance importance = criterion switch { "contribution" => new Contribution(), "taylor" => new Taylor(), _ => new WeightNorm() };
        var plan = Plan with { Merge = merge, Pooling = pooling };
        var shapes = new Hook
        {
            OnAfterStep = run =>
            {
                using var scope = NewDisposeScope();
                foreach (var (name, parameter) in run.Model.named_parameters())
                    foreach (var (key, kept) in run.Optimizer.GetState(parameter)!.Tensors)
                        CollectionAssert.AreEqual(parameter.shape, kept.shape, $"{name} {key}");
            },
        };
        var (trained, history) = Train(plan, Half(importance).Begin(), shapes);
        using var model = trained;
        Assert.AreEqual(plan with { Dim = 6, Heads = [2, 1], Hidden = [5, 4] }, Blueprint.Of(model));
        Assert.IsTrue(history.Events.Any(e => e.Groups.Any(g => g.Name == "blocks.0.attention.qkv" && g.After < g.Before)));
        Assert.IsLessThan(history.Epochs[0].Loss, history.Epochs[^1].Loss);
        Peer.Survives((Vit)model, Blueprint.Of(model));
    }

    [TestMethod]
    public void Weights_are_masked_as_neurons_go()
    {
        var pruning = new CombinedPruning(new WeightPruning { Schedule = Schedule.Constant(0.6, 1), Every = 2 }, Half(FixedScores.WeightSums));
        var (trained, history) = Train(Plan, pruning.Begin());
        using var model = trained;
        Assert.AreEqual(Plan with { Dim = 6, Heads = [2, 1], Hidden = [5, 4] }, Blueprint.Of(model));
        var qkv = model.get_parameter("blocks.0.attention.qkv.weight")!;
        CollectionAssert.AreEqual(new long[] { 3 * 2 * 3, 6 }, qkv.shape);
        Assert.AreEqual((int)Math.Round(0.6 * qkv.NumberOfElements), qkv.eq(Scalars.Zero).sum().item<long>());
        Assert.IsTrue(history.Epochs.All(e => double.IsFinite(e.Loss)));
    }

    [TestMethod]
    public void Pruning_it_twice_from_the_same_seed_gives_the_same_model()
    {
        var first = Train(Plan, Half(new Contribution()).Begin());
        var second = Train(Plan, Half(new Contribution()).Begin());
        using var one = first.Model;
        using var two = second.Model;
        Runs.AreSame(Runs.Values(one), Runs.Values(two));
    }

    static (nn.Module Model, TrainingHistory History) Train(VitBlueprint plan, params ITrainingHook[] hooks)
    {
        random.manual_seed(7);
        var (model, history) = new TrainingLoop(plain with { Hooks = hooks }).Run(new TrainingTask { Model = plan.Build(), Copy = plan.Build, Examples = Images, Objective = new CrossEntropy(3) });
        return (model, history);
    }
}
