using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class GuardTests
{
    [TestMethod]
    [DataRow(float.NaN, "NaN")]
    [DataRow(float.PositiveInfinity, "infinite")]
    public void A_loss_that_is_no_number_stops_before_it_moves_the_parameters(float bad, string word)
    {
        Dictionary<string, float[]>? before = null;
        Dictionary<string, float[]>? left = null;
        double last = 0;
        var step = 0;
        var objective = new CustomObjective((model, batch) =>
        {
            var loss = nn.functional.cross_entropy(((nn.Module<Tensor, Tensor>)model).call(batch.Inputs), batch.Labels);
            return step == 7 ? loss.Times(bad) : loss;
        });
        var failure = Assert.ThrowsExactly<TrainingDivergedException>(() => Runs.Train(new TrainingOptions
        {
            Replicas = 1,
            BatchSize = 20,
            LearningRate = 0.25,
            Hooks = [new Hook
            {
                OnBeforeForward = run => before = Runs.Values(run.Model),
                OnAfterStep = run => (step, last) = (step + 1, run.Loss),
                Any = (call, run) => { if (call == "Ended") left = Runs.Values(run.Model); },
            }],
        }, objective: objective));
        Assert.AreEqual(8, failure.Step);
        Assert.AreEqual(2, failure.Epoch);
        Assert.AreEqual(last, failure.LastFiniteLoss);
        StringAssert.Contains(failure.Message, word);
        StringAssert.Contains(failure.Message, "0.25");
        Runs.AreSame(before!, left!);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Parameters_that_a_finite_loss_has_ruined_are_neither_saved_nor_returned(int everySteps)
    {
        var file = Path.GetTempFileName();
        try
        {
            var step = 0;
            var objective = new CustomObjective((model, batch) =>
            {
                var network = (nn.Module<Tensor, Tensor>)model;
                var loss = nn.functional.cross_entropy(network.call(batch.Inputs), batch.Labels);
                // The root of zero adds nothing to the loss, and an infinite slope times zero to the gradient.
                return step == 9 ? loss.Plus(network.parameters().First().sum().Times(0).sqrt()) : loss;
            });
            byte[] saved = [];
            var options = new TrainingOptions
            {
                Replicas = 1,
                BatchSize = 20,
                Checkpoint = new CheckpointOptions(file) { Resume = false, EverySteps = everySteps },
                Hooks = [new Hook { OnBeforeForward = _ => saved = step <= 9 ? File.ReadAllBytes(file) : saved, OnAfterStep = _ => step++ }],
            };
            var failure = Assert.ThrowsExactly<TrainingDivergedException>(() => Runs.Train(options, objective: objective));
            Assert.AreEqual((10L, 2), (failure.Step, failure.Epoch));
            StringAssert.Contains(failure.Message, "Parameter '");
            Assert.IsNotEmpty(saved);
            CollectionAssert.AreEqual(saved, File.ReadAllBytes(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void Validation_draws_no_random_numbers_from_training()
    {
        // The loss draws noise, in evaluation too.
        var objective = new CustomObjective((model, batch) =>
            nn.functional.cross_entropy(((nn.Module<Tensor, Tensor>)model).call(batch.Inputs.Plus(randn_like(batch.Inputs).Times(0.1))), batch.Labels));
        var options = new TrainingOptions { Epochs = 3, BatchSize = 20, Replicas = 2 };
        Runs.AreSame(Runs.Train(options, objective: objective).Parameters, Runs.Train(options, objective: objective, validation: Rows.Blobs(50, 12, 3)).Parameters);
    }

    [TestMethod]
    public void Cancelling_stops_at_the_next_batch_with_whole_steps_only()
    {
        using var source = new CancellationTokenSource();
        long steps = 0;
        var options = new TrainingOptions { Epochs = 100, BatchSize = 10, Replicas = 2, Hooks = [new Hook { OnAfterStep = run => { steps = run.Step; if (run.Step == 23) source.Cancel(); } }] };
        Assert.ThrowsExactly<TrainingCanceledException>(() => Runs.Train(options, cancellation: source.Token));
        Assert.AreEqual(23, steps);
    }

    [TestMethod]
    public void Cancelling_before_the_start_reads_nothing()
    {
        var rows = Rows.Blobs(10, 12, 3);
        Assert.ThrowsExactly<OperationCanceledException>(() => Runs.Train(new TrainingOptions(), rows, cancellation: new CancellationToken(true)));
        Assert.AreEqual(0, rows.Opened);
    }

    [TestMethod]
    public void Progress_tells_how_the_run_goes()
    {
        var reports = new List<TrainingProgress>();
        Runs.Train(new TrainingOptions { Epochs = 2, BatchSize = 10, Progress = new Direct(reports.Add) });
        Assert.IsGreaterThanOrEqualTo(3, reports.Count);
        Assert.IsNull(reports[0].Finished);
        var last = reports[^1];
        Assert.AreEqual((2, 2, 10, 10), (last.Epoch, last.Epochs, last.Step, last.Steps));
        Assert.AreEqual(last.Finished!.Loss, last.Loss);
        Assert.IsGreaterThan(0, last.RowsPerSecond);
    }

    [TestMethod]
    public void Wrong_options_are_named_with_their_value_and_what_is_wanted()
    {
        var good = new TrainingOptions();
        (TrainingOptions, string[])[] wrong =
        [
            (good with { Epochs = 0 }, ["Epochs", "0", "at least 1"]),
            (good with { BatchSize = -3 }, ["BatchSize", "-3", "at least 1"]),
            (good with { LearningRate = double.NaN }, ["LearningRate", "NaN", "above 0"]),
            (good with { LearningRate = 0 }, ["LearningRate", "0", "above 0"]),
            (good with { WeightDecay = -1 }, ["WeightDecay", "-1", "0 or more"]),
            (good with { Momentum = 1, Optimizer = OptimizerKind.Sgd }, ["Momentum", "1", "below 1"]),
            (good with { Momentum = 0.5 }, ["Momentum", "0.5", "Adam"]),
            (good with { GradientClipNorm = 0 }, ["GradientClipNorm", "0", "above 0"]),
            (good with { Replicas = -1 }, ["Replicas", "-1", "at least 1"]),
            (good with { Seed = -1 }, ["Seed", "-1", "0 or more"]),
            (good with { Device = "tpu" }, ["Device", "tpu", "cuda"]),
            (good with { Device = "cuda", Replicas = 2 }, ["Replicas", "2", "cuda"]),
            (good with { Optimizer = (OptimizerKind)9 }, ["Optimizer", "9", "RmsProp"]),
            (good with { Schedule = LearningRateSchedule.Stepwise(0, 0.5) }, ["Schedule.Every", "0", "at least 1"]),
            (good with { Checkpoint = new CheckpointOptions("x") { EveryEpochs = 0 } }, ["Checkpoint.EveryEpochs", "0", "at least 1"]),
            (good with { HistoryInterval = 0 }, ["HistoryInterval", "0", "at least 1"]),
            (good with { MemoryLimit = -1 }, ["MemoryLimit", "-1", "bytes"]),
        ];
        foreach (var (options, words) in wrong)
        {
            var message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingLoop(options)).Message;
            foreach (var word in words)
                StringAssert.Contains(message, word);
        }
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => new TrainingLoop(good with { Checkpoint = new CheckpointOptions("/nowhere/at/all.ckpt") }));
    }

    [TestMethod]
    public void A_module_without_parameters_is_refused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions(), build: () => nn.ReLU())).Message, "no trainable parameters");
    }

    [TestMethod]
    public void Examples_that_do_not_fit_are_refused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions(), validation: Rows.Blobs(10, 13, 3))).Message, "shape [13]");
        var unlabelled = new Rows(10, 12, (_, _) => 0, _ => 0) { HasLabels = false };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions(), unlabelled)).Message, "asks for labels");
    }

    [TestMethod]
    public void A_copy_that_is_another_model_is_refused()
    {
        random.manual_seed(1);
        using var model = Runs.Small.Build();
        var task = new TrainingTask { Model = model, Copy = () => nn.Linear(12, 3), Examples = Rows.Blobs(40, 12, 3), Objective = new CrossEntropy(3) };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new TrainingLoop(new TrainingOptions { Replicas = 2 }).Run(task)).Message, "Copy");
    }

    sealed class Direct(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
