using MLNet.Pruning.Tests.Training;
using MLNet.Pruning.Tokens;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Pruning;

/// <summary>What hooks, optimizers, plans and masks do to each other in one run.</summary>
[TestClass]
public sealed class SeveralAtOnceTests
{
    static nn.Module Build() => nn.Sequential(("in", nn.Linear(12, 10)), ("relu", nn.ReLU()), ("mid", nn.Linear(10, 8)), ("tanh", nn.Tanh()), ("out", nn.Linear(8, 3)));

    static TrainingResult Train(TrainingOptions options, Func<IReadOnlyList<Parameter>, optim.Optimizer>? optimizer = null)
    {
        random.manual_seed(7);
        return new TrainingLoop(options).Run(new TrainingTask { Model = Build(), Copy = Build, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3), Optimizer = optimizer });
    }

    static WeightMasks FirstInputs(int on) => new([new WeightMask("in.weight", [10, 12], [.. Enumerable.Range(0, 120).Select(i => i % 12 < on)])]);

    [TestMethod]
    [DataRow(1, 1, 2)]
    [DataRow(2, 1, 2)]
    [DataRow(2, 2, 1)]
    [DataRow(2, 2, 2)]
    public void Two_neuron_prunings_take_turns(int replicas, int first, int second)
    {
        NeuronPruning Of(string group, int at) => new() { Importance = new WeightNorm(), Groups = [group], Schedule = Schedule.OneShot(at, 0.4) };
        var left = 0;
        var counted = new Hook { OnAfterEpoch = run => left = run.Replicas.Count };
        var result = Train(new TrainingOptions { Epochs = 4, BatchSize = 20, Replicas = replicas, Hooks = [new CombinedPruning(Of("in", first), Of("mid", second)).Begin(), counted] });
        Assert.AreEqual(replicas, left);
        Assert.AreEqual("[6, 12] [5, 6] [3, 5]", string.Join(' ', result.Model.parameters().Where(p => p.dim() == 2).Select(p => $"[{string.Join(", ", p.shape)}]")));
    }

    [TestMethod]
    public void A_tasks_own_optimizer_keeps_its_rates_which_a_schedule_moves_in_proportion()
    {
        foreach (var (schedule, factor) in new[] { (default(LearningRateSchedule), 1.0), (LearningRateSchedule.Cosine(), 0.5) })
        {
            double[] seen = [];
            SGD? own = null;
            var hook = new Hook { OnAfterBackward = _ => seen = [.. own!.ParamGroups.Select(g => g.LearningRate)] };
            Train(new TrainingOptions { Epochs = 1, BatchSize = 50, Schedule = schedule, Hooks = [hook] },
                p => own = new SGD([new SGD.ParamGroup(p.Take(2), new SGD.Options { LearningRate = 0.5 }), new SGD.ParamGroup(p.Skip(2), new SGD.Options { LearningRate = 0.01 })], 0.5));
            Assert.AreEqual(0.5 * factor, seen[0], 1e-9);
            Assert.AreEqual(0.01 * factor, seen[1], 1e-9);
        }
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(null)]
    public void A_sparsity_without_a_schedule_is_reached_where_masks_are_cut_no_more(int? every)
    {
        var result = Train(new TrainingOptions { Epochs = 20, BatchSize = 10, Replicas = 1, Hooks = [new WeightPruning { Sparsity = 0.9, Until = 50, Every = every }.Begin()] });
        Assert.AreEqual(0.9, result.Masks!.Sparsity, 0.01);
        Assert.AreEqual(50, result.History.Events[^1].Step);
    }

    [TestMethod]
    public void Masks_follow_a_stepwise_schedule_at_its_own_interval()
    {
        var result = Train(new TrainingOptions { Epochs = 100, BatchSize = 10, Replicas = 1, Hooks = [new WeightPruning { Schedule = Schedule.Stepwise(100, 400, 0.5, 0.75) }.Begin()] });
        CollectionAssert.AreEqual(new long[] { 100, 500, 900 }, result.History.Events.Select(e => (long)e.Step).ToArray());
    }

    [TestMethod]
    public void Fixed_masks_are_of_the_whole_model_and_of_the_run_that_is_taken_up_again()
    {
        var neurons = new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.OneShot(0, 0.4) };
        var refused = Assert.Throws<InvalidOperationException>(() => Train(new TrainingOptions { Epochs = 2, BatchSize = 10, Hooks = [new CombinedPruning(neurons, new WeightPruning { Fixed = FirstInputs(6) }).Begin()] }));
        StringAssert.Contains(refused.Message, "'in.weight' has shape [10, 12], the parameter [6, 12]");

        var file = Path.Combine(Directory.CreateTempSubdirectory("mlprune").FullName, "checkpoint");
        var options = new TrainingOptions { Epochs = 1, BatchSize = 10, Checkpoint = new(file) };
        Train(options with { Hooks = [new WeightPruning { Fixed = FirstInputs(6).Shuffled(1) }.Begin()] });
        Assert.Throws<InvalidDataException>(() => Train(options with { Epochs = 2, Hooks = [new WeightPruning { Fixed = FirstInputs(6).Shuffled(2) }.Begin()] }));
        Train(options with { Epochs = 2, Hooks = [new WeightPruning { Fixed = FirstInputs(6).Shuffled(1) }.Begin()] });
    }

    [TestMethod]
    public void What_cannot_be_saved_is_found_out_before_anything_is_trained()
    {
        var options = new TrainingOptions { Epochs = 2, BatchSize = 10, Checkpoint = new(Path.Combine(Directory.CreateTempSubdirectory("mlprune").FullName, "checkpoint")) };
        var steps = 0L;
        var counted = new Hook { OnAfterStep = run => steps = run.Step };
        Assert.Throws<ArgumentException>(() => Train(options with { Hooks = [counted] }, p => optim.SGD(p.Skip(4), 0.1)));
        var twice = Assert.Throws<ArgumentException>(() => Train(options with { Hooks = [counted, new MLNet.Pruning.BurdenMonitor().Begin(), new MLNet.Pruning.BurdenMonitor().Begin()] }));
        StringAssert.Contains(twice.Message, "'burden'");
        Assert.AreEqual(0, steps);
    }

    [TestMethod]
    public void Weights_beneath_masks_that_are_no_numbers_stop_the_run_with_the_epoch()
    {
        var poison = new Hook
        {
            OnAfterBackward = run =>
            {
                if (run.Step == 5)
                    run.Model.get_parameter("in.weight")!.grad!.view(-1)[run.Masks!["in.weight"].Active.IndexOf(false)] = float.PositiveInfinity;
            },
        };
        var stopped = Assert.Throws<TrainingDivergedException>(() => Train(new TrainingOptions { Epochs = 9, BatchSize = 50, Replicas = 1, Optimizer = OptimizerKind.Sgd, Hooks = [new WeightPruning { Schedule = Schedule.OneShot(2, 0.5), Until = 2 }.Begin(), poison] }));
        StringAssert.Contains(stopped.Message, "beneath the masks");
        Assert.AreEqual(3, stopped.Epoch);
    }

    [TestMethod]
    public void Clipping_goes_by_what_trains()
    {
        float Moved(bool stale)
        {
            random.manual_seed(7);
            using var model = Build();
            var frozen = model.get_parameter("in.weight")!;
            if (stale)
                frozen.Times(100).sum().backward();
            frozen.requires_grad = false;
            var before = model.get_parameter("out.weight")!.detach().clone();
            new TrainingLoop(new TrainingOptions { Epochs = 1, BatchSize = 100, Replicas = 1, Optimizer = OptimizerKind.Sgd, LearningRate = 1, GradientClipNorm = 0.1 }).Run(new TrainingTask { Model = model, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) });
            return (model.get_parameter("out.weight")! - before).norm().item<float>();
        }

        Assert.AreEqual(Moved(false), Moved(true), 1e-6f);
        Assert.IsGreaterThan(0.01f, Moved(true));
    }

    [TestMethod]
    public void Two_plans_of_a_module_do_not_disturb_each_other()
    {
        random.manual_seed(1);
        using var model = nn.Sequential(("l", nn.Linear(64, 32)), ("r", nn.ReLU()), ("m", nn.Linear(32, 5)));
        using (no_grad())
            foreach (var weight in model.parameters().Where(p => p.dim() == 2))
                weight.mul_(rand(weight.shape).With(0.9, (x, most) => x.gt(most)));
        model.eval();
        var x = randn(3, 64);
        using var one = SparsePlan.For(model, [64], SparseScoring.Sparse);
        using var two = SparsePlan.For(model, [64], SparseScoring.Sparse);
        foreach (var plan in new[] { one, two, one })
            Assert.IsLessThan(1e-5f, (plan.Run(() => model.call(x)) - model.call(x)).abs().max().item<float>());
    }

    [TestMethod]
    public void A_kernel_larger_than_the_image_is_refused_sparse_or_dense()
    {
        using var model = nn.Sequential(("c", nn.Conv2d(2, 4, 4, stride: 2)));
        using (no_grad())
            model.parameters().First().view(-1).narrow(0, 0, 100).zero_();
        model.eval();
        using var plan = SparsePlan.For(model, [2, 8, 8], SparseScoring.Sparse);
        Assert.HasCount(1, plan.Layers);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => plan.Run(() => model.call(randn(1, 2, 3, 3))));
    }

    [TestMethod]
    public void Of_a_layer_of_zeros_surgery_switches_as_many_off_as_it_should_and_scores_that_are_none_stay_on()
    {
        random.manual_seed(3);
        using var model = Build();
        using (no_grad())
        {
            var weight = model.get_parameter("in.weight")!;
            weight.mul_(rand(weight.shape).With(0.95, (x, most) => x.gt(most)));
        }
        var result = new TrainingLoop(new TrainingOptions { Epochs = 1, BatchSize = 100, Replicas = 1, LearningRate = 1e-12, Hooks = [new WeightPruning { Sparsity = 0.9, Schedule = Schedule.OneShot(0, 0.9), Rule = MaskRule.Surgery(0.1), Weights = ["in.weight"] }.Begin()] })
            .Run(new TrainingTask { Model = model, Examples = Rows.Blobs(100, 12, 3), Objective = new CrossEntropy(3) });
        Assert.AreEqual(0.9, result.Masks!.Sparsity, 0.001);

        var scored = Train(new TrainingOptions { Epochs = 1, BatchSize = 10, Replicas = 1, Hooks = [new WeightPruning { Schedule = Schedule.OneShot(1, 0.5), Criterion = new NoNumbers(), Weights = ["in.weight"] }.Begin()] });
        Assert.IsTrue(scored.Masks!["in.weight"].Active[..10].IndexOf(false) < 0);
    }

    sealed class NoNumbers : IWeightCriterion
    {
        public bool NeedsGradient => false;

        public void Score(ReadOnlySpan<float> weights, ReadOnlySpan<float> gradients, Span<float> scores)
        {
            for (var i = 0; i < scores.Length; i++)
                scores[i] = i < 10 ? float.NaN : i;
        }
    }

    [TestMethod]
    public void Tokens_that_are_no_numbers_merge_alike_by_either_way()
    {
        var random = new Random(5);
        float[] odd = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 3e38f, 1e-45f, 0, 0, 1];
        for (var trial = 0; trial < 500; trial++)
        {
            var (n, d) = (random.Next(2, 30), random.Next(1, 9));
            float[] x = [.. Enumerable.Range(0, n * d).Select(_ => odd[random.Next(odd.Length)])];
            var merge = random.Next(n / 2 + 1);
            using var tensors = TokenAssignments.Match(tensor(x, [1, n, d]), merge);
            CollectionAssert.AreEqual(tensors.ToArray()[0].Sources.ToArray(), TokenAssignment.Match(x, d, merge).Sources.ToArray(), $"{trial}");
        }
    }

    [TestMethod]
    public void Patches_too_large_for_any_memory_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PatchGrid(8, 8, 3, int.MaxValue, pad: true));
}
