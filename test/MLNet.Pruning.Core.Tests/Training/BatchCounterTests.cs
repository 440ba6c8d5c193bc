using MLNet.Pruning.Tests.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class BatchCounterTests
{
    static readonly ConvNetBlueprint blueprint = new([1, 8, 8], [4, 6], [10], 3, BatchNorm: true);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_run_counts_the_batches_that_batch_norms_have_seen_and_leaves_counting_to_them(int replicas)
    {
        using var model = blueprint.Build();
        new TrainingLoop(new TrainingOptions { Epochs = 3, BatchSize = 8, Replicas = replicas }).Run(new TrainingTask
        {
            Model = model,
            Copy = blueprint.Build,
            Examples = Peer.Images(40, [1, 8, 8], 3),
            Objective = new CrossEntropy(3),
        });
        Assert.AreEqual(15, Counts(model).Single());

        using var scope = NewDisposeScope();
        model.train();
        model.call(zeros(2, 1, 8, 8));
        Assert.AreEqual(16, Counts(model).Single());
    }

    [TestMethod]
    public void A_run_that_is_refused_leaves_counting_to_the_model()
    {
        using var model = blueprint.Build();
        var task = new TrainingTask
        {
            Model = model,
            Copy = (blueprint with { Hidden = [11] }).Build,
            Examples = Peer.Images(40, [1, 8, 8], 3),
            Objective = new CrossEntropy(3),
        };
        Assert.ThrowsExactly<ArgumentException>(() => new TrainingLoop(new TrainingOptions { Epochs = 1, BatchSize = 8, Replicas = 2 }).Run(task));
        using var scope = NewDisposeScope();
        model.train();
        model.call(zeros(2, 1, 8, 8));
        Assert.AreEqual(1, Counts(model).Single());
    }

    [TestMethod]
    public void Norms_that_average_over_all_batches_count_by_themselves()
    {
        using var model = nn.Sequential(("norm", nn.BatchNorm1d(12)), ("out", nn.Linear(12, 3)));
        var norm = (BatchNorm1d)model.children().First();
        norm.momentum = null;
        var seen = new List<float>();
        var hook = new Hook { OnAfterStep = _ => seen.Add(norm.running_mean!.data<float>()[0]) };
        var batches = new[] { 2f, 4f, 9f };
        var rows = new Rows(12, 12, (row, _) => batches[row / 4], _ => 0);
        new TrainingLoop(new TrainingOptions { Epochs = 1, BatchSize = 4, Replicas = 1, Shuffle = false, Hooks = [hook] })
            .Run(new TrainingTask { Model = model, Examples = rows, Objective = new CrossEntropy(3) });
        CollectionAssert.AreEqual(new[] { 2f, 3f, 5f }, seen);
    }

    static HashSet<long> Counts(nn.Module model)
        => [.. model.named_buffers().Where(b => b.name.EndsWith("tracked", StringComparison.Ordinal)).Select(b => b.buffer.item<long>())];
}
