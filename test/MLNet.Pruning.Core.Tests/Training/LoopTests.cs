using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class LoopTests
{
    [TestMethod]
    [DataRow(OptimizerKind.Adam)]
    [DataRow(OptimizerKind.AdamW)]
    [DataRow(OptimizerKind.Sgd)]
    [DataRow(OptimizerKind.RmsProp)]
    public void One_replica_computes_what_a_plain_loop_computes(OptimizerKind kind)
    {
        var rows = Rows.Blobs(50, 12, 3);
        var momentum = kind is OptimizerKind.Sgd or OptimizerKind.RmsProp ? 0.9 : 0;
        var options = new TrainingOptions { Epochs = 3, BatchSize = 16, Replicas = 1, Shuffle = false, Optimizer = kind, LearningRate = 0.01, WeightDecay = 0.01, Momentum = momentum, HistoryInterval = 1 };
        var (parameters, history) = Runs.Train(options, rows);

        random.manual_seed(7);
        using var scope = NewDisposeScope();
        using var model = Runs.Small.Build();
        using var optimizer = TorchOptimizers.Create(options, model.parameters());
        var losses = new List<double>();
        for (var epoch = 0; epoch < 3; epoch++)
        {
            for (var from = 0; from < 50; from += 16)
            {
                var (x, y) = BatchOf(rows, from, Math.Min(16, 50 - from));
                optimizer.zero_grad();
                var loss = nn.functional.cross_entropy(model.forward(x), y);
                loss.backward();
                optimizer.step();
                losses.Add(loss.item<float>());
            }
        }
        Assert.HasCount(12, losses);
        // The loop steps one vector, a plain loop many tensors, whose ends LibTorch may round otherwise.
        foreach (var (expected, step) in losses.Zip(history.Steps))
            Assert.AreEqual(expected, step.Loss, 2e-6);
        Runs.AreClose(Runs.Values(model), parameters, 1e-5);
    }

    [TestMethod]
    public void Two_replicas_compute_what_one_computes_up_to_rounding()
    {
        // 50 rows in batches of 16 end with a batch of 2, and 16 is split in shares of 8.
        foreach (var batch in new[] { 16, 7 })
        {
            var options = new TrainingOptions { Epochs = 3, BatchSize = batch, Optimizer = OptimizerKind.Sgd, LearningRate = 0.1, Momentum = 0.9, HistoryInterval = 1 };
            var rows = Rows.Blobs(50, 12, 3);
            var (one, first) = Runs.Train(options with { Replicas = 1 }, rows);
            foreach (var replicas in new[] { 2, 3 })
            {
                var (many, second) = Runs.Train(options with { Replicas = replicas }, rows);
                Assert.AreEqual(replicas, second.Replicas);
                Runs.AreClose(one, many, 2e-5);
                for (var i = 0; i < first.Steps.Count; i++)
                    Assert.AreEqual(first.Steps[i].Loss, second.Steps[i].Loss, 1e-5);
                CollectionAssert.AreEqual(first.Epochs.Select(e => e.Rows).ToList(), second.Epochs.Select(e => e.Rows).ToList());
                Assert.AreEqual(first.Epochs[0].Accuracy!.Value, second.Epochs[0].Accuracy!.Value, 0.021);
            }
        }
    }

    // Replicas bring the next batch's rows while the step ends: whatever a hook does then must not mix them up.
    [TestMethod]
    public void Rows_brought_ahead_are_those_of_the_batch()
    {
        var rows = Rows.Blobs(301, 12, 3);
        using var others = new EvaluationSet(Rows.Blobs(40, 12, 3), new TrainingOptions { BatchSize = 9 }, new CrossEntropy(3));
        var options = new TrainingOptions { Epochs = 2, BatchSize = 11, Optimizer = OptimizerKind.Sgd, LearningRate = 0.1, HistoryInterval = 1 };
        var (one, first) = Runs.Train(options with { Replicas = 1 }, rows);
        foreach (var replicas in new[] { 2, 3, 5 })
        {
            var hook = new Hook
            {
                OnAfterStep = run =>
                {
                    if (run.Step % 3 == 0)
                        run.Evaluate(others);
                    if (run.Step % 5 == 0)
                        Thread.SpinWait(20_000);
                },
            };
            var (many, second) = Runs.Train(options with { Replicas = replicas, Hooks = [hook] }, rows);
            Runs.AreClose(one, many, 2e-5);
            for (var i = 0; i < first.Steps.Count; i++)
                Assert.AreEqual(first.Steps[i].Loss, second.Steps[i].Loss, 1e-5);
        }
    }

    [TestMethod]
    public void Large_gradients_are_added_side_by_side_with_the_same_result()
    {
        var blueprint = new FeedForwardBlueprint([300, 260, 3]);
        var options = new TrainingOptions { Epochs = 1, BatchSize = 40, Optimizer = OptimizerKind.Sgd, LearningRate = 0.1 };
        var rows = Rows.Blobs(80, 300, 3);
        var (one, _) = Runs.Train(options with { Replicas = 1 }, rows, blueprint.Build);
        var (three, _) = Runs.Train(options with { Replicas = 3 }, rows, blueprint.Build);
        Runs.AreClose(one, three, 2e-5);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_model_bit_for_bit()
    {
        foreach (var replicas in new[] { 1, 2, 3 })
        {
            var options = new TrainingOptions { Epochs = 2, BatchSize = 16, Replicas = replicas, Seed = 5, LearningRate = 0.01 };
            Runs.AreSame(Runs.Train(options).Parameters, Runs.Train(options).Parameters);
        }
    }

    [TestMethod]
    public void Another_seed_gives_another_order_and_so_another_model()
    {
        var options = new TrainingOptions { Epochs = 1, BatchSize = 16, Replicas = 1 };
        var first = Runs.Train(options with { Seed = 1 }).Parameters;
        var second = Runs.Train(options with { Seed = 2 }).Parameters;
        CollectionAssert.AreNotEqual(first.Values.First(), second.Values.First());
    }

    [TestMethod]
    public void Dropout_in_two_replicas_follows_the_seed()
    {
        nn.Module Build() => nn.Sequential(("in", nn.Linear(12, 30)), ("drop", nn.Dropout(0.5)), ("out", nn.Linear(30, 3)));
        var options = new TrainingOptions { Epochs = 6, BatchSize = 16, Replicas = 2, Seed = 5, LearningRate = 0.01 };
        var first = Runs.Train(options, build: Build).Parameters;
        Runs.AreSame(first, Runs.Train(options, build: Build).Parameters);
        var other = Runs.Train(options with { Shuffle = false }, build: Build).Parameters;
        CollectionAssert.AreNotEqual(first.Values.First(), other.Values.First());
    }

    [TestMethod]
    public void Running_statistics_of_two_replicas_are_those_of_the_whole_batch()
    {
        nn.Module Build() => nn.Sequential(("in", nn.Linear(12, 5)), ("norm", nn.BatchNorm1d(5)), ("out", nn.Linear(5, 3)));
        // The learning rate is too small to move the inputs of the norm, so that its running mean depends on the data alone.
        var options = new TrainingOptions { Epochs = 1, BatchSize = 25, LearningRate = 1e-12, Optimizer = OptimizerKind.Sgd };
        var one = Runs.Train(options with { Replicas = 1 }, build: Build).Parameters;
        var two = Runs.Train(options with { Replicas = 2 }, build: Build).Parameters;
        for (var i = 0; i < 5; i++)
            Assert.AreEqual(one["norm.running_mean"][i], two["norm.running_mean"][i], 1e-6);
        Assert.AreNotEqual(0f, one["norm.running_mean"][0]);
    }

    [TestMethod]
    public void Training_learns()
    {
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 12, BatchSize = 20, LearningRate = 0.02 }, Rows.Blobs(600, 12, 3), validation: Rows.Blobs(300, 12, 3, seed: 99));
        Assert.IsGreaterThan(0.95, history.Epochs[^1].ValidationAccuracy!.Value);
        Assert.IsLessThan(history.Epochs[0].ValidationLoss!.Value, history.Epochs[^1].ValidationLoss!.Value);
        Assert.IsLessThan(history.Epochs[0].Loss, history.Epochs[^1].Loss);
    }

    [TestMethod]
    public void An_autoencoder_learns_to_give_its_input_back()
    {
        nn.Module Build() => nn.Sequential(("in", nn.Linear(12, 6)), ("out", nn.Linear(6, 12)));
        var rows = new Rows(200, 12, (row, i) => MathF.Sin(row * 0.7f + i % 3), _ => 0) { HasLabels = false };
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 40, BatchSize = 20, LearningRate = 0.02, Replicas = 2 }, rows, Build, new Reconstruction());
        Assert.IsLessThan(0.05 * history.Epochs[0].Loss, history.Epochs[^1].Loss);
        Assert.IsNull(history.Epochs[0].Accuracy);
    }

    [TestMethod]
    public void A_module_without_a_recipe_for_copies_trains_as_one_replica()
    {
        random.manual_seed(1);
        using var model = Runs.Small.Build();
        var result = new TrainingLoop(new TrainingOptions { Epochs = 1, Replicas = 2, BatchSize = 20 }).Run(new TrainingTask { Model = model, Examples = Rows.Blobs(40, 12, 3), Objective = new CrossEntropy(3) });
        Assert.AreEqual(1, result.History.Replicas);
        Assert.AreSame(model, result.Model);
        Assert.IsFalse(model.training);
    }

    [TestMethod]
    public void Threads_of_LibTorch_are_restored()
    {
        var before = get_num_threads();
        try
        {
            set_num_threads(2);
            Runs.Train(new TrainingOptions { Epochs = 1, Hooks = [new Hook { OnAfterStep = _ => Assert.AreEqual(1, get_num_threads()) }] });
            Assert.AreEqual(2, get_num_threads());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    static (Tensor, Tensor) BatchOf(Rows rows, int from, int count)
    {
        var x = new float[count * 12];
        for (var i = 0; i < count; i++)
            rows.Row(from + i, x.AsSpan(12 * i, 12));
        return (tensor(x, [count, 12]), tensor(Enumerable.Range(from, count).Select(rows.Label).ToArray()));
    }
}
