using MLNet.Pruning.Models;
using MLNet.Pruning.Schedules;
using MLNet.Pruning.Tests.Training;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
[DoNotParallelize]
public sealed class RefusalTests
{
    static readonly TrainingOptions plain = new() { Epochs = 4, BatchSize = 20, Replicas = 2 };

    static NeuronPruning Good(InputMeans? importance = null) => new() { Importance = importance ?? new InputMeans(), Schedule = Schedule.Stepwise(1, 1, 0.2, 0.6) };

    [TestMethod]
    public void Wrong_settings_are_named_before_training()
    {
        Refused("Pruning.MinimumNeurons is 0", Good() with { MinimumNeurons = 0 });
        Refused("Pruning.Observe is 0", Good() with { Observe = 0 });
        Refused("Pruning.Observe is 1.5", Good() with { Observe = 1.5 });
        Refused("Pruning.Groups is []", Good() with { Groups = [] });
        Refused("Pruning.Groups names 'linear9'", Good() with { Groups = ["linear9"] });
        Refused("Pruning.MeasuredRows is -1", Good() with { MeasuredRows = -1 });
        Refused("Pruning.Scope is 7", Good() with { Scope = (PruningScope)7 });
        Refused("first event is later than the last epoch; it must be within the run's 4 epochs", Good() with { Schedule = Schedule.Stepwise(30, 10, 0.1, 0.7) });
        Refused("first event is before the first epoch", Good() with { Schedule = Schedule.OneShot(0, 0.5) });
        Refused("fraction is 0", Good() with { Schedule = Schedule.Constant(0), Importance = FixedScores.WeightSums });
        Refused("Pruning.Rewind is -1", Good() with { Rewind = -1 });
        Refused("Pruning.Rewind is 2; it must be at most 1", Good() with { Rewind = 2 });
        Refused("Pruning.Rewind is 0; it must be null where Soft is true", Good() with { Rewind = 0, Soft = true });
        Refused("Pruning.Importance is null", Good() with { Importance = null! });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Good() with { Schedule = Schedule.Stepwise(1, 1, 0, 0.5) });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Good() with { Schedule = Schedule.OneShot(1, 1) });

        static void Refused(string message, NeuronPruning settings)
        {
            var steps = 0;
            try
            {
                Runs.Train(plain with { Hooks = [settings.Begin(), new Hook { OnAfterStep = _ => steps++ }] });
                Assert.Fail($"Not refused: {message}");
            }
            catch (ArgumentException e)
            {
                StringAssert.Contains(e.Message, message);
            }
            Assert.AreEqual(0, steps);
        }
    }

    [TestMethod]
    public void What_one_may_not_have_meant_is_said()
    {
        Assert.AreEqual("The schedule prunes 36 % of the neurons in 2 epochs, not its target of 60 %.", Good().Warnings(plain with { Epochs = 2 }).First());
        StringAssert.Contains(Good().Warnings(plain with { Epochs = 2 }).Last(), "no epoch left to recover");
        Assert.IsEmpty(Good().Warnings(plain with { Epochs = 10 }).ToArray());
    }

    [TestMethod]
    public void A_model_without_neurons_to_prune_is_refused_with_the_reasons()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [Good().Begin()] }, build: () => nn.Sequential(nn.Linear(12, 3)))).Message, "no neurons that can be pruned");
    }

    [TestMethod]
    public void A_hook_prunes_one_run()
    {
        var hook = Good().Begin();
        Runs.Train(plain with { Hooks = [hook] });
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [hook] })).Message, "Begin");
    }

    [TestMethod]
    public void Scores_that_are_no_numbers_are_refused_and_nothing_is_removed()
    {
        using var model = new FeedForward([12, 9, 7, 3]);
        var nan = Good() with { Importance = new FixedScores(g => [.. Enumerable.Range(0, g.Size).Select(n => n == 4 ? double.NaN : n)]) };
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Train(model, [nan.Begin()])).Message;
        StringAssert.Contains(message, "FixedScores scores neuron 4 of 'layers.linear1' as NaN");
        Assert.AreEqual(9, model.Blueprint.Sizes[1]);
    }

    [TestMethod]
    public void A_change_of_shape_that_fails_leaves_the_run_as_it_was()
    {
        var before = Runs.Train(plain).Parameters;
        var after = Runs.Train(plain with
        {
            Hooks = [new Hook
            {
                OnBeforeForward = run => { if (run.Step % 7 == 3) Assert.ThrowsExactly<FormatException>(() => run.Reshape(() => throw new FormatException())); },
                OnAfterBackward = run => Assert.ThrowsExactly<InvalidOperationException>(() => run.Reshape(() => null)),
            }],
        }).Parameters;
        Runs.AreSame(before, after);
    }

    [TestMethod]
    [DataRow("cancelled")]
    [DataRow("diverged")]
    [DataRow("finished")]
    public void No_forward_hooks_are_left_on_the_model(string end)
    {
        using var source = new CancellationTokenSource();
        using var model = new FeedForward([12, 9, 7, 3]);
        var criterion = new InputMeans();
        var trouble = new Hook
        {
            OnBeforeForward = run =>
            {
                if (run.Step == 7 && end == "cancelled")
                    source.Cancel();
                if (run.Step == 7 && end == "diverged")
                    using (no_grad())
                        run.Model.parameters().First().fill_(float.NaN);
            },
        };
        try
        {
            // All epochs are watched, and so is the one in which the trouble comes.
            Train(model, [Good(criterion).Begin(), trouble], source.Token);
            Assert.AreEqual("finished", end);
        }
        catch (Exception e) when (e is OperationCanceledException or TrainingDivergedException)
        {
            Assert.AreNotEqual("finished", end);
        }
        Assert.IsGreaterThan(0, criterion.Seen);
        var seen = criterion.Seen;
        using var x = randn(5, 12);
        model.call(x).Dispose();
        Assert.AreEqual((0, seen), (criterion.Alive, criterion.Seen));
    }

    static void Train(FeedForward model, ITrainingHook[] hooks, CancellationToken cancellation = default) => new TrainingLoop(plain with { Hooks = hooks }).Run(new TrainingTask
    {
        Model = model,
        Copy = () => new FeedForward([12, 9, 7, 3]),
        Examples = Rows.Blobs(100, 12, 3),
        Objective = new CrossEntropy(3),
    }, cancellation);
}
