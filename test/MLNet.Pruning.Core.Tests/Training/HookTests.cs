using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class HookTests
{
    [TestMethod]
    public void Hooks_are_called_in_their_order()
    {
        var calls = new List<string>();
        Hook Named(string name) => new() { Any = (call, _) => calls.Add(name + call) };
        Runs.Train(new TrainingOptions { Epochs = 2, BatchSize = 50, Replicas = 2, Hooks = [Named("a."), Named("b.")] });
        string[] step = ["BeforeForward", "AfterBackward", "AfterStep"];
        string[] expected = ["Started", "BeforeEpoch", "BeforeForward", "ReplicasBuilt", "AfterBackward", "AfterStep", .. step, "AfterEpoch", "BeforeEpoch", .. step, .. step, "AfterEpoch", "Ended"];
        CollectionAssert.AreEqual(expected.SelectMany(call => new[] { "a." + call, "b." + call }).ToArray(), calls);
    }

    [TestMethod]
    public void A_hook_sees_gradients_before_the_step_and_parameters_after_it()
    {
        float before = 0, gradient = 0;
        var seen = 0;
        Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 50,
            Replicas = 2,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 0.5,
            Hooks = [new Hook
            {
                OnAfterBackward = run =>
                {
                    var weight = run.Model.parameters().First();
                    before = weight[0, 0].item<float>();
                    using var grad = weight.grad;
                    gradient = grad![0, 0].item<float>();
                },
                OnAfterStep = run =>
                {
                    Assert.AreEqual(before - 0.5f * gradient, run.Model.parameters().First()[0, 0].item<float>(), 1e-6f);
                    seen++;
                },
            }],
        });
        Assert.AreEqual(2, seen);
    }

    [TestMethod]
    public void A_hook_can_write_gradients()
    {
        var options = new TrainingOptions
        {
            Epochs = 1,
            Replicas = 2,
            BatchSize = 50,
            Optimizer = OptimizerKind.Sgd,
            Hooks = [new Hook
            {
                OnAfterBackward = run =>
                {
                    foreach (var parameter in run.Model.parameters())
                        parameter.grad!.zero_();
                },
            }],
        };
        random.manual_seed(7);
        using var untouched = Runs.Small.Build();
        Runs.AreSame(Runs.Values(untouched), Runs.Train(options).Parameters);
    }

    [TestMethod]
    public void Gradients_are_clipped_to_their_joint_norm()
    {
        var steps = 0;
        float[]? last = null;
        Runs.Train(new TrainingOptions
        {
            Epochs = 2,
            Replicas = 2,
            BatchSize = 50,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 1,
            GradientClipNorm = 1e-3,
            Hooks = [new Hook
            {
                OnAfterStep = run =>
                {
                    using var scope = NewDisposeScope();
                    var now = nn.utils.parameters_to_vector(run.Model.parameters()).data<float>().ToArray();
                    if (last is not null)
                    {
                        Assert.AreEqual(1e-3, Math.Sqrt(now.Zip(last, (a, b) => (double)(a - b) * (a - b)).Sum()), 2e-5);
                        steps++;
                    }
                    last = now;
                },
            }],
        });
        Assert.AreEqual(3, steps);
    }

    [TestMethod]
    public void A_hook_can_stop_the_run()
    {
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 5, BatchSize = 10, HistoryInterval = 1, Hooks = [new Hook { OnAfterStep = run => { if (run.Step == 13) run.Stop("enough"); } }] });
        Assert.AreEqual("enough", history.Stopped);
        Assert.HasCount(13, history.Steps);
        Assert.HasCount(2, history.Epochs);
    }

    [TestMethod]
    public void A_hook_can_put_a_smaller_model_in_place()
    {
        var smaller = new FeedForwardBlueprint([12, 4, 3]);
        nn.Module? put = null;
        long built = 0;
        random.manual_seed(7);
        using var model = Runs.Small.Build();
        var result = new TrainingLoop(new TrainingOptions
        {
            Epochs = 6,
            BatchSize = 20,
            Replicas = 2,
            LearningRate = 0.02,
            Hooks = [new Hook
            {
                Any = (call, _) => built += call == "ReplicasBuilt" ? 1 : 0,
                OnAfterEpoch = run =>
                {
                    if (run.Epoch == 1)
                        run.Replace(put = smaller.Build(), smaller.Build);
                },
            }],
        }).Run(new TrainingTask { Model = model, Copy = Runs.Small.Build, Examples = Rows.Blobs(200, 12, 3), Validation = Rows.Blobs(60, 12, 3, 5), Objective = new CrossEntropy(3) });
        Assert.AreSame(put, result.Model);
        Assert.AreEqual(2, built);
        Assert.AreEqual(2, result.History.Replicas);
        Assert.AreEqual(12 * 9 + 9 + 9 * 7 + 7 + 7 * 3 + 3, result.History.Epochs[0].Parameters);
        Assert.AreEqual(12 * 4 + 4 + 4 * 3 + 3, result.History.Epochs[^1].Parameters);
        Assert.IsLessThan(result.History.Epochs[2].Loss, result.History.Epochs[^1].Loss);
        put!.Dispose();
    }

    [TestMethod]
    public void A_model_cannot_be_replaced_between_gradients_and_step()
    {
        var options = new TrainingOptions { Hooks = [new Hook { OnAfterBackward = run => run.Replace(run.Model) }] };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Runs.Train(options)).Message, "AfterBackward");
    }

    sealed class Pieces : IStepObserver
    {
        public List<(long From, long To, bool After)> Seen { get; } = [];

        public void BeforeStep(long from, long to) => Note(from, to, false);

        public void AfterStep(long from, long to) => Note(from, to, true);

        void Note(long from, long to, bool after)
        {
            lock (Seen)
                Seen.Add((from, to, after));
        }
    }

    [TestMethod]
    public void An_observer_sees_each_piece_of_the_parameters_before_and_after_its_step_and_outlives_the_run()
    {
        var (pieces, length) = (new Pieces(), 0L);
        using var model = nn.Sequential(("in", nn.Linear(12, 300)), ("mid", nn.Linear(300, 250)), ("out", nn.Linear(250, 3)));
        var result = new TrainingLoop(new TrainingOptions
        {
            Epochs = 1,
            BatchSize = 100,
            Replicas = 2,
            Hooks =
        [
            new Hook { OnStarted = run => run.Share(pieces) },
            new Hook { OnAfterStep = run => Assert.AreSame(pieces, run.Find<Pieces>()), OnAfterEpoch = run => length = run.Values.shape[0] },
        ]
        }).Run(new()
        {
            Model = model,
            Copy = () => nn.Sequential(("in", nn.Linear(12, 300)), ("mid", nn.Linear(300, 250)), ("out", nn.Linear(250, 3))),
            Examples = Rows.Blobs(100, 12, 3),
            Objective = new CrossEntropy(3)
        });
        foreach (var after in new[] { false, true })
        {
            var at = 0L;
            foreach (var (from, to, _) in pieces.Seen.Where(p => p.After == after).Order())
            {
                Assert.AreEqual(at, from);
                at = to;
            }
            Assert.AreEqual(length, at);
        }
        Assert.IsGreaterThan(4, pieces.Seen.Count, "more than a piece for each thread");
        Assert.AreSame(pieces, result.Find<Pieces>());
        Assert.IsNull(result.Masks);
    }

    [TestMethod]
    public void A_failing_objective_is_thrown_on_the_callers_thread()
    {
        foreach (var failing in new[] { 0, 1 })
        {
            var call = 0;
            var objective = new CustomObjective((model, batch) =>
                Interlocked.Increment(ref call) > 4 ? throw new FormatException("broken") : nn.functional.cross_entropy(((nn.Module<Tensor, Tensor>)model).call(batch.Inputs), batch.Labels));
            Assert.AreEqual("broken", Assert.ThrowsExactly<FormatException>(() => Runs.Train(new TrainingOptions { Replicas = 2, BatchSize = 10 }, objective: objective)).Message);
        }
    }

    [TestMethod]
    public void The_learning_rate_follows_its_schedule()
    {
        var rates = new List<double>();
        Runs.Train(new TrainingOptions { Epochs = 4, BatchSize = 50, LearningRate = 0.1, Schedule = LearningRateSchedule.Stepwise(2, 0.5), Hooks = [new Hook { OnAfterStep = run => rates.Add(run.LearningRate) }] });
        CollectionAssert.AreEqual(new[] { 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05 }, rates);

        var cosine = LearningRateSchedule.Cosine(minimum: 0.1, warmup: 1);
        Assert.AreEqual(0.5, cosine.Factor(new(5, 50, 10)), 1e-12);
        Assert.AreEqual(1, cosine.Factor(new(10, 50, 10)), 1e-12);
        Assert.AreEqual(0.55, cosine.Factor(new(30, 50, 10)), 1e-12);
        Assert.AreEqual(0.1, cosine.Factor(new(50, 50, 10)), 1e-12);
    }
}
