using MLNet.Pruning.Comparators;
using MLNet.Pruning.Tests.Importance;
using MLNet.Pruning.Tests.Models;
using MLNet.Pruning.Tests.Neurons;
using MLNet.Pruning.Tests.Tokens;
using MLNet.Pruning.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Devices;

/// <summary>What a CUDA device does is what the CPU does. Needs one.</summary>
[TestClass]
[DoNotParallelize]
[TestCategory("Cuda")]
public sealed class CudaTests
{
    const string Device = "cuda";

    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 20, LearningRate = 0.003, Seed = 3, Replicas = 1, HistoryInterval = 1 };

    static readonly Rows series = new(60, 12, (row, i) => (row * 31 + i * 17) % 23 / 23f, row => row % 3) { Shape = [1, 12] };

    static nn.Module Mixed() => nn.Sequential(("conv", nn.Conv1d(1, 6, 3)), ("norm", nn.BatchNorm1d(6)), ("relu", nn.ReLU()), ("flat", nn.Flatten()),
        ("mid", nn.Linear(60, 8)), ("norm2", nn.BatchNorm1d(8)), ("relu2", nn.ReLU()), ("out", nn.Linear(8, 3)));

    [TestInitialize]
    public void Look()
    {
        if (!cuda.is_available())
            Assert.Inconclusive("LibTorch finds no CUDA device here.");
    }

    [TestMethod]
    [DataRow(OptimizerKind.Adam)]
    [DataRow(OptimizerKind.AdamW)]
    [DataRow(OptimizerKind.Sgd)]
    [DataRow(OptimizerKind.RmsProp)]
    public void A_run_learns_what_it_learns_on_the_CPU(OptimizerKind kind)
    {
        var options = plain with { Optimizer = kind, LearningRate = kind == OptimizerKind.Sgd ? 0.05 : 0.002, WeightDecay = 0.01, GradientClipNorm = 1, Schedule = LearningRateSchedule.Cosine() };
        var (near, history) = Runs.Train(options);
        var (far, farHistory) = Runs.Train(options with { Device = Device });
        Runs.AreClose(near, far, 1e-3);
        foreach (var (a, b) in history.Steps.Zip(farHistory.Steps))
            Assert.AreEqual(a.Loss, b.Loss, 1e-3, $"step {a.Step}");
        Runs.AreSame(far, Runs.Train(options with { Device = Device }).Parameters);
    }

    public static IEnumerable<object[]> Criteria =>
        [[new Contribution()], [new Contribution(mode: ContributionMode.Signed)], [new WeightNorm()], [new WeightNorm(2)], [new ActivationMean()], [new Taylor()], [new NetworkSlimming()], [new Lrp()], [new Apoz()], [new RandomImportance(7)]];

    [TestMethod]
    [DynamicData(nameof(Criteria))]
    public void Neurons_that_a_run_removes_are_those_that_it_removes_on_the_CPU(IImportance importance)
    {
        TrainingHistory Run(string device) => Runs.Train(plain with { Device = device, Hooks = [new NeuronPruning { Importance = importance, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.5) }.Begin()] }, series, Mixed).History;
        var (near, far) = (Run("cpu"), Run(Device));
        Assert.HasCount(near.Events.Count, far.Events);
        for (var e = 0; e < near.Events.Count; e++)
            foreach (var (a, b) in near.Events[e].Groups.Zip(far.Events[e].Groups))
            {
                Assert.AreEqual((a.Name, a.Before, a.After), (b.Name, b.Before, b.After));
                // Later events look at weights that have had more time to part; relevance divides by sums that may be near zero.
                if (e == 0)
                    Numbers.AreClose(a.Scores, b.Scores, importance is Lrp ? 0.1 : 0.02, $"{importance}, {a.Name}");
            }
        Assert.AreEqual(near.Epochs[^1].Loss, far.Epochs[^1].Loss, 0.02);
    }

    [TestMethod]
    public void Examples_are_scored_as_on_the_CPU()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var blueprint = new ConvNetBlueprint([2, 8, 8], [6, 5], [12], 3, BatchNorm: true);
        using var model = blueprint.Build();
        var rows = Peer.Images(50, [2, 8, 8], 3);
        IReadOnlyList<double[]>[] Scores() => [.. Criteria.Select(c => (IImportance)c[0]).Where(c => c is not NetworkSlimming).Select(c =>
            NeuronScores.Of(c, NeuronMap.Discover(model, rand([1, 2, 8, 8], device: model.parameters().First().device)), rows, new CrossEntropy(3), 16))];
        var near = Scores();
        model.to(CUDA);
        foreach (var (a, b) in near.Zip(Scores()))
            for (var g = 0; g < a.Count; g++)
                Numbers.AreClose(a[g], b[g], 0.01, $"group {g}");
    }

    [TestMethod]
    public void What_is_compacted_there_equals_what_is_masked()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(nn.Sequential(("c1", nn.Conv2d(3, 10, 3)), ("n1", nn.BatchNorm2d(10)), ("r1", nn.ReLU()), ("c2", nn.Conv2d(10, 8, 3)), ("n2", nn.GroupNorm(2, 8)), ("r2", nn.ReLU()), ("pool", nn.AdaptiveAvgPool2d(2)), ("flat", nn.Flatten()), ("l1", nn.Linear(32, 20)), ("n3", nn.LayerNorm(20)), ("l2", nn.Linear(20, 4))));
        model.to(CUDA);
        Checks.Halved(model, rand(5, 3, 9, 9, device: CUDA), readers: false);
        Assert.IsTrue(model.parameters().All(p => p.is_cuda));
        using var vit = new VitBlueprint([1, 8, 8], 2, 3, 12, [2, 3], 4, [10, 7]).Build();
        Checks.Filled(vit).to(CUDA);
        Checks.Halved(vit, rand(5, 64, device: CUDA), readers: false);
    }

    public static IEnumerable<object[]> Masks() =>
    [
        [new WeightPruning { Sparsity = 0.7, Every = 3 }],
        [new WeightPruning { Sparsity = 0.7, Every = 3, InactiveDecay = 0.05 }],
        [new WeightPruning { Sparsity = 0.7, Every = 3, Reactivation = Reactivation.Frozen }],
        [new WeightPruning { Sparsity = 0.7, Every = 3, Distribution = MaskDistribution.Global }],
        [new WeightPruning { Sparsity = 0.7, Every = 3, Rule = MaskRule.Regrowth(), Reactivation = Reactivation.Frozen }],
        [new WeightPruning { Rule = MaskRule.Pattern(), Every = 3 }],
        [new WeightPruning { Sparsity = 0.6, Every = 3, Criterion = new MagnitudeTimesGradient() }],
    ];

    [TestMethod]
    [DynamicData(nameof(Masks))]
    public void Masks_are_those_that_are_found_on_the_CPU(WeightPruning pruning)
    {
        (WeightMasks Masks, TrainingHistory History) Run(string device)
        {
            WeightMasks? masks = null;
            var (parameters, history) = Runs.Train(plain with
            {
                Device = device,
                Hooks = [pruning.Begin(), new Hook
            {
                OnAfterStep = run =>
                {
                    masks = run.Masks;
                    using var scope = NewDisposeScope();
                    foreach (var mask in masks!.Masks)
                        Assert.IsTrue(run.Model.get_parameter(mask.Name)!.detach().cpu().data<float>().ToArray().Zip(mask.Active.ToArray()).All(p => p.Second || p.First == 0));
                },
            }]
            }, series, Mixed);
            return (masks!, history);
        }
        var (near, far) = (Run("cpu"), Run(Device));
        CollectionAssert.AreEqual(near.History.Events.Select(e => (e.Step, e.WeightsOn, e.Weights)).ToArray(), far.History.Events.Select(e => (e.Step, e.WeightsOn, e.Weights)).ToArray());
        var same = near.Masks.Masks.Zip(far.Masks.Masks).Sum(m => m.First.Active.ToArray().Zip(m.Second.Active.ToArray()).Count(b => b.First == b.Second));
        Assert.IsGreaterThan(0.97, same / (double)near.Masks.Count);
        Assert.AreEqual(near.History.Epochs[^1].Loss, far.History.Epochs[^1].Loss, 0.02);
    }

    [TestMethod]
    public void Burden_is_what_it_is_on_the_CPU()
    {
        IReadOnlyList<BurdenRecord> Run(string device) => Runs.Train(plain with { Device = device, Hooks = [new WeightPruning { Sparsity = 0.7, Every = 3 }.Begin(), new BurdenMonitor { Interval = 4 }.Begin()] }, series, Mixed).History.Burden;
        foreach (var (a, b) in Run("cpu").Zip(Run(Device)))
            foreach (var (x, y) in a.Windows.Concat(a.Epochs).Zip(b.Windows.Concat(b.Epochs)))
            {
                Assert.AreEqual((x.Step, x.Epoch), (y.Step, y.Epoch));
                Assert.AreEqual(x.MeanGradient, y.MeanGradient, 0.03 * x.MeanGradient, a.Layer);
                Assert.AreEqual(x.MeanWeight, y.MeanWeight, 0.01 * x.MeanWeight, a.Layer);
            }
    }

    [TestMethod]
    public void Reconstruction_costs_are_those_of_the_CPU()
    {
        random.manual_seed(5);
        using var model = Mixed();
        var pick = new Random(4);
        var masks = new WeightMasks(model.named_parameters().Where(p => p.name is "conv.weight" or "mid.weight").Select(p => new WeightMask(p.name, p.parameter.shape, [.. Enumerable.Range(0, (int)p.parameter.NumberOfElements).Select(_ => pick.Next(2) == 0)])));
        var near = ReconstructionCost.Of(model, masks, series);
        model.to(CUDA);
        foreach (var (a, b) in near.Zip(ReconstructionCost.Of(model, masks, series)))
            Assert.AreEqual(a.Reconstruction, b.Reconstruction, 0.005);
    }

    [TestMethod]
    public void Tokens_merge_as_they_do_on_the_CPU()
    {
        using var scope = NewDisposeScope();
        var tokens = tensor(NaiveMerging.Normal(new Random(4), 20 * 49 * 16), [20, 49, 16]);
        var (near, far) = (TokenAssignments.Match(tokens, 24), TokenAssignments.Match(tokens.cuda(), 24));
        Assert.IsTrue(near.Sources.equal(far.Sources.cpu()).all().item<bool>());
        Assert.IsLessThan(1e-5f, (near.Merge(tokens) - far.Merge(tokens.cuda()).cpu()).abs().max().item<float>());
        Assert.AreEqual(0f, (near.MergeSizes(ones(20, 49)) - far.MergeSizes(ones(20, 49, device: CUDA)).cpu()).abs().max().item<float>());
        Assert.AreEqual(near.ToArray()[7].Survivors, far.ToArray()[7].Survivors);
    }

    [TestMethod]
    [DataRow(VitPooling.Mean)]
    [DataRow(VitPooling.ClassToken)]
    public void A_vision_transformer_learns_what_it_learns_on_the_CPU(VitPooling pooling)
    {
        var blueprint = new VitBlueprint([2, 6, 8], 2, 3, 12, [2, 3], 4, [10, 7]) { Merge = 5, LayerMerges = [1, 1], Pooling = pooling };
        var options = plain with { Optimizer = OptimizerKind.AdamW, LearningRate = 0.002 };
        var rows = Peer.Images(60, blueprint.Image, 3);
        var (near, history) = Runs.Train(options, rows, blueprint.Build);
        var (far, farHistory) = Runs.Train(options with { Device = Device }, rows, blueprint.Build);
        foreach (var (a, b) in history.Steps.Zip(farHistory.Steps))
            Assert.AreEqual(a.Loss, b.Loss, 2e-3, $"step {a.Step}");
        Runs.AreClose(near, far, 5e-3);
    }

    [TestMethod]
    public void An_autoencoder_learns_as_much_as_on_the_CPU()
    {
        var blueprint = new VaeBlueprint([1, 8, 8], [4, 6], [24, 16], 3);
        var rows = Peer.Images(100, blueprint.Image, 3);
        TrainingHistory Run(string device) => Runs.Train(plain with { Epochs = 12, LearningRate = 0.005, Device = device, Hooks = [new NeuronPruning { Importance = new Contribution(), Schedule = Schedule.Stepwise(4, 4, 0.15, 0.3) }.Begin()] }, rows, blueprint.Build, new VaeObjective()).History;
        var (near, far) = (Run("cpu"), Run(Device));
        // Each draws its own noise.
        Assert.AreEqual(near.Epochs[^1].Loss, far.Epochs[^1].Loss, 0.03 * near.Epochs[^1].Loss);
        Assert.HasCount(2, far.Events);
    }

    [TestMethod]
    public void A_resumed_run_ends_as_an_uninterrupted_one_also_with_dropout()
    {
        static nn.Module Dropping() => nn.Sequential(("in", nn.Linear(12, 8)), ("norm", nn.BatchNorm1d(8)), ("drop", nn.Dropout(0.3)), ("out", nn.Linear(8, 3)));
        var folder = Directory.CreateTempSubdirectory("mlprune-cuda");
        try
        {
            ITrainingHook[] Hooks() => [new WeightPruning { Sparsity = 0.5, Every = 4 }.Begin(), new BurdenMonitor { Interval = 5 }.Begin()];
            var options = plain with { Device = Device };
            var (whole, _) = Runs.Train(options with { Hooks = Hooks() }, build: Dropping);
            using var source = new CancellationTokenSource();
            var cut = options with { Checkpoint = new CheckpointOptions(Path.Combine(folder.FullName, "run.ckpt")) { EverySteps = 4 } };
            Assert.ThrowsExactly<TrainingCanceledException>(() => Runs.Train(cut with { Hooks = [.. Hooks(), new Hook { OnAfterStep = run => { if (run.Step == 11) source.Cancel(); } }] }, build: Dropping, cancellation: source.Token));
            var begun = -1L;
            var (resumed, _) = Runs.Train(cut with { Hooks = [.. Hooks(), new Hook { OnBeforeForward = run => { if (begun < 0) begun = run.Step; } }] }, build: Dropping);
            Assert.IsGreaterThan(0, begun);
            Runs.AreSame(whole, resumed);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [TestMethod]
    public void Neurons_and_weights_go_together_and_no_tensors_are_left_behind()
    {
        var counts = new List<long>();
        var (_, history) = Runs.Train(plain with
        {
            Epochs = 12,
            Device = Device,
            Hooks = [new NeuronPruning { Importance = new Contribution(), Schedule = Schedule.Stepwise(1, 1, 0.1, 0.6) }.Begin(), new WeightPruning { Sparsity = 0.5, Every = 2 }.Begin(), new BurdenMonitor { Interval = 2 }.Begin(), new Hook
            {
                OnAfterEpoch = _ =>
                {
                    for (var i = 0; i < 2; i++)
                    {
                        GC.Collect();
                        GC.WaitForPendingFinalizers();
                    }
                    counts.Add(Tensor.TotalCount);
                },
            }],
        }, series, Mixed);
        Assert.IsGreaterThan(3, history.Events.Count(e => e.Groups.Count > 0));
        Assert.IsLessThanOrEqualTo(counts[3] + 8, counts[^1], string.Join(", ", counts));
    }

    [TestMethod]
    public void A_model_is_compressed_there()
    {
        var small = new FeedForwardBlueprint([12, 30, 20, 3]);
        random.manual_seed(3);
        using var model = small.Build();
        var task = new TrainingTask { Model = model, Copy = small.Build, Examples = Rows.Blobs(200, 12, 3), Objective = new CrossEntropy(3) };
        var options = plain with { Epochs = 10, LearningRate = 0.01, Device = Device };
        new TrainingLoop(options).Run(task);
        var compressed = new PruneQuantizeCode { Sparsity = 0.8, Rounds = 2, LinearBits = 3, Retraining = options, FineTuning = options with { Epochs = 5 } }.Run(task);
        Assert.IsGreaterThan(2.5, compressed.Ratio);
        using var read = compressed.Build();
        Assert.IsTrue(read.parameters().All(p => !p.is_cuda));
    }

    [TestMethod]
    public void A_study_runs_there()
    {
        var plan = new FeedForwardBlueprint([12, 16, 3]);
        var result = new BurdenStudy
        {
            Task = (_, _) => new() { Model = plan.Build(), Copy = plan.Build, Examples = Rows.Blobs(200, 12, 3), Validation = Rows.Blobs(60, 12, 3, 9), Objective = new CrossEntropy(3) },
            Options = plain with { Epochs = 3, LearningRate = 0.02, Device = Device },
            Pruning = new WeightPruning { Sparsity = 0.75, Every = 5 },
            Seeds = [1],
            Kinds = Enum.GetValues<BurdenRunKind>(),
            Monitor = new BurdenMonitor { Interval = 10 },
        }.Run();
        Assert.HasCount(8, result.Runs);
        foreach (var run in result.Runs)
        {
            Assert.IsGreaterThan(0.6, run.Accuracy!.Value, run.Title);
            Assert.HasCount(2, run.History.Burden);
            Assert.IsTrue(run.Costs.All(c => double.IsFinite(c.Reconstruction)));
        }
    }

    [TestMethod]
    public void An_agent_prunes_there()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(11);
        using var model = new FeedForward([10, 24, 12, 4]);
        using (no_grad())
            foreach (var (_, parameter) in model.named_parameters())
                parameter.With(3, (parameter, factor) => parameter.mul_(factor));
        model.to(CUDA);
        var inputs = randn(400, 10, device: CUDA);
        Tensor labels;
        using (no_grad())
            labels = model.call(inputs).argmax(1);
        var result = new ReinforceAgent { Episodes = 60, CostWeight = 0.3, Seed = 1 }.Run(NeuronMap.Discover(model, inputs.narrow(0, 0, 1)), model, inputs.narrow(0, 0, 2), () =>
        {
            using var inner = NewDisposeScope();
            return model.call(inputs).argmax(1).eq(labels).to(ScalarType.Float32).mean().item<float>();
        });
        Assert.AreEqual(1, result.AccuracyBefore);
        Assert.IsTrue(model.parameters().All(p => p.is_cuda));
        Assert.AreEqual(4, model.call(inputs).shape[1]);
    }
}
