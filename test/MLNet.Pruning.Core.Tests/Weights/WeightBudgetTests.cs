using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Weights;

/// <summary>Budgets of weights. The clock is a function of what is active.</summary>
[TestClass]
[DoNotParallelize]
public sealed class WeightBudgetTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    static readonly TrainingOptions options = new() { Epochs = 8, BatchSize = 25, LearningRate = 0.01, Seed = 4, Replicas = 1 };

    // The last layer is too small for a sparse kernel.
    static readonly FeedForwardBlueprint network = new([64, 128, 128, 3]);

    static double Active(nn.Module module)
    {
        using var scope = NewDisposeScope();
        return module.parameters().Sum(p => p.count_nonzero().item<long>());
    }

    // About what the kernels' rule says: dense weights cost one, active weights of a sparse layer two.
    static double Seconds(nn.Module module, int rows) => 1e-4 + (rows * 1e-7
        * NetworkPlans.Compile(module).Steps.Sum(s => s.Outputs * (double)s.Inputs * (s.IsSparse ? 2 * s.Density : 1)));

    static double Whole => Seconds(network.Build(), 1);

    static Budget Latency(double part) => Budget.Latency(TimeSpan.FromSeconds(part * Whole));

    static WeightPruning Pruning(Budget budget) => new() { Budget = budget, Seconds = Seconds };

    static (FeedForward Model, TrainingResult Result) Train(
        ITrainingPruning pruning, TrainingOptions? with = null, IObjective? objective = null, ITrainingHook? other = null, CancellationToken cancellation = default)
    {
        with ??= options;
        random.manual_seed(3);
        var model = network.Build();
        return (model, new TrainingLoop(with with { Hooks = [.. other is null ? Array.Empty<ITrainingHook>() : [other], pruning.Begin()] }).Run(new()
        {
            Model = model,
            Copy = network.Build,
            Examples = Rows.Blobs(100, 64, 3),
            Objective = objective ?? new CrossEntropy(3),
        }, cancellation));
    }

    static double Density(WeightMasks masks) => (double)masks.ActiveCount / masks.Count;

    static double[] Sparsity(WeightMasks masks) => [.. masks.Masks.Select(m => 1 - m.Density)];

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(0.3)]
    public void Weights_become_inactive_until_the_latency_is_just_met_in_layers_that_are_faster_for_it(double part)
    {
        var (model, result) = Train(Pruning(Latency(part)));
        var (sparsity, history) = (Sparsity(result.Masks!), result.History);
        Assert.AreEqual(0, sparsity[2], "the last layer would not be faster");
        // A layer that pays at this sparsity has all of it, the others nothing.
        var most = sparsity.Max();
        Assert.IsTrue(sparsity.All(s => s == 0 || Math.Abs(s - most) < 1e-3), string.Join(' ', sparsity));
        foreach (var step in NetworkPlans.Compile(model).Steps)
            Assert.AreEqual(step.Density < 0.9, step.IsSparse, $"{step}");
        var limit = history.Budget!.AtEnd.Single().Limit;
        if (!history.Budget.Met)
            Assert.Inconclusive($"On this machine's vectors no such latency can be had: {history.Budget.Ended}");
        Assert.IsLessThanOrEqualTo(limit, Seconds(model, 1));
        Assert.IsGreaterThan(0.95 * limit, Seconds(model, 1));
        StringAssert.Contains(history.Budget.Ended, "is met");
        Assert.AreEqual(Whole, history.Budget.AtStart.Single().Measured, 1e-9);
        var measured = history.Events.Where(e => e.Budget.Count > 0).Select(e => e.Budget[0].Measured).ToArray();
        Assert.IsGreaterThan(4, measured.Length);
        CollectionAssert.AreEqual(measured.OrderDescending().ToArray(), measured, "more and more is inactive");
    }

    [TestMethod]
    public void A_file_size_counts_what_is_deflated_and_takes_all_layers()
    {
        var (model, result) = Train(Pruning(Budget.FileSize(40_000)));
        using var file = new MemoryStream();
        using (var compressed = new System.IO.Compression.DeflateStream(file, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true))
            ModelFile.Save(compressed, model.Blueprint, model);
        Assert.IsTrue(result.History.Budget!.Met, result.History.Budget.Ended);
        // What went on learning after the masks were cut is a little other bytes.
        Assert.IsTrue(file.Length is > 37_500 and < 40_800, $"{file.Length}");
        Assert.IsTrue(Sparsity(result.Masks!).All(s => s > 0.5));
    }

    [TestMethod]
    public void What_cannot_be_met_or_is_met_already_is_told_and_nothing_is_pruned()
    {
        foreach (var (budget, why) in new[] { (Latency(0.005), "cannot be met: with 99 % of the weights inactive"), (Latency(1.5), "is met by the network as it is") })
        {
            List<string> warnings = [];
            var (_, result) = Train(Pruning(budget), options with { Warn = warnings.Add });
            Assert.AreEqual(1, Density(result.Masks!));
            Assert.IsEmpty(result.History.Events);
            StringAssert.Contains(warnings.Single(), why);
            StringAssert.Contains(result.History.Budget!.Ended, why);
        }
    }

    /// <summary>All rows are right while enough weights are active, and none when there are fewer.</summary>
    sealed class RightWhileDense(double active) : IObjective
    {
        readonly CrossEntropy loss = new(3);

        public int? ClassCount => 3;

        public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch) => (loss.Compute(model, batch).Loss, Active(model) >= active ? batch.Rows : 0);
    }

    [TestMethod]
    public void What_broke_the_accuracy_comes_back_and_no_more_goes()
    {
        Dictionary<int, (Dictionary<string, float[]> Weights, string Masks)> ends = [], begins = [];
        var watch = new Hook
        {
            OnAfterEpoch = run => ends[run.Epoch + 1] = State(run),
            OnBeforeForward = run => begins.TryAdd(run.Epoch, State(run)),
        };
        // A cut an epoch, of which some leave enough weights.
        var (model, result) = Train(Pruning(Latency(0.3) & Budget.Accuracy(0.9)) with { Schedule = Schedule.Cubic(4, 28, 0.5), Every = 4 },
            objective: new RightWhileDense(0.4 * Active(network.Build())), other: watch);
        var history = result.History;
        if (history.Events.Count == 0)
            Assert.Inconclusive($"On this machine's vectors no such latency can be had: {history.Budget!.Ended}");
        var back = history.Events.Single(e => e.Kind == "weights, taken back");
        // A cut comes with the last step of an epoch. Masks wait for one epoch, and after a second one it is clear.
        var kept = (int)(history.Events.First(e => e.TakenBack == true).Step / 4) - 1;
        Assert.AreEqual(back.Epoch - 2, kept);
        Runs.AreSame(ends[kept].Weights, begins[back.Epoch].Weights);
        Assert.AreEqual(ends[kept].Masks, begins[back.Epoch].Masks);
        Assert.IsTrue(history.Events.Where(e => e.Kind == "weights").All(e => (e.TakenBack == true) == (e.Step > 4 * kept && e.Step <= 4 * back.Epoch)));
        Assert.AreEqual(1, history.Epochs[^1].Accuracy);
        StringAssert.Contains(history.Budget!.Ended, "taken back: the accuracy was 0 %");
        Assert.IsFalse(history.Budget.Met);
        Assert.IsGreaterThan(0.1, Sparsity(result.Masks!).Max(), "what was good stays inactive");

        static (Dictionary<string, float[]>, string) State(TrainingRun run) =>
            (Runs.Values(run.Model), string.Join("; ", run.Masks!.Masks.Select(m => Convert.ToHexString(m.ToBytes()))));
    }

    [TestMethod]
    public void An_accuracy_alone_leads_to_the_sparsity_while_it_is_kept()
    {
        var (_, kept) = Train(Pruning(Budget.Accuracy(0.9)) with { Sparsity = 0.8 }, objective: new RightWhileDense(1));
        Assert.AreEqual(0.2, Density(kept.Masks!), 0.01);
        Assert.IsTrue(kept.History.Budget!.Met);
        var (_, stopped) = Train(Pruning(Budget.Accuracy(0.9)) with { Sparsity = 0.8 }, objective: new RightWhileDense(0.5 * Active(network.Build())));
        Assert.IsGreaterThan(0.5, Density(stopped.Masks!));
    }

    [TestMethod]
    public void Masks_wait_for_an_accuracy_that_has_not_been_reached()
    {
        var (_, result) = Train(Pruning(Budget.Accuracy(0.9)) with { Schedule = Schedule.Cubic(8, 24, 0.8) }, objective: new RightWhileDense(1e9));
        Assert.AreEqual(1, Density(result.Masks!));
        StringAssert.Contains(result.History.Budget!.Ended, "The run ended before the accuracy was kept");
    }

    [TestMethod]
    public void A_run_interrupted_anywhere_ends_as_it_would_have()
    {
        var file = new CheckpointOptions(Path.Combine(folder, "run.ckpt")) { EverySteps = 1 };
        foreach (var active in new[] { 1.0, 0.4 * Active(network.Build()) })
        {
            var pruning = Pruning(Latency(0.3) & Budget.Accuracy(0.9)) with { Schedule = Schedule.Cubic(4, 28, 0.5), Every = 4 };
            var (whole, expected) = Train(pruning, objective: new RightWhileDense(active));
            foreach (var step in new[] { 2, 9, 14, 18, 21, 29 })
            {
                File.Delete(file.Path);
                using var source = new CancellationTokenSource();
                var cancel = new Hook { OnAfterStep = run => { if (run.Step == step) source.Cancel(); } };
                Assert.ThrowsExactly<TrainingCanceledException>(() =>
                    Train(pruning, options with { Checkpoint = file }, new RightWhileDense(active), cancel, source.Token));
                var (resumed, result) = Train(pruning, options with { Checkpoint = file }, new RightWhileDense(active));
                Runs.AreSame(Runs.Values(whole), Runs.Values(resumed));
                Assert.AreEqual(Told(expected.History), Told(result.History), $"interrupted after step {step}");
            }
        }

        static string Told(TrainingHistory history) =>
            (history with { Environment = null, Options = [], OptionsSet = [], Steps = [], Epochs = [], Events = [.. history.Events.Select(e => e with { Seconds = 0 })] }).ToJson();
    }

    /// <summary>All rows are right while at least so many weights are active.</summary>
    sealed class RightUntil : IObjective
    {
        readonly CrossEntropy loss = new(3);

        public double Least { get; set; }

        public int? ClassCount => 3;

        public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch) =>
            (loss.Compute(model, batch).Loss, Active(model) >= Least ? batch.Rows : 0);
    }

    [TestMethod]
    public void What_goes_beyond_the_way_waits_for_the_accuracy_and_is_taken_back_too()
    {
        var (objective, biases) = (new RightUntil(), 128 + 128 + 3);
        TrainingRun? started = null;
        var watch = new Hook
        {
            OnStarted = run => started = run,
            OnAfterEpoch = run =>
            {
                if (run.Epoch == 6)
                    objective.Least = Active(run.Model);
            },
        };
        var pruning = new WeightPruning
        {
            Budget = Latency(0.3) & Budget.Accuracy(0.9),
            // At the way's end the network is slower than what was tried before the cut.
            Seconds = (module, rows) => Seconds(module, rows)
                * (started is { Step: >= 28 } run && Active(module) == run.Masks!.ActiveCount + biases ? 1.5 : 1),
            Schedule = Schedule.Cubic(4, 28, 0.5),
            Every = 4,
        };
        var (_, result) = Train(pruning, options with { Epochs = 12 }, objective, watch);
        var events = result.History.Events;
        if (events.Count == 0)
            Assert.Inconclusive($"On this machine's vectors no such latency can be had: {result.History.Budget!.Ended}");
        long On(int step) => events.First(e => e.Step == step).WeightsOn!.Value;
        Assert.IsLessThan(On(28), On(32), "a little more goes");
        Assert.AreEqual(On(32), On(36), "nothing more while it waits");
        var back = events.Single(e => e.Kind == "weights, taken back");
        Assert.AreEqual((9, On(28)), (back.Epoch, back.WeightsOn!.Value));
    }

    [TestMethod]
    public void Statistics_of_all_replicas_are_taken_back_with_the_weights()
    {
        static nn.Module Normed() => nn.Sequential(("in", nn.Linear(64, 32)), ("norm", nn.BatchNorm1d(32)), ("relu", nn.ReLU()), ("out", nn.Linear(32, 3)));
        var looked = 0;
        var look = new Hook
        {
            OnBeforeForward = run =>
            {
                if (run.StepInEpoch > 0 || run.History.Events is not [.., { Kind: "weights, taken back" }])
                    return;
                looked++;
                Assert.HasCount(2, run.Replicas);
                Runs.AreSame(Runs.Values(run.Replicas[0]), Runs.Values(run.Replicas[1]));
            },
        };
        using var model = Normed();
        new TrainingLoop(options with { Replicas = 2, Hooks = [(Pruning(Budget.Accuracy(0.9)) with { Sparsity = 0.8 }).Begin(), look] }).Run(new()
        {
            Model = model,
            Copy = Normed,
            Examples = Rows.Blobs(100, 64, 3),
            Objective = new RightUntil { Least = 0.6 * Active(model) },
        });
        Assert.IsGreaterThan(0, looked);
    }

    [TestMethod]
    public void A_small_layer_of_which_more_is_inactive_than_its_part_of_the_way_is_resumed()
    {
        var file = new CheckpointOptions(Path.Combine(folder, "small.ckpt"));
        var small = new FeedForwardBlueprint([64, 128, 3, 3]);
        var pruning = new WeightPruning { Budget = Budget.FileSize(5_000) & Budget.Accuracy(0.9), Schedule = Schedule.Cubic(0, 160, 0.5), Every = 1 };
        var (_, whole) = Run(1.0 * Active(small.Build()) - 700, null);
        Assert.IsTrue(whole.Events.Any(e => e.Kind == "weights, taken back"), whole.Budget!.Ended);
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<TrainingCanceledException>(() => Run(1.0 * Active(small.Build()) - 700, file, source));
        var (_, resumed) = Run(1.0 * Active(small.Build()) - 700, file);
        Assert.AreEqual(whole.Budget!.Ended, resumed.Budget!.Ended);

        (nn.Module, TrainingHistory) Run(double least, CheckpointOptions? checkpoint, CancellationTokenSource? source = null)
        {
            random.manual_seed(3);
            using var model = small.Build();
            var cancel = new Hook { OnBeforeForward = run => { if (run.Epoch == 6) source?.Cancel(); } };
            var result = new TrainingLoop(options with { Checkpoint = checkpoint, Hooks = [cancel, pruning.Begin()] }).Run(new()
            {
                Model = model,
                Examples = Rows.Blobs(100, 64, 3),
                Objective = new RightUntil { Least = least },
            }, source?.Token ?? default);
            return (model, result.History);
        }
    }

    [TestMethod]
    public void An_accuracy_needs_an_objective_with_classes()
    {
        var steps = 0;
        foreach (var pruning in new ITrainingPruning[] { Pruning(Budget.Accuracy(0.9)) with { Sparsity = 0.5 }, new NeuronPruning { Budget = Budget.Accuracy(0.9) } })
        {
            var failure = Assert.ThrowsExactly<ArgumentException>(() => Train(pruning, objective: new CustomObjective((model, batch) =>
                ((nn.Module<Tensor, Tensor>)model).call(batch.Inputs).abs().mean()), other: new Hook { OnAfterStep = _ => steps++ }));
            StringAssert.Contains(failure.Message, "Pruning.Budget has an accuracy, 0.9, and the run's objective has no classes");
        }
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void Settings_that_a_budget_replaces_are_refused()
    {
        string Refusal(WeightPruning pruning) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => pruning.Validate(options)).Message;
        StringAssert.Contains(Refusal(Pruning(Latency(0.5)) with { Sparsity = 0.5 }), "Pruning.Sparsity is 0.5; it must be null with a Budget");
        StringAssert.Contains(Refusal(Pruning(Latency(0.5)) with { Distribution = MaskDistribution.Global }), "Pruning.Distribution is Global");
        StringAssert.Contains(Refusal(Pruning(Latency(0.5)) with { Rule = MaskRule.Pattern() }), "Pruning.Rule");
        StringAssert.Contains(Refusal(Pruning(Budget.Accuracy(0.5))), "Pruning.Sparsity is null");
        var module = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(options with { Hooks = [new WeightPruning { Budget = Latency(0.5) }.Begin()] },
            build: () => nn.Sequential(("in", nn.Linear(12, 8)), ("relu", nn.ReLU()), ("out", nn.Linear(8, 3)))));
        StringAssert.Contains(module.Message, "a Sequential is scored by LibTorch, which computes inactive weights like any others");
    }
}
