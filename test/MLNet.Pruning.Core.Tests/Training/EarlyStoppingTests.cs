using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class EarlyStoppingTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    static readonly Rows validation = Rows.Blobs(30, 12, 3, seed: 77);

    static nn.Module Norming() => nn.Sequential(("in", nn.Linear(12, 10)), ("norm", nn.BatchNorm1d(10)), ("relu", nn.ReLU()), ("drop", nn.Dropout(0.3)), ("out", nn.Linear(10, 3)));

    // So large a rate that epochs are by turns better and worse.
    static readonly TrainingOptions restless = new() { Epochs = 9, BatchSize = 20, Optimizer = OptimizerKind.Sgd, Momentum = 0.9, LearningRate = 0.4, Seed = 3, Replicas = 2 };

    static readonly NeuronPruning neurons = new() { Schedule = Schedule.Stepwise(maturity: 2, every: 1, amount: 0.3, target: 0.5), MeasuredRows = 0 };

    static readonly WeightPruning weights = new() { Sparsity = 0.6, Schedule = Schedule.Cubic(1, 22, 0.6), Every = 4 };

    /// <summary>Keeps the model's values after each epoch, before anything is pruned.</summary>
    static Hook Keeping(List<Dictionary<string, float[]>> values) => new() { OnAfterEpoch = run => values.Add(Runs.Values(run.Model)) };

    [TestMethod]
    [DataRow(TrainingMetric.ValidationLoss)]
    [DataRow(TrainingMetric.ValidationAccuracy)]
    [DataRow(TrainingMetric.TrainingLoss)]
    [DataRow(TrainingMetric.TrainingAccuracy)]
    public void The_best_epochs_weights_and_statistics_are_given_back(TrainingMetric metric)
    {
        List<Dictionary<string, float[]>> values = [];
        var (plain, last) = Runs.Train(restless, build: Norming, validation: validation);
        var (best, history) = Runs.Train(restless with { RestoreBest = metric, Hooks = [Keeping(values)] }, build: Norming, validation: validation);
        var scores = history.Epochs.Select(e => metric switch
        {
            TrainingMetric.ValidationLoss => -e.ValidationLoss!.Value,
            TrainingMetric.ValidationAccuracy => e.ValidationAccuracy!.Value,
            TrainingMetric.TrainingLoss => -e.Loss,
            _ => e.Accuracy!.Value,
        }).ToList();
        var epoch = scores.IndexOf(scores.Max());
        Assert.AreEqual(epoch + 1, history.BestEpoch);
        Runs.AreSame(values[epoch], best);
        Runs.AreSame(values[^1], plain);
        CollectionAssert.AreEqual(last.Epochs.Select(e => e.Loss).ToList(), history.Epochs.Select(e => e.Loss).ToList());
        Assert.IsNull(history.Stopped);
        Assert.IsNull(last.BestEpoch);
    }

    [TestMethod]
    [DataRow(1, 0.0)]
    [DataRow(2, 0.0)]
    [DataRow(3, 0.05)]
    public void A_run_ends_when_patience_does(int patience, double change)
    {
        var (_, all) = Runs.Train(restless with { Epochs = 12 }, build: Norming, validation: validation);
        var (_, stopped) = Runs.Train(restless with { Epochs = 12, EarlyStopping = new() { Patience = patience, MinimumChange = change } }, build: Norming, validation: validation);
        var losses = all.Epochs.Select(e => e.ValidationLoss!.Value).ToArray();
        var (best, at, end) = (double.PositiveInfinity, 0, losses.Length);
        for (var i = 0; i < losses.Length && end == losses.Length; i++)
        {
            if (losses[i] < best - change)
                (best, at) = (losses[i], i);
            else if (i - at >= patience)
                end = i + 1;
        }
        Assert.IsLessThan(12, end, "the run should be one that ends");
        Assert.HasCount(end, stopped.Epochs);
        StringAssert.StartsWith(stopped.Stopped, $"ValidationLoss was best after epoch {at + 1}, ");
        CollectionAssert.AreEqual(losses[..end], stopped.Epochs.Select(e => e.ValidationLoss!.Value).ToArray());
    }

    [TestMethod]
    public void Only_epochs_after_the_last_cut_count_and_shape_and_masks_come_back()
    {
        List<Dictionary<string, float[]>> values = [];
        random.manual_seed(7);
        using var model = Runs.Small.Build();
        var result = new TrainingLoop(restless with
        {
            Epochs = 13,
            LearningRate = 0.1,
            RestoreBest = TrainingMetric.ValidationLoss,
            Hooks = [new CombinedPruning(neurons with { Schedule = Schedule.OneShot(10, 0.5) }, weights with { Sparsity = 0.95, Schedule = Schedule.OneShot(47, 0.95) }).Begin(), Keeping(values)],
        }).Run(new TrainingTask { Model = model, Copy = Runs.Small.Build, Examples = Rows.Blobs(100, 12, 3), Validation = validation, Objective = new CrossEntropy(3) });
        var history = result.History;
        const int lastEvent = 10;
        Assert.AreEqual(lastEvent, history.Events.Single(e => e.Kind == "neurons").Epoch);
        // An event comes after its epoch, so that the epoch after it is the first one of the final size.
        var counted = history.Epochs.Skip(lastEvent).ToArray();
        var epoch = counted.MinBy(e => e.ValidationLoss)!.Epoch;
        Assert.AreEqual(epoch, history.BestEpoch);
        Assert.IsLessThan(counted.Min(e => e.ValidationLoss!.Value), history.Epochs[..lastEvent].Min(e => e.ValidationLoss!.Value), "the larger network is better, and not wanted");
        Assert.AreEqual(5, ((FeedForward)model).Blueprint.Sizes[1]); // floor(0.5 * 9) of 9 are gone
        Runs.AreSame(values[epoch - 1], Runs.Values(model));
        var masks = result.Find<WeightMasks>()!;
        Assert.AreEqual(0.95, masks.Sparsity, 0.03);
        foreach (var mask in masks.Masks)
            Assert.AreEqual(mask.Count - mask.ActiveCount, Runs.Values(model)[mask.Name].Count(v => v == 0), mask.Name);
    }

    [TestMethod]
    [DataRow(0, 33)]
    [DataRow(1, 23)]
    [DataRow(1, 38)]
    public void A_resumed_run_stops_and_restores_as_an_uninterrupted_one(int everySteps, int at)
    {
        var file = Path.Combine(folder, "run.checkpoint");
        TrainingOptions Options(params ITrainingHook[] more) => restless with
        {
            Epochs = 14,
            LearningRate = 0.2,
            EarlyStopping = new(TrainingMetric.ValidationLoss) { Patience = 3 },
            RestoreBest = TrainingMetric.ValidationLoss,
            Hooks = [new CombinedPruning(neurons, weights).Begin(), .. more],
        };
        var (whole, history) = Runs.Train(Options(), validation: validation);
        Assert.IsTrue(history.BestEpoch < history.Epochs.Count && history.Stopped is not null);
        using var source = new CancellationTokenSource();
        var checkpoint = new CheckpointOptions(file) { EverySteps = everySteps };
        Assert.Throws<OperationCanceledException>(() => Runs.Train(
            Options(new Hook { OnAfterStep = run => { if (run.Step == at) source.Cancel(); } }) with { Checkpoint = checkpoint }, validation: validation, cancellation: source.Token));
        for (var again = 0; again < 2; again++) // the second time, the run is over
        {
            var steps = 0;
            var (resumed, second) = Runs.Train(Options(new Hook { OnAfterStep = _ => steps++ }) with { Checkpoint = checkpoint }, validation: validation);
            Runs.AreSame(whole, resumed);
            Assert.AreEqual((history.BestEpoch, history.Stopped, history.Epochs.Count), (second.BestEpoch, second.Stopped, second.Epochs.Count));
            Assert.AreEqual(again == 0, steps > 0);
        }
    }

    [TestMethod]
    public void A_run_that_is_judged_by_another_metric_does_not_go_on()
    {
        var checkpoint = new CheckpointOptions(Path.Combine(folder, "metric.checkpoint"));
        var options = restless with { Epochs = 2, Checkpoint = checkpoint };
        Runs.Train(options with { RestoreBest = TrainingMetric.TrainingLoss });
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() =>
            Runs.Train(options with { Epochs = 3, RestoreBest = TrainingMetric.TrainingAccuracy })).Message,
            "RestoreBest was by TrainingLoss, and is by TrainingAccuracy in this run.");
    }

    [TestMethod]
    public void An_epoch_without_a_finite_value_is_never_the_best()
    {
        Assert.IsTrue(Metrics.IsBetter(TrainingMetric.ValidationLoss, 1, double.NaN));
        Assert.IsFalse(Metrics.IsBetter(TrainingMetric.ValidationLoss, double.NaN, 1));
        Assert.IsFalse(Metrics.IsBetter(TrainingMetric.ValidationLoss, double.NaN, double.NaN));
    }

    [TestMethod]
    public void An_accuracy_that_the_objective_does_not_count_is_refused_before_training()
    {
        var options = restless with { RestoreBest = TrainingMetric.TrainingAccuracy };
        using var model = Runs.Small.Build();
        var task = new TrainingTask
        {
            Model = model,
            Examples = Rows.Blobs(20, 12, 3),
            Objective = new CustomObjective((network, batch) => nn.functional.cross_entropy(((nn.Module<Tensor, Tensor>)network).call(batch.Inputs), batch.Labels), 3),
        };
        StringAssert.StartsWith(Assert.Throws<ArgumentException>(() => new TrainingLoop(options).Run(task)).Message, "RestoreBest is by TrainingAccuracy");
    }

    [TestMethod]
    public void A_run_goes_on_in_another_culture()
    {
        var checkpoint = new CheckpointOptions(Path.Combine(folder, "culture.checkpoint"));
        var options = restless with { Epochs = 2, Checkpoint = checkpoint, Schedule = LearningRateSchedule.Exponential(0.9), Hooks = [weights.Begin()] };
        var before = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            System.Globalization.CultureInfo.CurrentCulture = German();
            Runs.Train(options);
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
        Assert.HasCount(3, Runs.Train(options with { Epochs = 3, Hooks = [weights.Begin()] }).History.Epochs);

        static System.Globalization.CultureInfo German()
        {
            var culture = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
            culture.NumberFormat.NumberDecimalSeparator = ",";
            return culture;
        }
    }

    [TestMethod]
    public void A_longer_run_goes_on_from_the_last_epoch_and_not_from_the_best()
    {
        var options = restless with { Epochs = 8, RestoreBest = TrainingMetric.TrainingLoss };
        var (whole, history) = Runs.Train(options, build: Norming);
        var checkpointed = options with { Checkpoint = new CheckpointOptions(Path.Combine(folder, "run.checkpoint")) };
        Runs.Train(checkpointed with { Epochs = 4 }, build: Norming);
        var (longer, second) = Runs.Train(checkpointed, build: Norming);
        Runs.AreSame(whole, longer);
        Assert.AreEqual(history.BestEpoch, second.BestEpoch);
    }

    sealed class Unsettled(int until) : ITrainingHook
    {
        public bool IsSettled(TrainingRun run) => run.Epoch + 1 > until;
    }

    [TestMethod]
    public void A_hook_of_ones_own_says_when_epochs_begin_to_count()
    {
        var (_, history) = Runs.Train(restless with { RestoreBest = TrainingMetric.TrainingLoss, Hooks = [new Unsettled(5)] }, build: Norming);
        Assert.AreEqual(history.Epochs.Skip(5).MinBy(e => e.Loss)!.Epoch, history.BestEpoch);
        var (last, never) = Runs.Train(restless with { RestoreBest = TrainingMetric.TrainingLoss, EarlyStopping = new(TrainingMetric.TrainingLoss) { Patience = 1 }, Hooks = [new Unsettled(99)] }, build: Norming);
        Assert.IsNull(never.BestEpoch);
        Assert.HasCount(9, never.Epochs);
        Runs.AreSame(Runs.Train(restless, build: Norming).Parameters, last);
    }

    [TestMethod]
    public void What_the_run_does_not_measure_is_refused_before_training()
    {
        var steps = 0;
        var options = restless with { Hooks = [new Hook { OnAfterStep = _ => steps++ }] };
        StringAssert.Contains(Refusal(options with { EarlyStopping = new() }), "EarlyStopping is by ValidationLoss, and the run has no validation set");
        StringAssert.Contains(Refusal(options with { RestoreBest = TrainingMetric.ValidationAccuracy }), "RestoreBest is by ValidationAccuracy");
        StringAssert.Contains(Refusal(options with { RestoreBest = TrainingMetric.TrainingAccuracy }, new CustomObjective((_, batch) => batch.Inputs.sum())), "no classes");
        StringAssert.Contains(Refusal(options with { EarlyStopping = new() { Patience = 0 } }), "EarlyStopping.Patience is 0; it must be at least 1.");
        StringAssert.Contains(Refusal(options with { EarlyStopping = new() { MinimumChange = -1 } }), "EarlyStopping.MinimumChange is -1");
        StringAssert.Contains(Refusal(options with { RestoreBest = (TrainingMetric)9 }), "RestoreBest is 9; it must be one of ValidationLoss");
        Assert.AreEqual(0, steps);

        static string Refusal(TrainingOptions options, IObjective? objective = null)
        {
            try
            {
                Runs.Train(options, objective: objective);
            }
            catch (ArgumentException refusal)
            {
                return refusal.Message;
            }
            return "nothing is refused";
        }
    }
}
