using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class RefusalTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    TrainingOptions Options => new() { Epochs = 2, BatchSize = 20, Checkpoint = new CheckpointOptions(Path.Combine(folder, "run.ckpt")) };

    static nn.Module Rectified() => nn.Sequential(("in", nn.Linear(12, 8)), ("act", nn.ReLU()), ("out", nn.Linear(8, 3)));

    static nn.Module Tanh() => nn.Sequential(("in", nn.Linear(12, 8)), ("act", nn.Tanh()), ("out", nn.Linear(8, 3)));

    void Refused(TrainingOptions options, string named, Func<nn.Module>? build = null)
    {
        Runs.Train(Options, build: Rectified);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(options, build: build ?? Rectified));
        StringAssert.Contains(error.Message, named);
    }

    [TestMethod]
    [DataRow("nadam", "mu_product")]
    [DataRow("lbfgs", "LBFGS")]
    public void A_run_that_must_save_an_own_optimizers_state_says_at_once_where_it_cannot(string kind, string said)
    {
        using var model = Runs.Small.Build();
        var stepped = 0;
        var task = new TrainingTask
        {
            Model = model,
            Examples = Rows.Blobs(20, 12, 3),
            Objective = new CrossEntropy(3),
            Optimizer = parameters => kind == "nadam" ? optim.NAdam(parameters) : optim.LBFGS(parameters),
        };
        var thrown = Assert.ThrowsExactly<NotSupportedException>(() => new TrainingLoop(Options with { Hooks = [new Hook { OnAfterStep = _ => stepped++ }] }).Run(task));
        StringAssert.Contains(thrown.Message, said);
        Assert.AreEqual(0, stepped);
    }

    [TestMethod]
    public void A_checkpoint_of_other_settings_is_refused()
    {
        Refused(Options with { LearningRate = 0.5 }, "LearningRate is 0.001, this run's is 0.5");
        Refused(Options with { WeightDecay = 0.5 }, "WeightDecay");
        Refused(Options with { Schedule = LearningRateSchedule.Cosine() }, "Schedule is none");
        Refused(Options with { Epochs = 1 }, "Epochs is 1");
        Refused(Options, "act: Tanh", Tanh);
    }

    [TestMethod]
    public void A_checkpoint_of_other_examples_of_the_same_size_is_refused()
    {
        Runs.Train(Options, Rows.Blobs(60, 12, 3), Rectified);
        var others = Rows.Blobs(60, 12, 3, 99);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(Options, others, Rectified));
        StringAssert.Contains(error.Message, "fingerprint");
    }

    [TestMethod]
    public void A_checkpoint_that_is_a_folder_is_refused_before_training()
    {
        var steps = 0;
        Assert.ThrowsExactly<IOException>(() => Runs.Train(Options with { Checkpoint = new CheckpointOptions(folder), Hooks = [new Hook { OnAfterStep = _ => steps++ }] }));
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void A_checkpoint_that_cannot_be_written_is_refused_before_training()
    {
        // A name longer than file systems take: it refuses the superuser too, whom no permission stops.
        var path = Path.Combine(folder, new string('x', 300));
        var steps = 0;
        var error = Assert.ThrowsExactly<IOException>(() => Runs.Train(Options with { Checkpoint = new CheckpointOptions(path), Hooks = [new Hook { OnAfterStep = _ => steps++ }] }));
        StringAssert.Contains(error.Message, $"Checkpoint.Path is '{path}', but no file can be written there");
        Assert.AreEqual(0, steps);
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder));
    }

    [TestMethod]
    public void A_copy_that_is_in_use_already_is_refused()
    {
        using var model = Rectified();
        using var shared = Rectified();
        foreach (var (copy, replicas) in new (Func<nn.Module>, int)[] { (() => model, 2), (() => shared, 3) })
        {
            var task = new TrainingTask { Model = model, Copy = copy, Examples = Rows.Blobs(40, 12, 3), Objective = new CrossEntropy(3) };
            var error = Assert.ThrowsExactly<ArgumentException>(() => new TrainingLoop(new TrainingOptions { Replicas = replicas, BatchSize = 20 }).Run(task));
            StringAssert.Contains(error.Message, "TrainingTask.Copy gave a module that is in use already");
        }
    }

    [TestMethod]
    public void A_copy_that_lacks_something_is_told_what_and_nothing_of_it_is_left()
    {
        static nn.Module Build(nn.Module<Tensor, Tensor>? norm, int hidden = 8)
        {
            var parts = new List<(string, nn.Module<Tensor, Tensor>)> { ("in", nn.Linear(12, hidden)), ("out", nn.Linear(hidden, 3)) };
            if (norm is not null)
                parts.Insert(1, ("norm", norm));
            return nn.Sequential(parts);
        }
        Refused(() => nn.BatchNorm1d(8, track_running_stats: false), () => Build(nn.BatchNorm1d(8)), "the model lacks");
        Refused(() => nn.BatchNorm1d(8), () => Build(nn.BatchNorm1d(8, track_running_stats: false)), "no buffer 'norm.running_mean'");
        Refused(() => nn.BatchNorm1d(8), () => Build(null), "no parameter 'norm.weight'");
        Refused(() => nn.BatchNorm1d(8), () => Build(nn.BatchNorm1d(8), 9), "parameter 'in.weight' of shape [9, 12]; the model's has [8, 12]");

        static void Refused(Func<nn.Module<Tensor, Tensor>> norm, Func<nn.Module> copy, string message)
        {
            using var model = Build(norm());
            // The first run moves the model's weights into vectors of its own.
            for (var run = 0; run < 2; run++)
            {
                var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                var task = new TrainingTask { Model = model, Copy = copy, Examples = Rows.Blobs(40, 12, 3), Objective = new CrossEntropy(3) };
                StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new TrainingLoop(new TrainingOptions { Replicas = 3, BatchSize = 20 }).Run(task)).Message, message);
                if (run > 0)
                    Assert.AreEqual(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount, message);
            }
        }
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("abc")]
    public void A_file_that_is_no_checkpoint_is_called_so(string text)
    {
        File.WriteAllText(Options.Checkpoint!.Path, text);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Runs.Train(Options)).Message, "is not a checkpoint");
    }

    [TestMethod]
    public void A_batch_larger_than_all_examples_is_all_of_them()
    {
        var options = new TrainingOptions { Epochs = 2, Replicas = 1, BatchSize = 60 };
        var rows = Rows.Blobs(60, 12, 3);
        Runs.AreSame(Runs.Train(options, rows, Rectified).Parameters, Runs.Train(options with { BatchSize = 2_000_000_000 }, rows, Rectified).Parameters);
    }

    [TestMethod]
    public void A_last_step_that_ends_in_infinity_is_found() =>
        Assert.ThrowsExactly<TrainingDivergedException>(() => Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 1000,
            LearningRate = 1e30,
            Optimizer = OptimizerKind.Sgd,
            Hooks = [new Hook { OnAfterBackward = run => run.Model.parameters().First().grad!.Fill(1e30) }],
        }));
}
