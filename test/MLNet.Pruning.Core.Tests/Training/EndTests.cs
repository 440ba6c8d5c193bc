using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>How a run leaves the model, and which mode each of its modules is in meanwhile.</summary>
[TestClass]
public sealed class EndTests
{
    static nn.Module<Tensor, Tensor> Normed() =>
        nn.Sequential(("in", nn.Linear(12, 8)), ("norm", nn.BatchNorm1d(8)), ("drop", nn.Dropout(0.3)), ("out", nn.Linear(8, 3)));

    static void Run(nn.Module model, TrainingOptions options, bool validate = false, CancellationToken cancellation = default) =>
        new TrainingLoop(options with { Epochs = 2, BatchSize = 20 }).Run(new TrainingTask
        {
            Model = model,
            Copy = Normed,
            Examples = Rows.Blobs(100, 12, 3),
            Validation = validate ? Rows.Blobs(50, 12, 3, 9) : null,
            Objective = new CrossEntropy(3),
        }, cancellation);

    static Hook Meanwhile(Action<TrainingRun> look) => new() { OnAfterStep = look };

    static string Modes(nn.Module model) => string.Join(" ", model.named_modules().Where(m => m.module.training).Select(m => m.name));

    [TestMethod]
    public void Every_hook_is_told_of_the_end_whatever_another_throws()
    {
        var told = new List<int>();
        Hook Telling(int number) => new()
        {
            Any = (name, _) =>
            {
                if (name != "Ended")
                    return;
                told.Add(number);
                if (number < 2)
                    throw new FormatException();
            },
        };
        using var model = Normed();
        Assert.ThrowsExactly<FormatException>(() => Run(model, new TrainingOptions { Hooks = [Telling(0), new CombinedHook([Telling(1), Telling(2)]), Telling(3)] }));
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3 }, told);
        Assert.AreEqual("", Modes(model));
    }

    [TestMethod]
    public void What_is_drawn_after_a_run_does_not_depend_on_it()
    {
        using var model = Normed();
        random.manual_seed(5);
        using var expected = rand(4);
        random.manual_seed(5);
        Run(model, new TrainingOptions { Replicas = 2 });
        using var actual = rand(4);
        CollectionAssert.AreEqual(expected.data<float>().ToArray(), actual.data<float>().ToArray());
    }

    [TestMethod]
    [DataRow("none")]
    [DataRow("failure")]
    [DataRow("cancellation")]
    [DataRow("divergence")]
    public void However_a_run_ends_the_model_is_in_evaluation_mode(string end)
    {
        using var model = Normed();
        using var source = new CancellationTokenSource();
        var hook = Meanwhile(run =>
        {
            if (run.Step != 7)
                return;
            if (end == "failure")
                throw new FormatException();
            if (end == "cancellation")
                source.Cancel();
            if (end == "divergence")
                using (no_grad())
                    run.Model.parameters().First().fill_(Scalars.NaN);
        });
        Exception? thrown = null;
        try
        {
            Run(model, new TrainingOptions { Hooks = [hook] }, cancellation: source.Token);
        }
        catch (Exception e) when (e is FormatException or OperationCanceledException or TrainingDivergedException)
        {
            thrown = e;
        }
        Assert.AreEqual(end == "none", thrown is null);
        Assert.AreEqual("", Modes(model));
    }

    [TestMethod]
    public void No_gradients_are_left_behind()
    {
        using var model = Normed();
        var seen = 0.0;
        Run(model, new TrainingOptions { Hooks = [new Hook { OnAfterBackward = run => seen = Largest(run.Model.parameters().First()) }] });
        Assert.IsGreaterThan(0, seen);
        foreach (var (name, parameter) in model.named_parameters())
        {
            Assert.IsNull(parameter.grad, name);
        }

        static double Largest(Tensor parameter)
        {
            using var gradient = parameter.grad;
            return gradient is null ? 0 : gradient.abs().max().item<float>();
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_frozen_part_stays_frozen_in_every_replica_and_after_validation(int replicas)
    {
        using var model = Normed();
        model.named_modules().Single(m => m.name == "norm").module.eval();
        var before = Runs.Values(model)["norm.running_mean"];
        var modes = new HashSet<string>();
        Run(model, new TrainingOptions { Replicas = replicas, Hooks = [Meanwhile(run => modes.UnionWith(run.Replicas.Select(Modes)))] }, validate: true);
        CollectionAssert.AreEqual(new[] { "in drop out" }, modes.ToArray());
        CollectionAssert.AreEqual(before, Runs.Values(model)["norm.running_mean"]);
    }

    [TestMethod]
    public void A_model_that_was_only_evaluated_trains_as_a_whole()
    {
        using var model = Normed();
        model.eval();
        var modes = new HashSet<string>();
        Run(model, new TrainingOptions { Replicas = 2, Hooks = [Meanwhile(run => modes.UnionWith(run.Replicas.Select(Modes)))] }, validate: true);
        CollectionAssert.AreEqual(new[] { "in norm drop out" }, modes.ToArray());
    }

    [TestMethod]
    public void Each_step_on_a_device_has_a_seed_of_its_own()
    {
        var seeds = from seed in new[] { 0, 1, int.MaxValue } from step in new long[] { 0, 1, 2, 1_000_000 } select TrainingRun.DeviceSeed(seed, step);
        Assert.AreEqual(12, seeds.Distinct().Count());
        Assert.AreEqual(7, TrainingRun.DeviceSeed(0, 7));
    }
}
