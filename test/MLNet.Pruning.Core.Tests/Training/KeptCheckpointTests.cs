using System.Text;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>The files of a run: which are kept, which is read, and for which rows.</summary>
[TestClass]
public sealed class KeptCheckpointTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    string File1 => Path.Combine(folder, "run.ckpt");

    TrainingOptions Options(int keep = 2, int epochs = 4) =>
        new() { Epochs = epochs, BatchSize = 20, LearningRate = 0.01, Seed = 4, Checkpoint = new CheckpointOptions(File1) { Keep = keep } };

    string[] Names() => [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    static void Flip(string file, int at, int bit = 0)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[at < 0 ? bytes.Length + at : at] ^= (byte)(1 << bit);
        File.WriteAllBytes(file, bytes);
    }

    [TestMethod]
    [DataRow(1, "run.ckpt 4")]
    [DataRow(2, "run.ckpt 4, run.ckpt.1 3")]
    [DataRow(3, "run.ckpt 4, run.ckpt.1 3, run.ckpt.2 2")]
    public void The_last_checkpoints_are_kept_under_names_that_tell_their_order(int keep, string expected)
    {
        Runs.Train(Options(keep));
        Assert.AreEqual(expected, string.Join(", ", Names().Select(name => $"{name} {CheckpointFile.Read(Path.Combine(folder, name)).Epoch}")));
        Runs.Train(Options(keep: 1, epochs: 5));
        Assert.AreEqual("run.ckpt", string.Join(", ", Names()), "a run that keeps fewer removes the others");
    }

    [TestMethod]
    public void A_damaged_newest_checkpoint_is_left_out_with_a_warning_and_the_run_ends_the_same()
    {
        var (whole, _) = Runs.Train(Options() with { Checkpoint = null });
        foreach (var damage in new Action[]
        {
            () => Flip(File1, 0), () => Flip(File1, 9), () => Flip(File1, 500, 3), () => Flip(File1, -1, 7),
            () => File.WriteAllBytes(File1, []), () => File.WriteAllBytes(File1, File.ReadAllBytes(File1)[..^1]),
        })
        {
            foreach (var name in Names())
                File.Delete(Path.Combine(folder, name));
            Runs.Train(Options(epochs: 3));
            damage();
            var (warnings, from) = (new List<string>(), -1L);
            var (resumed, history) = Runs.Train(Options() with
            {
                Warn = warnings.Add,
                Hooks = [new Hook { OnBeforeForward = run => from = from < 0 ? run.Step : from }],
            });
            Assert.AreEqual(10, from, "it goes on after the second epoch");
            Assert.HasCount(1, warnings);
            StringAssert.Contains(warnings[0], $"'{File1}'");
            StringAssert.Contains(warnings[0], $"'{File1}.1', which was written before, is read instead");
            Runs.AreSame(whole, resumed);
            Assert.HasCount(4, history.Epochs);
            Assert.AreEqual(3, CheckpointFile.Read($"{File1}.1").Epoch, "the damaged file did not take the place of the good one");
        }
    }

    [TestMethod]
    public void Every_flipped_bit_and_every_truncation_is_noticed()
    {
        Runs.Train(Options(keep: 1, epochs: 1));
        var good = File.ReadAllBytes(File1);
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var bytes = i % 3 == 0 ? good[..random.Next(good.Length)] : [.. good];
            if (i % 3 > 0)
                bytes[random.Next(good.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(File1, bytes);
            Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFile.Read(File1));
        }
    }

    [TestMethod]
    public void If_all_are_damaged_the_error_names_them_and_nothing_is_trained()
    {
        Runs.Train(Options());
        Flip(File1, 300);
        Flip($"{File1}.1", 300);
        var steps = 0;
        var message = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(Options(epochs: 6) with
        {
            Hooks = [new Hook { OnAfterStep = _ => steps++ }],
        })).Message;
        StringAssert.Contains(message, $"'{File1}' is damaged");
        StringAssert.Contains(message, $"'{File1}.1' is damaged");
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void A_run_that_starts_anew_removes_the_files_of_the_one_before_with_its_first_save()
    {
        Runs.Train(Options(keep: 3));
        Runs.Train(Options(keep: 3, epochs: 1) with { Checkpoint = new CheckpointOptions(File1) { Resume = false } });
        Assert.AreEqual("run.ckpt", string.Join(", ", Names()));
        Runs.Train(Options(keep: 3));
        File.Delete(File1);
        var warnings = new List<string>();
        Runs.Train(Options(keep: 3, epochs: 1) with { Warn = warnings.Add });
        StringAssert.Contains(warnings.Single(), $"starts anew. To go on from '{File1}.1', give it that name.");
        Assert.AreEqual("run.ckpt", string.Join(", ", Names()));
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(20L * 12 * 4 * 4)] // streamed
    public void Runs_on_other_rows_have_files_of_their_own(long memoryLimit)
    {
        var options = Options(keep: 1, epochs: 2) with { MemoryLimit = memoryLimit, Checkpoint = new CheckpointOptions(File1) { Keep = 1, PerDataSet = true } };
        // The last row alone differs, and one row more.
        var sets = new[] { (100, 0f), (100, 1f), (101, 0f) }.Select(set => new Rows(set.Item1, 12, (row, i) => row == 99 ? set.Item2 : row * 0.01f + i, row => row % 3) { CountKnown = memoryLimit == 0 }).ToArray();
        var models = sets.Select(rows => Runs.Train(options, rows).Parameters).ToArray();
        Assert.HasCount(3, Names());
        foreach (var name in Names())
            StringAssert.Matches(name, new("^run-[0-9a-f]{16}[.]ckpt$"));
        var steps = 0;
        foreach (var (rows, model) in sets.Zip(models))
            Runs.AreSame(model, Runs.Train(options with { Hooks = [new Hook { OnAfterStep = _ => steps++ }] }, rows).Parameters);
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void A_checkpoint_gives_back_the_module_with_its_weights_pruned_or_not()
    {
        var pruning = new NeuronPruning { Importance = Pruning.FixedScores.WeightSums, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.6) };
        var (trained, history) = Runs.Train(Options() with { Hooks = [pruning.Begin()] });
        var saved = CheckpointFile.Read(File1);
        Assert.AreEqual((4, 20L, 4, File1), (saved.Epoch, saved.Step, saved.Seed, saved.Path));
        CollectionAssert.AreEqual(history.Epochs.Select(e => e.Loss).ToArray(), saved.History.Epochs.Select(e => e.Loss).ToArray());
        using var model = saved.Build();
        Runs.AreSame(trained, Runs.Values(model));
        Assert.IsFalse(model.training);
        CollectionAssert.AreNotEqual(Runs.Small.Sizes.ToArray(), ((FeedForwardBlueprint)saved.Blueprint).Sizes.ToArray());
    }

    [TestMethod]
    public void A_checkpoint_of_a_users_module_needs_the_function_that_builds_it()
    {
        static nn.Module<Tensor, Tensor> Net() => nn.Sequential(("in", nn.Linear(12, 8)), ("relu", nn.ReLU()), ("out", nn.Linear(8, 3)));
        var pruning = new NeuronPruning { Importance = Pruning.FixedScores.WeightSums, Schedule = Schedule.Stepwise(1, 1, 0.3, 0.6) };
        var metadata = new Dictionary<string, byte[]> { ["classes"] = Encoding.UTF8.GetBytes("a, b, c") };
        using var net = Net();
        var options = Options() with { Hooks = [pruning.Begin()] };
        using var trained = new TrainingLoop(options).Run(new() { Model = net, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3), Metadata = metadata }).Model;
        var saved = CheckpointFile.Read(File1);
        Assert.AreEqual("a, b, c", Encoding.UTF8.GetString(saved.Metadata["classes"]));
        using var model = saved.Build(Net);
        Runs.AreSame(Runs.Values(trained), Runs.Values(model));
        Assert.ThrowsExactly<InvalidOperationException>(() => saved.Build());
        Assert.ThrowsExactly<InvalidOperationException>(() => saved.Build(() => nn.Sequential(("other", nn.Linear(12, 3)))));
    }

    [TestMethod]
    public void A_cancelled_run_gives_its_model_as_it_was_after_the_last_whole_step()
    {
        using var source = new CancellationTokenSource();
        Dictionary<string, float[]>? after = null;
        var hook = new Hook
        {
            OnAfterStep = run =>
            {
                if (run.Step == 13)
                    (after, _) = (Runs.Values(run.Model), source.CancelAsync());
            },
        };
        var pruning = new WeightPruning { Sparsity = 0.5, Every = 2, ScheduleIn = ScheduleUnit.Steps, Schedule = Schedule.Cubic(0, 8, 0.5) };
        using var model = Runs.Small.Build();
        var canceled = Assert.ThrowsExactly<TrainingCanceledException>(() => new TrainingLoop(Options() with { Checkpoint = null, Replicas = 2, Hooks = [pruning.Begin(), hook] })
            .Run(new() { Model = model, Copy = Runs.Small.Build, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) }, source.Token));
        Assert.AreEqual(source.Token, canceled.CancellationToken);
        Runs.AreSame(after!, Runs.Values(canceled.Result.Model));
        Assert.IsTrue(canceled.Result.History.IsCanceled);
        Assert.AreEqual("1: 100, 2: 100, 3: 60", string.Join(", ", canceled.Result.History.Epochs.Select(e => $"{e.Epoch}: {e.Rows}")));
        Assert.AreEqual(0.5, canceled.Result.Masks!.Masks.Average(mask => 1 - ((double)mask.ActiveCount / mask.Count)), 0.01);
        Assert.IsTrue(TrainingHistory.FromJson(canceled.Result.History.ToJson()).IsCanceled);
    }
}
