using MLNet.Pruning.Tests.Neurons;
using MLNet.Pruning.Tests.Training;
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
        Refused("Pruning.ObserveFraction is 0", Good() with { ObserveFraction = 0 });
        Refused("Pruning.ObserveFraction is 1.5", Good() with { ObserveFraction = 1.5 });
        Refused("Pruning.ObserveFraction is 25; it must be more than 0 and at most 1 (did you mean 0.25?).", Good() with { ObserveFraction = 25 });
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
        Refused("no neuron: the schedule takes at most 48.8 %, Pruning.MinimumNeurons is 9, and the groups have 9 (layers.linear1), 7 (layers.linear2) neurons", Good() with { MinimumNeurons = 9 });
        Refused("Pruning would remove no neuron", Good() with { MinimumNeurons = 9, Scope = PruningScope.Global });
        Refused("Pruning would remove no neuron", Good() with { MinimumNeurons = 9, Soft = true });
        Refused("the schedule takes at most 10.0 %", Good() with { Schedule = Schedule.OneShot(1, 0.1) });
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
                Assert.DoesNotContain("Actual value", e.Message);
            }
            Assert.AreEqual(0, steps);
        }
    }

    [TestMethod]
    public void What_one_may_not_have_meant_is_said()
    {
        CollectionAssert.AreEqual(new[] { "The schedule prunes 20 % of the neurons in 2 epochs, not its target of 60 %." }, Good().Warnings(2).ToArray());
        StringAssert.Contains((Good() with { Schedule = Schedule.OneShot(2, 0.5) }).Warnings(2).Single(), "no epoch left to recover");
        Assert.IsEmpty(Good().Warnings(10).ToArray());
    }

    [TestMethod]
    public void Without_a_schedule_pruning_fits_any_run_of_two_epochs_or_more()
    {
        var pruning = new NeuronPruning();
        for (var epochs = 2; epochs <= 300; epochs++)
        {
            pruning.Validate(plain with { Epochs = epochs });
            CollectionAssert.AreEqual(Array.Empty<string>(), pruning.Warnings(epochs).ToArray(), $"{epochs} epochs");
        }
        var warnings = new List<string>();
        foreach (var epochs in new[] { 2, 3, 10 })
        {
            var (parameters, _) = Runs.Train(plain with { Epochs = epochs, Warn = warnings.Add, Hooks = [pruning.Begin()] });
            // 70 % of 9 and of 7, rounded down, have gone.
            Assert.AreEqual(
                (3, 3), (parameters["layers.linear1.bias"].Length, parameters["layers.linear2.bias"].Length), $"{epochs} epochs");
        }
        Assert.IsEmpty(warnings);
        Runs.Train(plain with { Epochs = 1, Warn = warnings.Add, Hooks = [pruning.Begin()] });
        StringAssert.Contains(warnings.Single(), "no epoch left to recover");
    }

    [TestMethod]
    public void A_layer_that_cannot_be_pruned_is_warned_of_before_the_first_step()
    {
        static nn.Module Build() => new Net((n, x) => n.Call("head", n.Call("hidden", n.Call("recurrent", n.Call("embed", x).unsqueeze(1)).squeeze(1)).relu()),
            ("embed", nn.Linear(12, 6)), ("recurrent", new LeftAloneTests.LSTMLayer(nn.LSTM(6, 6, batchFirst: true))), ("hidden", nn.Linear(6, 9)), ("head", nn.Linear(9, 3)));
        var (warnings, steps) = (new List<string>(), 0);
        foreach (var pruning in new ITrainingPruning[] { new NeuronPruning { Importance = FixedScores.WeightSums }, new WeightPruning { Sparsity = 0.5 } })
            Runs.Train(plain with { Replicas = 1, Epochs = 2, Warn = message => warnings.Add($"{steps}: {message}"), Hooks = [pruning.Begin(), new Hook { OnAfterStep = _ => steps++ }] }, build: Build);
        CollectionAssert.AreEqual(new[]
        {
            "0: Not pruned: recurrent.lstm: this LSTM reads its own outputs at the next step, so that its neurons cannot be removed one by one.",
            "10: Not masked: the weights of recurrent.lstm. Masks lie over those of linear layers and convolutions, unless WeightPruning.Weights names others.",
        }, warnings);
    }

    [TestMethod]
    public void A_model_without_neurons_to_prune_is_refused_with_the_reasons()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [Good().Begin()] }, build: () => nn.Sequential(nn.Linear(12, 3)))).Message, "no neurons that can be pruned");
        var recurrent = Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [Good().Begin()] }, build: () =>
            new Net((n, x) => n.Call("head", n.Call("recurrent", x.unsqueeze(1)).squeeze(1)), ("recurrent", new LeftAloneTests.LSTMLayer(nn.LSTM(12, 6, batchFirst: true))), ("head", nn.Linear(6, 3)))));
        StringAssert.Contains(recurrent.Message, "left alone: recurrent.lstm: this LSTM reads its own outputs at the next step");
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
    public void Scores_of_weights_alone_are_checked_before_training()
    {
        Refused("scores neuron 0 of 'layers.linear1' as Infinity; scores must be finite", map => [.. map.Groups.Select(g => Enumerable.Repeat(double.PositiveInfinity, g.Size).ToArray())]);
        Refused("gives 1 scores for 'layers.linear1', which has 9 neurons", map => [.. map.Groups.Select(_ => new double[1])]);
        Refused("gives scores of 0 groups; 2 are to be pruned", _ => []);

        static void Refused(string message, Func<NeuronMap, IReadOnlyList<double[]>> scores)
        {
            var steps = 0;
            var pruning = Good() with { Importance = new RawScores(scores), Scope = PruningScope.Global };
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [pruning.Begin(), new Hook { OnAfterStep = _ => steps++ }] })).Message, message);
            Assert.AreEqual(0, steps);
        }
    }

    /// <summary>Whatever a user's own criterion may give.</summary>
    sealed class RawScores(Func<NeuronMap, IReadOnlyList<double[]>> scores) : IImportance
    {
        public bool NeedsData => false;

        public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(() => scores(map));

        sealed class Observer(Func<IReadOnlyList<double[]>> scores) : IImportanceObserver
        {
            public void Add(IImportanceObserver other)
            {
            }

            public IReadOnlyList<double[]> Scores() => scores();

            public void Dispose()
            {
            }
        }
    }

    [TestMethod]
    public void A_model_that_calls_other_layers_in_training_is_refused_before_it()
    {
        Net Auxiliary() => new((net, x) =>
        {
            var features = net.Call("norm", net.Call("features", x)).relu();
            return net.training ? net.Call("head", features).Plus(net.Call("auxiliary", features)) : net.Call("head", features);
        }, ("features", nn.Linear(12, 9)), ("norm", nn.BatchNorm1d(9)), ("head", nn.Linear(9, 3)), ("auxiliary", nn.Linear(9, 3)));
        var steps = 0;
        var counted = new Hook { OnAfterStep = _ => steps++ };
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [Good().Begin(), counted] }, build: Auxiliary)).Message;
        StringAssert.Contains(message, "cannot be trained without one neuron of each group");
        StringAssert.Contains(message, "left alone: auxiliary: it is not called");
        Assert.AreEqual(0, steps);
        // Told of what training computes, pruning goes by it.
        var told = Good() with
        {
            Forward = (model, x) =>
            {
                var features = ((Net)model).Call("norm", ((Net)model).Call("features", x)).relu();
                return [((Net)model).Call("head", features), ((Net)model).Call("auxiliary", features)];
            }
        };
        var (parameters, _) = Runs.Train(plain with { Hooks = [told.Begin(), counted] }, build: Auxiliary);
        Assert.HasCount(3 * parameters["features.bias"].Length, parameters["auxiliary.weight"]);
        Assert.IsLessThan(9, parameters["features.bias"].Length);
    }

    [TestMethod]
    public void A_model_that_gives_another_shape_when_it_is_measured_is_refused_before_training()
    {
        static Net Build() => new((net, x) => net.training ? net.Call("b", net.Call("a", x).relu()) : net.Call("b", net.Call("a", x).relu())[.., ..2], ("a", nn.Linear(12, 9)), ("b", nn.Linear(9, 3)));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(plain with { Hooks = [Good().Begin()] }, build: Build)).Message,
            "cannot be measured in evaluation mode: The model gives [2, 2] for 2 rows; for 3 classes it must give [2, 3], or more numbers a row.");
    }

    [TestMethod]
    public void What_is_tried_before_training_leaves_no_trace_in_it()
    {
        static nn.Module Build() => nn.Sequential(("in", nn.Linear(12, 9)), ("norm", nn.BatchNorm1d(9)), ("drop", nn.Dropout(0.3)), ("out", nn.Linear(9, 3)));
        var late = Good() with { Schedule = Schedule.OneShot(4, 0.4) };
        Dictionary<string, float[]> atThree = [];
        Hook Keep(Action<Dictionary<string, float[]>> keep) => new() { OnAfterEpoch = run => { if (run.Epoch == 2) keep(Runs.Values(run.Model)); } };
        Runs.Train(plain with { Replicas = 1, Hooks = [late.Begin(), Keep(v => atThree = v)] }, build: Build);
        Runs.Train(plain with { Replicas = 1, Hooks = [Keep(v => Runs.AreSame(v, atThree))] }, build: Build);
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
                        run.Model.parameters().First().fill_(Scalars.NaN);
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
