using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class AccumulationTests
{
    static nn.Module Smooth() => new FeedForwardBlueprint([12, 9, 3], Activation.Tanh).Build();

    [TestMethod]
    [DataRow(1, false, 100)]
    [DataRow(2, false, 100)]
    [DataRow(2, true, 100)]
    [DataRow(2, false, 93)]
    [DataRow(1, false, 61)]
    public void Several_batches_are_as_one_larger_one(int replicas, bool shuffle, int count)
    {
        var rows = Rows.Blobs(count, 12, 3);
        var large = new TrainingOptions { Epochs = 3, BatchSize = 40, Replicas = replicas, Shuffle = shuffle, Seed = 2, LearningRate = 0.01, GradientClipNorm = 0.5, HistoryInterval = 1, Schedule = LearningRateSchedule.Cosine() };
        var small = large with { BatchSize = 10, AccumulateBatches = 4 };
        var (expected, whole) = Runs.Train(large, rows, Smooth, validation: Rows.Blobs(30, 12, 3, seed: 5));
        var (actual, parts) = Runs.Train(small, rows, Smooth, validation: Rows.Blobs(30, 12, 3, seed: 5));
        Runs.AreClose(expected, actual, 1e-6);
        Assert.HasCount(3 * ((count + 39) / 40), parts.Steps);
        foreach (var (one, other) in whole.Steps.Zip(parts.Steps))
        {
            Assert.AreEqual((one.Step, one.Epoch, one.LearningRate), (other.Step, other.Epoch, other.LearningRate));
            Assert.AreEqual(one.Loss, other.Loss, 1e-6);
        }
        foreach (var (one, other) in whole.Epochs.Zip(parts.Epochs))
        {
            Assert.AreEqual((one.Rows, one.Steps, one.Accuracy, one.ValidationAccuracy), (other.Rows, other.Steps, other.Accuracy, other.ValidationAccuracy));
            Assert.AreEqual(one.ValidationLoss!.Value, other.ValidationLoss!.Value, 1e-6);
        }
    }

    [TestMethod]
    public void Hooks_see_each_batch_and_the_averaged_gradient_of_the_step()
    {
        List<int> batches = [];
        List<float[]> gradients = [], expected = [];
        var rows = Rows.Blobs(100, 12, 3);
        var small = new TrainingOptions { Epochs = 1, BatchSize = 10, AccumulateBatches = 4, Replicas = 2, Optimizer = OptimizerKind.Sgd };
        Runs.Train(small with { Hooks = [new Batches(batches), new Hook { OnAfterBackward = run => gradients.Add(run.Gradients.data<float>().ToArray()) }] }, rows, Smooth);
        Runs.Train(small with { BatchSize = 40, AccumulateBatches = 1, Hooks = [new Hook { OnAfterBackward = run => expected.Add(run.Gradients.data<float>().ToArray()) }] }, rows, Smooth);
        CollectionAssert.AreEqual(Enumerable.Repeat(10, 10).ToList(), batches);
        Assert.HasCount(3, gradients);
        foreach (var (one, other) in expected.Zip(gradients))
            for (var i = 0; i < one.Length; i++)
                Assert.AreEqual(one[i], other[i], 1e-6f);
    }

    sealed class Batches(List<int> rows) : ITrainingHook
    {
        public void AfterBatch(TrainingRun run) => rows.Add(run.Batches.Sum(batch => batch.Rows));
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow((12L * 4 + 8) * 80)]
    public void Only_an_incomplete_batch_is_dropped_and_streamed_rows_come_once(long limit)
    {
        var seen = new List<int>();
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 2, BatchSize = 10, AccumulateBatches = 4, DropLastBatch = true, MemoryLimit = limit, Hooks = [new Batches(seen)] }, Rows.Blobs(217, 12, 3), Smooth);
        Assert.AreEqual(12, history.Epochs[^1].Steps);
        Assert.AreEqual(210, history.Epochs[0].Rows);
        CollectionAssert.AreEqual(Enumerable.Repeat(10, 42).ToList(), seen);
    }

    [TestMethod]
    public void Criteria_that_need_gradients_rank_as_with_one_larger_batch()
    {
        foreach (var importance in new IImportance[] { new Taylor(), new Contribution() })
        {
            var large = new TrainingOptions { Epochs = 3, BatchSize = 40, Replicas = 2, Seed = 2, LearningRate = 0.01 };
            NeuronPruning pruning = new() { Importance = importance, Schedule = Schedule.OneShot(2, 0.4), MeasuredRows = 0 };
            var (expected, one) = Runs.Train(large with { Hooks = [pruning.Begin()] }, build: Smooth);
            var (actual, parts) = Runs.Train(large with { BatchSize = 10, AccumulateBatches = 4, Hooks = [pruning.Begin()] }, build: Smooth);
            foreach (var (a, b) in one.Events[0].Groups[0].Scores.Zip(parts.Events[0].Groups[0].Scores))
                Assert.AreEqual(a, b, 1e-5 * Math.Abs(a) + 1e-7, importance.ToString());
            Runs.AreClose(expected, actual, 1e-5);
        }
    }

    [TestMethod]
    public void A_resumed_run_ends_with_the_same_weights_and_another_accumulation_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune").FullName;
        try
        {
            var options = new TrainingOptions { Epochs = 4, BatchSize = 10, AccumulateBatches = 3, Replicas = 2, Seed = 2 };
            var (whole, _) = Runs.Train(options);
            var saving = options with { Checkpoint = new CheckpointOptions(Path.Combine(folder, "run.checkpoint")) { EverySteps = 1 } };
            using var source = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => Runs.Train(saving with { Hooks = [new Hook { OnAfterStep = run => { if (run.Step == 7) source.Cancel(); } }] }, cancellation: source.Token));
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(saving with { AccumulateBatches = 2 })).Message, "AccumulateBatches is 3, this run's is 2");
            Runs.AreSame(whole, Runs.Train(saving).Parameters);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingLoop(new TrainingOptions { AccumulateBatches = 0 })).Message, "AccumulateBatches is 0; it must be at least 1.");
    }
}
