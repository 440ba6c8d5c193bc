using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tests.Pruning;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
[DoNotParallelize]
public sealed class MaskResumeTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    CheckpointOptions File1 => new(Path.Combine(folder, "run.ckpt")) { EverySteps = 1 };

    static readonly TrainingOptions options = new() { Epochs = 6, BatchSize = 25, LearningRate = 0.01, Seed = 4, Replicas = 2, HistoryInterval = 1 };

    static nn.Module Net() => nn.Sequential(("in", nn.Linear(12, 10)), ("norm", nn.BatchNorm1d(10)), ("relu", nn.ReLU()), ("drop", nn.Dropout(0.2)), ("mid", nn.Linear(10, 8)), ("tanh", nn.Tanh()), ("out", nn.Linear(8, 3)));

    static ITrainingHook Pruning(string kind)
    {
        var neurons = new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.Stepwise(2, 2, 0.3, 0.6) };
        var weights = new WeightPruning { Schedule = Schedule.Cubic(0, 18, 0.7), Every = 3 };
        return (kind switch
        {
            "persistent" => weights,
            "frozen" => weights with { Reactivation = Reactivation.Frozen, Criterion = new MagnitudeTimesGradient() },
            "regrowth" => weights with { Reactivation = Reactivation.Frozen, Rule = MaskRule.Regrowth(), Distribution = MaskDistribution.Global },
            "with neurons" => new CombinedPruning(neurons, weights),
            _ => (ITrainingPruning)new CombinedPruning(weights with { Reactivation = Reactivation.Frozen }, neurons),
        }).Begin();
    }

    [TestMethod]
    public void Masks_of_another_model_are_refused_by_the_name_of_the_file()
    {
        var file = Path.Combine(folder, "renamed.checkpoint");
        TrainingOptions Options() => new()
        {
            Epochs = 1,
            BatchSize = 20,
            Seed = 3,
            Checkpoint = new CheckpointOptions(file) { Keep = 1 },
            Hooks = [new WeightPruning { Sparsity = 0.5, Schedule = Schedule.OneShot(1, 0.5) }.Begin()],
        };
        Runs.Train(Options());
        Archive archive, renamed = new("checkpoint");
        using (var stream = File.OpenRead(file))
            archive = Archive.Read(stream, "checkpoint", file);
        foreach (var (name, content) in archive.Entries)
            renamed.Add(name, name != "hook:weight pruning" ? content
                : System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(content).Replace("linear2", "lynear2")));
        WholeFile.Write(file, renamed.Write);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(Options())).Message;
        StringAssert.StartsWith(message, $"Checkpoint '{file}' cannot be read, because of its part 'hook:weight pruning'");
        StringAssert.Contains(message, "masks are of another model: of layers.linear1.weight");
    }

    [TestMethod]
    [DataRow("persistent")]
    [DataRow("frozen")]
    [DataRow("regrowth")]
    [DataRow("with neurons")]
    [DataRow("frozen before neurons")]
    public void A_run_interrupted_anywhere_ends_with_the_same_weights_bit_for_bit(string kind)
    {
        WeightMasks? masks = null;
        Hook Last() => new() { OnAfterEpoch = run => masks = run.Masks };
        var (whole, history) = Runs.Train(options with { Hooks = [Pruning(kind), Last()] }, build: Net);
        var bits = Bits();
        foreach (var step in new[] { 1, 3, 8, 10, 13, 17, 23, 24 })
        {
            File.Delete(File1.Path);
            using var source = new CancellationTokenSource();
            Hook Cancel() => new() { OnAfterStep = run => { if (run.Step == step) source.Cancel(); } };
            if (step == 24)
                Runs.Train(options with { Checkpoint = File1, Hooks = [Pruning(kind)] }, build: Net);
            else
                Assert.ThrowsExactly<TrainingCanceledException>(() => Runs.Train(options with { Checkpoint = File1, Hooks = [Pruning(kind), Cancel()] }, build: Net, cancellation: source.Token));
            var (resumed, again) = Runs.Train(options with { Checkpoint = File1, Hooks = [Pruning(kind), Last()] }, build: () =>
            {
                random.manual_seed(step);
                return Net();
            });
            Runs.AreSame(whole, resumed);
            CollectionAssert.AreEqual(history.Epochs.Select(e => e.Loss).ToArray(), again.Epochs.Select(e => e.Loss).ToArray());
            CollectionAssert.AreEqual(history.Events.Select(Told).ToArray(), again.Events.Select(Told).ToArray());
            CollectionAssert.AreEqual(bits, Bits());
        }
        Assert.IsGreaterThan(5, history.Events.Count);

        bool[] Bits() => [.. masks!.Masks.SelectMany(m => m.Active.ToArray())];

        static string Told(PruningRecord e) => $"{e.Epoch} {e.Step} {e.Kind} {e.WeightsOn} of {e.Weights}, {e.Reactivated} {e.Deactivated} {string.Join("; ", e.Groups.Select(g => $"{g.Name} {g.After}"))}";
    }

    [TestMethod]
    public void A_checkpoint_of_other_masks_is_refused()
    {
        Runs.Train(options with { Checkpoint = File1, Hooks = [new WeightPruning { Sparsity = 0.5 }.Begin()] });
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Checkpoint = File1, Hooks = [new WeightPruning { Sparsity = 0.6 }.Begin()] }));
        StringAssert.Contains(error.Message, "sparsity 0.5");
        StringAssert.Contains(error.Message, "sparsity 0.6");
    }

    [TestMethod]
    public void A_resumed_run_that_was_over_still_tells_its_masks()
    {
        TrainingResult Run()
        {
            random.manual_seed(7);
            return new TrainingLoop(options with { Checkpoint = File1, Hooks = [new WeightPruning { Sparsity = 0.5, Every = 2 }.Begin()] })
                .Run(new TrainingTask { Model = Net(), Copy = Net, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) });
        }
        var (first, second) = (Run(), Run());
        using var one = first.Model;
        using var two = second.Model;
        CollectionAssert.AreEqual(first.Masks!["in.weight"].Active.ToArray(), second.Masks!["in.weight"].Active.ToArray());
        Assert.AreEqual(60, second.Masks!["in.weight"].ActiveCount);
        Runs.AreSame(Runs.Values(one), Runs.Values(two));
    }
}
