using System.Text;
using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class CheckpointTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    string File1 => Path.Combine(folder, "run.ckpt");

    static nn.Module Dropping() => nn.Sequential(("in", nn.Linear(12, 8)), ("norm", nn.BatchNorm1d(8)), ("drop", nn.Dropout(0.3)), ("out", nn.Linear(8, 3)));

    [TestMethod]
    public void A_checkpoint_from_when_TorchSharps_optimizers_kept_the_state_is_read()
    {
        var options = new TrainingOptions { Epochs = 4, BatchSize = 20, Optimizer = OptimizerKind.RmsProp, LearningRate = 0.01 };
        var (whole, _) = Runs.Train(options);
        var (half, _) = Runs.Train(options with { Epochs = 2, Checkpoint = new CheckpointOptions(File1) });
        var old = new Archive("checkpoint");
        foreach (var (name, content) in Archive.Read(new MemoryStream(File.ReadAllBytes(File1)), "checkpoint", "it").Entries)
            old.Add(name, name switch
            {
                "position" => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Replace(",\"Nesterov\":false", "", StringComparison.Ordinal)),
                _ when name.StartsWith("optimizer:", StringComparison.Ordinal) => WithUnusedState(content, half[name["optimizer:".Length..]].Length),
                _ => content,
            });
        Assert.IsFalse(old["position"].SequenceEqual(Archive.Read(new MemoryStream(File.ReadAllBytes(File1)), "checkpoint", "it")["position"]));
        using (var file = File.Create(File1))
            old.Write(file);
        var (resumed, _) = Runs.Train(options with { Checkpoint = new CheckpointOptions(File1) });
        Runs.AreSame(whole, resumed);
    }

    // Its RMSprop kept two more averages, of zeros.
    static byte[] WithUnusedState(byte[] entry, int numbers)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        using var reader = new BinaryReader(new MemoryStream(entry));
        writer.Write(reader.ReadInt64());
        Assert.AreEqual(1, reader.ReadInt32());
        writer.Write(3);
        var (name, length) = (reader.ReadString(), reader.ReadInt32());
        var average = reader.ReadBytes(length);
        Assert.AreEqual("square_avg", name);
        foreach (var part in new[] { name, "momentum_buffer", "grad_avg" })
        {
            writer.Write(part);
            writer.Write(length);
            writer.Write(average);
            average.AsSpan(length - numbers * sizeof(float)).Clear();
        }
        writer.Flush();
        return stream.ToArray();
    }

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 1, 0)]
    [DataRow(OptimizerKind.AdamW, 2, 7)]
    [DataRow(OptimizerKind.Sgd, 2, 0)]
    [DataRow(OptimizerKind.RmsProp, 1, 7)]
    public void A_resumed_run_ends_with_the_same_weights_as_an_uninterrupted_one(OptimizerKind kind, int replicas, int everySteps)
    {
        var options = new TrainingOptions
        {
            Epochs = 5,
            BatchSize = 20,
            Replicas = replicas,
            Optimizer = kind,
            Momentum = kind is OptimizerKind.Sgd or OptimizerKind.RmsProp ? 0.9 : 0,
            LearningRate = 0.01,
            Schedule = LearningRateSchedule.Cosine(),
            HistoryInterval = 1,
            Seed = 4,
        };
        var (whole, wholeHistory) = Runs.Train(options, build: Dropping);

        using var source = new CancellationTokenSource();
        var interrupted = options with
        {
            Checkpoint = new CheckpointOptions(File1) { EverySteps = everySteps },
            Hooks = [new Hook { OnAfterStep = run => { if (run.Step == 23) source.Cancel(); } }],
        };
        Assert.ThrowsExactly<TrainingCanceledException>(() => Runs.Train(interrupted, build: Dropping, cancellation: source.Token));
        var resumedAt = -1L;
        var (resumed, history) = Runs.Train(interrupted with { Hooks = [new Hook { OnBeforeForward = run => { if (resumedAt < 0) resumedAt = run.Step; } }] }, build: () =>
        {
            random.manual_seed(Environment.TickCount64); // whatever the new process begins with
            return Dropping();
        });
        Assert.AreEqual(23, resumedAt, "a cancelled run saves the step that it came to");
        Runs.AreSame(whole, resumed);
        CollectionAssert.AreEqual(wholeHistory.Steps, history.Steps);
        CollectionAssert.AreEqual(wholeHistory.Epochs.Select(e => e.Loss).ToList(), history.Epochs.Select(e => e.Loss).ToList());
        CollectionAssert.AreEquivalent(new[] { "run.ckpt", "run.ckpt.1" }, Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void A_wide_models_run_is_resumed_by_another_count_of_replicas()
    {
        var wide = new FeedForwardBlueprint([300, 260, 3]);
        var rows = Rows.Blobs(60, 300, 3);
        var options = new TrainingOptions { Epochs = 4, BatchSize = 20, LearningRate = 0.01, Replicas = 2 };
        var (whole, _) = Runs.Train(options, rows, wide.Build);
        Runs.Train(options with { Epochs = 2, Checkpoint = new CheckpointOptions(File1) }, rows, wide.Build);
        var copy = File.ReadAllBytes(File1);
        Runs.AreSame(whole, Runs.Train(options with { Checkpoint = new CheckpointOptions(File1) }, rows, wide.Build).Parameters);
        File.WriteAllBytes(File1, copy);
        Runs.AreClose(whole, Runs.Train(options with { Replicas = 1, Checkpoint = new CheckpointOptions(File1) }, rows, wide.Build).Parameters, 1e-3);
    }

    [TestMethod]
    public void A_finished_run_is_not_trained_again()
    {
        var options = new TrainingOptions { Epochs = 2, Checkpoint = new CheckpointOptions(File1) };
        var (first, _) = Runs.Train(options);
        var steps = 0;
        var (second, _) = Runs.Train(options with { Hooks = [new Hook { OnAfterStep = _ => steps++ }] });
        Assert.AreEqual(0, steps);
        Runs.AreSame(first, second);
    }

    [TestMethod]
    public void State_of_hooks_is_kept()
    {
        var options = new TrainingOptions { Epochs = 2, BatchSize = 20, Checkpoint = new CheckpointOptions(File1), Hooks = [new Counter()] };
        Runs.Train(options);
        var counter = new Counter();
        Runs.Train(options with { Epochs = 4, Hooks = [counter] });
        Assert.AreEqual(20, counter.Steps);
    }

    [TestMethod]
    public void Without_resume_an_existing_file_is_replaced()
    {
        var options = new TrainingOptions { Epochs = 1, Checkpoint = new CheckpointOptions(File1) { Resume = false } };
        File.WriteAllText(File1, "something else");
        Runs.Train(options);
        Runs.Train(options with { Checkpoint = new CheckpointOptions(File1) });
    }

    [TestMethod]
    public void A_broken_checkpoint_is_named_and_nothing_is_trained()
    {
        var options = new TrainingOptions { Epochs = 1, Checkpoint = new CheckpointOptions(File1) };
        Runs.Train(options);
        var good = File.ReadAllBytes(File1);
        foreach (var broken in new[] { good[..^1], good[..(good.Length / 2)], good[..3], [], [.. good[..200], (byte)(good[200] ^ 1), .. good[201..]], "hello, this is no checkpoint"u8.ToArray() })
        {
            File.WriteAllBytes(File1, broken);
            var steps = 0;
            var message = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options with { Epochs = 3, Hooks = [new Hook { OnAfterStep = _ => steps++ }] })).Message;
            StringAssert.Contains(message, File1);
            Assert.AreEqual(0, steps);
            CollectionAssert.AreEqual(broken, File.ReadAllBytes(File1));
        }
    }

    [TestMethod]
    public void A_checkpoint_of_another_run_is_refused()
    {
        var options = new TrainingOptions { Epochs = 1, Checkpoint = new CheckpointOptions(File1) };
        Runs.Train(options);
        StringAssert.Contains(Refusal(() => Runs.Train(options, build: Dropping)), "of another model");
        StringAssert.Contains(Refusal(() => Runs.Train(options with { Seed = 9 })), "Seed is 0, this run's is 9");
        StringAssert.Contains(Refusal(() => Runs.Train(options with { Optimizer = OptimizerKind.Sgd })), "Optimizer");
        StringAssert.Contains(Refusal(() => Runs.Train(options, Rows.Blobs(40, 12, 3))), "row count is 100, this run's is 40");

        static string Refusal(Action run) => Assert.ThrowsExactly<InvalidDataException>(run).Message;
    }

    sealed class Counter : ITrainingHook, IStateful
    {
        public int Steps { get; private set; }

        public string StateName => "counter";

        public void AfterStep(TrainingRun run) => Steps++;

        public void SaveState(TrainingRun run, BinaryWriter writer) => writer.Write(Steps);

        public void LoadState(TrainingRun run, BinaryReader reader) => Steps = reader.ReadInt32();
    }
}
