using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

/// <summary>Budgets of neurons. The clock is a function of the network's sizes, but where a test says otherwise.</summary>
[TestClass]
[DoNotParallelize]
public sealed class BudgetTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    static readonly TrainingOptions options = new() { Epochs = 10, BatchSize = 25, LearningRate = 0.01, Seed = 4, Replicas = 1 };

    static readonly FeedForwardBlueprint network = new([12, 64, 48, 3]);

    // As a machine computes: whole vectors of neurons, and something for the call itself.
    static double Seconds(nn.Module module, int rows)
    {
        var sizes = ((FeedForward)module).Blueprint.Sizes;
        return 1e-4 + (rows * 1e-7 * sizes.Zip(sizes.Skip(1), (from, to) => (double)from * ((to + 1) / 2 * 2)).Sum());
    }

    static double Whole => Seconds(new FeedForward(network.Sizes), 1);

    static Budget Latency(double part) => Budget.Latency(TimeSpan.FromSeconds(part * Whole));

    static NeuronPruning Pruning(Budget budget) => new() { Importance = FixedScores.WeightSums, Budget = budget, Seconds = Seconds };

    static (FeedForward Model, TrainingHistory History) Train(ITrainingPruning pruning, TrainingOptions? with = null, IObjective? objective = null,
        IExampleSource? validation = null, ITrainingHook? first = null, CancellationToken cancellation = default)
    {
        with ??= options;
        var model = network.Build();
        random.manual_seed(3);
        foreach (var parameter in model.parameters())
            nn.init.normal_(parameter, 0, 0.3);
        var history = new TrainingLoop(with with { Hooks = [.. with.Hooks, .. first is null ? Array.Empty<ITrainingHook>() : [first], pruning.Begin()] }).Run(new()
        {
            Model = model,
            Copy = network.Build,
            Examples = Rows.Blobs(100, 12, 3),
            Validation = validation,
            Objective = objective ?? new CrossEntropy(3),
        }, cancellation).History;
        return (model, history);
    }

    static double Load(BudgetMeasurement m) => m.Quantity is BudgetQuantity.Throughput ? m.Limit / m.Measured : m.Measured / m.Limit;

    static int[] Sizes(FeedForward model) => [.. model.Blueprint.Sizes];

    [TestMethod]
    [DataRow(0.9)]
    [DataRow(0.6)]
    [DataRow(0.45)]
    public void Neurons_go_until_the_latency_is_just_met_and_then_no_more(double part)
    {
        var (model, history) = Train(Pruning(Latency(part)));
        var limit = Latency(part).Limits[0].Value;
        Assert.IsLessThanOrEqualTo(limit, Seconds(model, 1));
        Assert.IsGreaterThan(0.95 * limit, Seconds(model, 1));
        Assert.IsTrue(history.Budget!.Met);
        StringAssert.Contains(history.Budget.Ended, "is met");
        Assert.AreEqual(Seconds(model, 1), history.Budget.AtEnd.Single().Measured);
        Assert.AreEqual(Whole, history.Budget.AtStart.Single().Measured);
        Assert.AreEqual(history.Budget.Epoch, history.Events[^1].Epoch);
        // Every event but the last is above the budget, and each says what the network measured after it.
        foreach (var e in history.Events.SkipLast(1))
            Assert.IsGreaterThan(1, Load(e.Budget.Single()));
        Assert.AreEqual(Seconds(model, 1), history.Events[^1].Budget.Single().Measured);
    }

    [TestMethod]
    public void No_larger_network_would_have_met_the_budget()
    {
        var (model, _) = Train(Pruning(Latency(0.6)));
        var sizes = Sizes(model);
        for (var group = 1; group <= 2; group++)
        {
            var more = (int[])sizes.Clone();
            more[group]++;
            Assert.IsGreaterThan(0.985 * 0.6 * Whole, Seconds(new FeedForward(more), 1), $"one more neuron of group {group}");
        }
    }

    [TestMethod]
    public void A_schedule_says_when_and_how_much_and_the_budget_when_it_is_enough()
    {
        var schedule = Schedule.Stepwise(2, 1, 0.25, 0.5);
        var (model, history) = Train(Pruning(Latency(0.4)) with { Schedule = schedule });
        CollectionAssert.AreEqual(new[] { 2, 3, 4 }, history.Events.Take(3).Select(e => e.Epoch).ToArray());
        CollectionAssert.AreEqual(new[] { 48, 36 }, history.Events.Take(2).Select(e => e.Groups[0].After).ToArray());
        Assert.IsTrue(history.Budget!.Met);
        // More than the schedule's target of a half: the budget takes its place.
        Assert.IsLessThan(64 * 48 / 4, Sizes(model)[1] * Sizes(model)[2]);
    }

    [TestMethod]
    public void Where_the_schedule_has_no_further_event_the_history_says_that_the_run_was_too_short()
    {
        List<string> warnings = [];
        var (model, history) = Train(Pruning(Latency(0.4)) with { Schedule = Schedule.Stepwise(8, 1, 0.1, 0.5) }, options with { Warn = warnings.Add });
        CollectionAssert.AreEqual(new[] { 8, 9 }, history.Events.Select(e => e.Epoch).ToArray());
        Assert.AreEqual(53, Sizes(model)[1]);
        Assert.IsFalse(history.Budget!.Met);
        StringAssert.Contains(history.Budget.Ended, "ended before the budget was met");
        StringAssert.Contains(warnings.Single(), "The schedule prunes 19 % of the neurons in 10 epochs; the budget (1 row in at most");
    }

    [TestMethod]
    public void One_shot_and_cubic_schedules_lead_to_the_budget()
    {
        foreach (var schedule in new Schedule[] { Schedule.OneShot(3, 0.1), Schedule.Cubic(2, 8, 0.9, 0, 1) })
        {
            var (model, history) = Train(Pruning(Latency(0.5)) with { Schedule = schedule });
            Assert.IsTrue(history.Budget!.Met, $"{schedule}: {history.Budget.Ended}");
            Assert.IsGreaterThan(0.95 * 0.5 * Whole, Seconds(model, 1), $"{schedule}");
            Assert.AreEqual(3, history.Events[0].Epoch, $"{schedule}");
        }
    }

    [TestMethod]
    public void A_global_ranking_lands_on_the_budget_too()
    {
        var (model, history) = Train(Pruning(Latency(0.5)) with { Scope = PruningScope.Global });
        Assert.IsTrue(history.Budget!.Met);
        Assert.IsGreaterThan(0.9 * 0.5 * Whole, Seconds(model, 1));
    }

    [TestMethod]
    public void A_throughput_a_file_size_and_both_are_met()
    {
        var rate = 256 / Seconds(new FeedForward(network.Sizes), 256);
        var (fast, history) = Train(Pruning(Budget.Throughput(2 * rate)));
        Assert.IsGreaterThanOrEqualTo(2 * rate, 256 / Seconds(fast, 256));
        Assert.IsLessThan(2.1 * rate, 256 / Seconds(fast, 256));
        Assert.AreEqual(BudgetQuantity.Throughput, history.Budget!.AtEnd.Single().Quantity);

        var (small, sized) = Train(Pruning(Budget.FileSize(9_000)));
        using var file = new MemoryStream();
        ModelFile.Save(file, small.Blueprint, small);
        Assert.AreEqual(file.Length, (long)sized.Budget!.AtEnd.Single().Measured);
        Assert.IsLessThanOrEqualTo(9_000, file.Length);
        Assert.IsGreaterThan(8_550, file.Length);

        var (_, both) = Train(Pruning(Budget.FileSize(9_000) & Latency(0.9)));
        Assert.IsTrue(both.Budget!.Met);
        Assert.AreEqual(file.Length, (long)both.Budget.AtEnd.Single(m => m.Quantity == BudgetQuantity.FileSize).Measured);
    }

    [TestMethod]
    public void What_cannot_be_met_or_is_met_already_is_told_and_nothing_is_pruned()
    {
        foreach (var (budget, why) in new[] { (Latency(0.01), "cannot be met: with no more than 4 neurons in each group"), (Latency(1.5), "is met by the network as it is") })
        {
            List<string> warnings = [];
            var (model, history) = Train(Pruning(budget) with { MinimumNeurons = 4 }, options with { Warn = warnings.Add });
            CollectionAssert.AreEqual(network.Sizes.ToArray(), Sizes(model));
            Assert.IsEmpty(history.Events);
            StringAssert.Contains(history.Budget!.Ended, why);
            StringAssert.Contains(warnings.Single(), why);
            Assert.AreEqual(why.Contains("met by"), history.Budget.Met);
        }
    }

    /// <summary>All rows are right as long as the first hidden layer is as large as wanted, and none when it is smaller.</summary>
    sealed class RightWhileLarge(int wanted) : IObjective
    {
        readonly CrossEntropy loss = new(3);

        public int? ClassCount => 3;

        public (Tensor Loss, double? Correct) Compute(nn.Module model, Batch batch) =>
            (loss.Compute(model, batch).Loss, ((FeedForward)model).Blueprint.Sizes[1] >= wanted ? batch.Rows : 0);
    }

    static readonly Schedule steps = Schedule.Stepwise(2, 2, 0.25, 0.9);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_event_that_broke_the_accuracy_is_taken_back_whole_and_is_the_last(bool masked)
    {
        Dictionary<int, (Dictionary<string, float[]> Weights, Dictionary<string, float[]> Optimizer, string Masks)> ends = [];
        (Dictionary<string, float[]> Weights, Dictionary<string, float[]> Optimizer, string Masks) back = ([], [], "");
        var watch = new Hook
        {
            OnAfterEpoch = run => ends[run.Epoch + 1] = State(run),
            OnBeforeForward = run =>
            {
                if (run.Epoch == 6 && run.StepInEpoch == 0)
                    back = State(run);
            },
        };
        var neurons = Pruning(Latency(0.3) & Budget.Accuracy(0.9)) with { Schedule = steps };
        var (model, history) = Train(masked ? new CombinedPruning(neurons, new WeightPruning { Sparsity = 0.5, Until = 9 }) : neurons,
            objective: new RightWhileLarge(40), first: watch, validation: Rows.Blobs(30, 12, 3, 8));
        // After epoch 2, of 64 neurons 48 are left; after epoch 4, 36, which are too few. After epoch 6 that is clear.
        Runs.AreSame(ends[4].Weights, back.Weights);
        Runs.AreSame(ends[4].Optimizer, back.Optimizer);
        Assert.AreEqual(ends[4].Masks, back.Masks);
        Assert.AreEqual(48, Sizes(model)[1]);
        CollectionAssert.AreEqual(
            new[] { (2, "neurons"), (4, "neurons"), (6, "neurons, taken back") },
            history.Events.Where(e => e.Weights is null).Select(e => (e.Epoch, e.Kind)).ToArray());
        var (first, broke, taken) = (history.Events.First(e => e.Epoch == 2 && e.Weights is null), history.Events.First(e => e.Epoch == 4 && e.Weights is null),
            history.Events.First(e => e.Epoch == 6 && e.Weights is null));
        Assert.IsNull(first.TakenBack);
        Assert.IsTrue(broke.TakenBack);
        Assert.AreEqual((36, 48), (taken.Groups[0].Before, taken.Groups[0].After));
        Assert.AreEqual((0.0, 1.0), (broke.AccuracyRecovered, taken.AccuracyAfter));
        Assert.AreEqual(broke.ParametersBefore, taken.ParametersAfter);
        Assert.IsFalse(history.Budget!.Met);
        StringAssert.Contains(history.Budget.Ended, "The event after epoch 4 was taken back: the accuracy was 0 %, below 90 %");
        Assert.AreEqual(1.0, history.Budget.AtEnd.Single(m => m.Quantity == BudgetQuantity.Accuracy).Measured);
        Assert.AreEqual(Seconds(model, 1), history.Budget.AtEnd[0].Measured);

        static (Dictionary<string, float[]>, Dictionary<string, float[]>, string) State(TrainingRun run)
        {
            using var scope = NewDisposeScope();
            var optimizer = run.Model.named_parameters().SelectMany(p => run.Optimizer.GetState(p.parameter) is var state
                ? state.Tensors.Select(t => ($"{p.name} {t.Key} {state.Steps}", t.Value.data<float>().ToArray())) : []).ToDictionary(s => s.Item1, s => s.Item2);
            return (Runs.Values(run.Model), optimizer, run.Masks is { } masks ? string.Join("; ", masks.Masks.Select(m => Convert.ToHexString(m.ToBytes()))) : "");
        }
    }

    [TestMethod]
    public void An_event_whose_accuracy_breaks_in_the_last_epochs_is_taken_back_at_the_end_of_the_run()
    {
        var (model, history) = Train(Pruning(Latency(0.3) & Budget.Accuracy(0.9)) with { Schedule = Schedule.Stepwise(2, 6, 0.25, 0.9) }, objective: new RightWhileLarge(40));
        Assert.AreEqual(48, Sizes(model)[1]);
        Assert.AreEqual((10, "neurons, taken back"), (history.Events[^1].Epoch, history.Events[^1].Kind));
        Assert.IsFalse(history.Budget!.Met);
    }

    [TestMethod]
    public void A_budget_that_is_met_with_the_accuracy_kept_ends_when_it_has_recovered()
    {
        var (model, history) = Train(Pruning(Latency(0.6) & Budget.Accuracy(0.9)) with { Schedule = steps }, objective: new RightWhileLarge(20));
        Assert.IsTrue(history.Budget!.Met);
        Assert.AreEqual(history.Events[^1].Epoch + 2, history.Budget.Epoch);
        Assert.IsGreaterThan(0.95 * 0.6 * Whole, Seconds(model, 1));
    }

    [TestMethod]
    public void An_accuracy_alone_prunes_as_far_as_the_schedule_leads_while_it_is_kept()
    {
        var (model, history) = Train(Pruning(Budget.Accuracy(0.9)) with { Schedule = Schedule.Stepwise(2, 1, 0.25, 0.5) }, objective: new RightWhileLarge(1));
        Assert.AreEqual(32, Sizes(model)[1]);
        Assert.IsTrue(history.Budget!.Met);
        var (kept, stopped) = Train(Pruning(Budget.Accuracy(0.9)) with { Schedule = Schedule.Stepwise(2, 1, 0.25, 0.5) }, objective: new RightWhileLarge(40));
        Assert.AreEqual(48, Sizes(kept)[1]);
        StringAssert.Contains(stopped.Budget!.Ended, "taken back");
        // The accuracy holds, and there is nothing else to meet.
        Assert.IsTrue(stopped.Budget.Met);
    }

    [TestMethod]
    public void Events_wait_for_an_accuracy_that_has_not_been_reached()
    {
        var (model, history) = Train(Pruning(Latency(0.5) & Budget.Accuracy(0.9)), objective: new RightWhileLarge(1_000));
        CollectionAssert.AreEqual(network.Sizes.ToArray(), Sizes(model));
        StringAssert.Contains(history.Budget!.Ended, "Nothing was removed by the end of the run: the accuracy was 0 %, below 90 %");
        Assert.IsFalse(history.Budget.Met);
    }

    // 4 steps an epoch: before the first event, between an event and what becomes of it, and after it was taken back.
    [TestMethod]
    [DataRow(40)]
    [DataRow(20)]
    public void A_run_interrupted_anywhere_ends_as_it_would_have(int wanted)
    {
        var file = new CheckpointOptions(Path.Combine(folder, "run.ckpt")) { EverySteps = 1 };
        var pruning = Pruning(Latency(0.6) & Budget.Accuracy(0.9)) with { Schedule = steps };
        var (whole, history) = Train(pruning, objective: new RightWhileLarge(wanted));
        foreach (var step in new[] { 5, 10, 17, 21, 24, 26, 33 })
        {
            File.Delete(file.Path);
            using var source = new CancellationTokenSource();
            var cancel = new Hook { OnAfterStep = run => { if (run.Step == step) source.Cancel(); } };
            Assert.ThrowsExactly<TrainingCanceledException>(() =>
                Train(pruning, options with { Checkpoint = file }, new RightWhileLarge(wanted), first: cancel, cancellation: source.Token));
            var (resumed, again) = Train(pruning, options with { Checkpoint = file }, new RightWhileLarge(wanted));
            Runs.AreSame(Runs.Values(whole), Runs.Values(resumed));
            Assert.AreEqual(Told(history), Told(again), $"interrupted after step {step}");
        }

        static string Told(TrainingHistory history) => (history with { Environment = null, Options = [], OptionsSet = [], Steps = [], Epochs = [], Events = [.. history.Events.Select(e => e with { Seconds = 0 })] }).ToJson();
    }

    [TestMethod]
    public void The_history_keeps_the_budget_in_JSON()
    {
        var (_, history) = Train(Pruning(Latency(0.5) & Budget.Accuracy(0.9)) with { Schedule = steps }, objective: new RightWhileLarge(40));
        var read = TrainingHistory.FromJson(history.ToJson());
        Assert.AreEqual(history.ToJson(), read.ToJson());
        CollectionAssert.AreEqual(history.Events[0].Budget.ToArray(), read.Events[0].Budget.ToArray());
        StringAssert.Contains(history.ToJson(), "\"Latency\"");
        Assert.IsNull(TrainingHistory.FromJson("{}").Budget);
    }

    [TestMethod]
    public void A_checkpoint_of_another_budget_is_refused()
    {
        var file = new CheckpointOptions(Path.Combine(folder, "run.ckpt"));
        Train(Pruning(Latency(0.5)), options with { Checkpoint = file });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Train(Pruning(Latency(0.4)), options with { Checkpoint = file })).Message, "other pruning");
    }

    [TestMethod]
    public void A_module_of_ones_own_is_measured_as_LibTorch_scores_it()
    {
        static nn.Module Net() => nn.Sequential(
            ("in", nn.Linear(64, 768)), ("relu", nn.ReLU()), ("mid", nn.Linear(768, 768)), ("relu2", nn.ReLU()), ("out", nn.Linear(768, 3)));
        TrainingHistory Pruned(TimeSpan latency) => Runs.Train(new()
        {
            Epochs = 2,
            Replicas = 1,
            Hooks = [new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.OneShot(1, 0.5), Budget = Budget.Latency(latency) }.Begin()],
        }, Rows.Blobs(64, 64, 3), Net).History;
        // What it takes is measured by a run that cannot be.
        var whole = Pruned(TimeSpan.FromTicks(1)).Budget!;
        StringAssert.Contains(whole.Ended, "cannot be met");
        var half = Pruned(TimeSpan.FromSeconds(whole.AtStart.Single().Measured / 2));
        Assert.IsGreaterThan(0, half.Budget!.AtStart.Single().Measured);
        Assert.AreEqual(1, half.Budget.AtStart.Single().Rows);
        Assert.IsNotNull(half.Budget.Ended);
    }

    // The clock itself; what it promises to 5 % is measured by the benchmarks.
    [TestMethod]
    [TestCategory("Slow")]
    public void By_the_clock_a_network_of_ours_becomes_about_as_fast_as_wanted()
    {
        static TrainingHistory Pruned(TimeSpan latency)
        {
            using var model = new FeedForward([784, 512, 512, 3]);
            return new TrainingLoop(new() { Epochs = 3, Replicas = 1, Hooks = [new NeuronPruning { Budget = Budget.Latency(latency) }.Begin()] }).Run(new()
            {
                Model = model,
                Examples = Rows.Blobs(100, 784, 3),
                Objective = new CrossEntropy(3),
            }).History;
        }

        var whole = Pruned(TimeSpan.FromTicks(1)).Budget!.AtStart.Single().Measured;
        // A busy machine may be twice as slow in one of the runs.
        var history = Pruned(TimeSpan.FromSeconds(whole / 4));
        Assert.IsTrue(history.Budget!.Met, history.Budget.Ended);
        var end = history.Budget.AtEnd.Single();
        Assert.IsLessThanOrEqualTo(end.Limit, end.Measured);
        Assert.IsNotNull(end.Noise);
        var left = (double)history.Events[^1].ParametersAfter / history.ParametersAtStart;
        Assert.IsTrue(left is > 0.05 and < 0.8, $"{left:P1} of the parameters are left");
    }

    [TestMethod]
    public void Budgets_are_values_that_combine()
    {
        var budget = Budget.Latency(TimeSpan.FromMicroseconds(30)) & Budget.Accuracy(0.97);
        Assert.AreEqual("1 row in at most 30 us, accuracy at least 97 %", budget.ToString());
        Assert.AreEqual(budget, Budget.Accuracy(0.97).And(Budget.Latency(TimeSpan.FromMicroseconds(30))));
        Assert.AreNotEqual(budget, Budget.Latency(TimeSpan.FromMicroseconds(30)));
        // Of two of a kind, the stricter counts.
        Assert.AreEqual(Budget.Accuracy(0.98), Budget.Accuracy(0.97) & Budget.Accuracy(0.98));
        Assert.AreEqual(Budget.FileSize(10), Budget.FileSize(10) & Budget.FileSize(20));
        Assert.AreEqual(Budget.Throughput(20), Budget.Throughput(10) & Budget.Throughput(20));
        Assert.AreEqual("at least 1,000,000 rows/s, at most 1,000 bytes, 64 rows in at most 1.5 ms",
            (Budget.Throughput(1e6) & Budget.FileSize(1_000) & Budget.Latency(TimeSpan.FromMilliseconds(1.5), 64)).ToString());
    }

    [TestMethod]
    public void Wrong_budgets_are_refused_in_one_line()
    {
        string Refusal(Func<Budget> make) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(make).Message;
        StringAssert.Contains(Refusal(() => Budget.Latency(TimeSpan.Zero)), "atMost of a budget is 00:00:00; it must be more than 0.");
        StringAssert.Contains(Refusal(() => Budget.Latency(TimeSpan.FromSeconds(1), 0)), "rows of a budget is 0; it must be at least 1.");
        StringAssert.Contains(Refusal(() => Budget.Throughput(double.NaN)), "rowsPerSecond");
        StringAssert.Contains(Refusal(() => Budget.FileSize(0)), "bytes of a budget is 0; it must be at least 1.");
        StringAssert.Contains(Refusal(() => Budget.Accuracy(97)), "(did you mean 0.97?)");

        string Setting(NeuronPruning pruning) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Train(pruning)).Message;
        StringAssert.Contains(Setting(Pruning(Latency(0.5)) with { Soft = true }), "Pruning.Soft is True");
        StringAssert.Contains(Setting(Pruning(Budget.Accuracy(0.5)) with { Rewind = 0 }), "Pruning.Rewind is 0");
        StringAssert.Contains(Setting(Pruning(Budget.Accuracy(0.5)) with { Schedule = Schedule.OneShot(10, 0.5) }), "earlier, where there is an accuracy to come back to");
        StringAssert.Contains(Setting(Pruning(Budget.Accuracy(0.5)) with { Schedule = Schedule.OneShot(0, 0.5) }), "after at least one epoch");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Train(new CombinedPruning(Pruning(Latency(0.5)), Pruning(Latency(0.4))))).Message, "Two prunings");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Train(new CombinedPruning(Pruning(Budget.Accuracy(0.5)), new NeuronPruning()))).Message, "another NeuronPruning");
    }
}
