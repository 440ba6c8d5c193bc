using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class ResumeTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    CheckpointOptions File1 => new(Path.Combine(folder, "run.ckpt")) { EverySteps = 1 };

    static readonly TrainingOptions options = new() { Epochs = 6, BatchSize = 25, LearningRate = 0.01, Seed = 4, Replicas = 2, HistoryInterval = 1 };

    static nn.Module Net() => nn.Sequential(("in", nn.Linear(12, 10)), ("norm", nn.BatchNorm1d(10)), ("relu", nn.ReLU()), ("drop", nn.Dropout(0.2)), ("mid", nn.Linear(10, 8)), ("tanh", nn.Tanh()), ("out", nn.Linear(8, 3)));

    static NeuronPruning Pruning(string kind) => kind switch
    {
        "data" => new() { Importance = new InputMeans(), Schedule = Schedule.Stepwise(2, 2, 0.3, 0.6) },
        "soft" => new() { Importance = FixedScores.WeightSums, Schedule = Schedule.Constant(0.4, 1, 2), Soft = true },
        "rewind to 0" => new() { Importance = FixedScores.WeightSums, Schedule = Schedule.Stepwise(2, 2, 0.3, 0.6), Rewind = 0 },
        _ => new() { Importance = new InputMeans(), Schedule = Schedule.Stepwise(2, 2, 0.3, 0.6), Rewind = 1 },
    };

    // 4 steps an epoch: within the first epoch, in watched ones, just before and after events, and in the last epoch.
    [TestMethod]
    [DataRow("data")]
    [DataRow("soft")]
    [DataRow("rewind to 0")]
    [DataRow("rewind to 1")]
    public void A_run_interrupted_anywhere_ends_with_the_same_weights_bit_for_bit(string kind)
    {
        var (whole, history) = Runs.Train(options with { Hooks = [Pruning(kind).Begin()] }, build: Net, validation: Rows.Blobs(30, 12, 3, 8));
        foreach (var step in new[] { 2, 7, 8, 9, 12, 15, 17, 23 })
        {
            File.Delete(File1.Path);
            using var source = new CancellationTokenSource();
            Hook Cancel() => new() { OnAfterStep = run => { if (run.Step == step) source.Cancel(); } };
            Assert.ThrowsExactly<TrainingCanceledException>(() => Runs.Train(options with { Checkpoint = File1, Hooks = [Pruning(kind).Begin(), Cancel()] }, build: Net,
                cancellation: source.Token, validation: Rows.Blobs(30, 12, 3, 8)));
            var (resumed, again) = Runs.Train(options with { Checkpoint = File1, Hooks = [Pruning(kind).Begin()] }, build: () =>
            {
                random.manual_seed(step);
                return Net();
            }, validation: Rows.Blobs(30, 12, 3, 8));
            Runs.AreSame(whole, resumed);
            CollectionAssert.AreEqual(history.Epochs.Select(e => e.Loss).ToArray(), again.Epochs.Select(e => e.Loss).ToArray());
            CollectionAssert.AreEqual(history.Events.Select(Told).ToArray(), again.Events.Select(Told).ToArray());
        }
        Assert.IsGreaterThan(1, history.Events.Count);
        Assert.IsLessThan(10, whole["in.bias"].Length);

        static string Told(PruningRecord e) => $"{e.Epoch} {e.Step} {e.Kind} {e.LossBefore} {e.LossAfter} {e.LossRecovered} {string.Join("; ", e.Groups.Select(g => $"{g.Name} {g.After} {string.Join(",", g.RemovedOriginal)} {string.Join(",", g.Scores)}"))}";
    }

    [TestMethod]
    public void A_finished_pruned_run_comes_back_in_its_size()
    {
        var hooked = options with { Checkpoint = File1 };
        var (first, _) = Runs.Train(hooked with { Hooks = [Pruning("data").Begin()] }, build: Net);
        var (second, _) = Runs.Train(hooked with { Hooks = [Pruning("data").Begin()] }, build: Net);
        Runs.AreSame(first, second);
    }

    [TestMethod]
    public void A_checkpoint_of_other_pruning_is_refused()
    {
        Runs.Train(options with { Epochs = 3, Checkpoint = File1, Hooks = [Pruning("data").Begin()] }, build: Net);
        string Refusal(NeuronPruning pruning, Func<nn.Module> build) =>
            Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Checkpoint = File1, Hooks = [pruning.Begin()] }, build: build)).Message;
        StringAssert.Contains(Refusal(Pruning("data") with { MinimumNeurons = 2 }, Net), "other pruning");
        StringAssert.Contains(Refusal(Pruning("data"), () => nn.Sequential(("in", nn.Linear(12, 11)), ("relu", nn.ReLU()), ("out", nn.Linear(11, 3)))), "groups of neurons");
        Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Checkpoint = File1 }, build: Net));
    }
}
