using MLNet.Pruning.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class OptimizerTests
{
    // 79,041 parameters: enough to be cut into slices, whose borders lie inside the first weight.
    static readonly FeedForwardBlueprint Wide = new([300, 260, 3]);

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 1, 0, 0, "exp_avg exp_avg_sq")]
    [DataRow(OptimizerKind.Adam, 3, 0, 0.1, "exp_avg exp_avg_sq")]
    [DataRow(OptimizerKind.AdamW, 3, 0, 0.3, "exp_avg exp_avg_sq")]
    [DataRow(OptimizerKind.Sgd, 3, 0, 0.1, "")]
    [DataRow(OptimizerKind.Sgd, 3, 0.9, 0.1, "momentum_buffer")]
    [DataRow(OptimizerKind.Sgd, 3, 0.9, 0.1, "momentum_buffer", true)]
    [DataRow(OptimizerKind.RmsProp, 3, 0, 0.1, "square_avg")]
    [DataRow(OptimizerKind.RmsProp, 3, 0.9, 0, "momentum_buffer square_avg")]
    public void It_steps_and_keeps_the_state_of_TorchSharps_optimizer_of_the_parameters(OptimizerKind kind, int replicas, double momentum, double decay, string names, bool nesterov = false)
    {
        var options = new TrainingOptions { Compute = TrainingCompute.LibTorch, WeightDecay = decay, Epochs = 1, BatchSize = 20, Replicas = replicas, Shuffle = false, Optimizer = kind, LearningRate = 0.01, Momentum = momentum, Nesterov = nesterov };
        var own = Remembered(options, null);
        var reference = Remembered(options, parameters => TorchOptimizers.Create(options, parameters));
        CollectionAssert.AreEqual(new[] { "layers.linear1.bias", "layers.linear1.weight", "layers.linear2.bias", "layers.linear2.weight" }, own.Keys.Order().ToArray());
        foreach (var (parameter, (steps, tensors)) in own)
        {
            Assert.AreEqual(3, steps);
            string[] kept = [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries), "itself"];
            CollectionAssert.AreEquivalent(kept, tensors.Keys.ToArray());
            foreach (var name in kept)
            {
                Assert.IsTrue(tensors[name].Any(v => v != 0));
                // To the last bit where LibTorch multiplies and adds in one rounding. Where it rounds twice, small gradients differ by more, and steps as long as any other hang on them.
                var expected = reference[parameter].Tensors[name];
                var term = Math.Min(expected.Max(Math.Abs), (float)options.LearningRate);
                foreach (var (a, b) in expected.Zip(tensors[name]))
                    Assert.AreEqual(a, b, 1e-5f * Math.Max(Math.Abs(a), term), $"{parameter} {name}");
            }
        }

        Dictionary<string, (long Steps, Dictionary<string, float[]> Tensors)> Remembered(TrainingOptions options, Func<IReadOnlyList<Parameter>, optim.Optimizer>? optimizer)
        {
            var found = new Dictionary<string, (long, Dictionary<string, float[]>)>();
            random.manual_seed(7);
            using var model = Wide.Build();
            new TrainingLoop(options with
            {
                Hooks = [new Hook
                {
                    OnAfterEpoch = run =>
                    {
                        using var scope = NewDisposeScope();
                        Assert.AreEqual(optimizer is null ? replicas : 1, run.Optimizer.SliceCount);
                        foreach (var (name, parameter) in run.Model.named_parameters())
                        {
                            var memory = run.Optimizer.GetState(parameter);
                            Assert.IsTrue(memory.Tensors.Values.All(t => t.shape.SequenceEqual(parameter.shape)));
                            found[name] = (memory.Steps, memory.Tensors.ToDictionary(t => t.Key, t => t.Value.data<float>().ToArray()));
                            found[name].Item2["itself"] = parameter.detach().data<float>().ToArray();
                        }
                    },
                }],
            }).Run(new TrainingTask { Model = model, Copy = Wide.Build, Examples = Rows.Blobs(60, 300, 3), Objective = new CrossEntropy(3), Optimizer = optimizer });
            return found;
        }
    }

    [TestMethod]
    [DataRow(OptimizerKind.Adam)]
    [DataRow(OptimizerKind.Sgd)]
    [DataRow(OptimizerKind.RmsProp)]
    public void A_model_replaced_by_its_equal_with_its_memory_trains_on_as_if_nothing_had_happened(OptimizerKind kind)
    {
        var options = new TrainingOptions { Epochs = 4, BatchSize = 20, Replicas = 2, Optimizer = kind, LearningRate = 0.01, Momentum = kind is OptimizerKind.Sgd or OptimizerKind.RmsProp ? 0.9 : 0 };
        var rows = Rows.Blobs(60, 300, 3);
        var (whole, _) = Runs.Train(options, rows, Wide.Build);
        var (replaced, _) = Runs.Train(options with { Hooks = [new Hook { OnAfterStep = run => { if (run.Step is 4 or 7) Replace(run); } }] }, rows, Wide.Build);
        Runs.AreSame(whole, replaced);

        static void Replace(TrainingRun run)
        {
            var state = get_rng_state();
            var next = Wide.Build();
            set_rng_state(state);
            next.load_state_dict(run.Model.state_dict());
            var memories = run.Model.parameters().Select(run.Optimizer.GetState).ToList();
            run.Replace(next, Wide.Build);
            foreach (var (parameter, memory) in next.parameters().Zip(memories))
                run.Optimizer.SetState(parameter, memory);
        }
    }

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 0)]
    [DataRow(OptimizerKind.AdamW, 0)]
    [DataRow(OptimizerKind.Sgd, 0)]
    [DataRow(OptimizerKind.Sgd, 0.9)]
    [DataRow(OptimizerKind.Sgd, 0.9, true)]
    [DataRow(OptimizerKind.RmsProp, 0)]
    [DataRow(OptimizerKind.RmsProp, 0.5)]
    public void In_tensor_operators_as_on_a_device_a_step_is_the_same(OptimizerKind kind, double momentum, bool nesterov = false)
    {
        var options = new TrainingOptions { Optimizer = kind, Momentum = momentum, Nesterov = nesterov, WeightDecay = 0.1 };
        var numbers = Stepped((step, length) => step.Move(0, length));
        var operators = Stepped((step, length) => step.MoveByOperators(0, length));
        Assert.HasCount(numbers.Length, operators);
        Assert.IsTrue(numbers.Any(v => v > 0.05));
        for (var i = 0; i < numbers.Length; i++)
            Assert.AreEqual(numbers[i], operators[i], 1e-5f * Math.Max(Math.Abs(numbers[i]), 0.1f));

        float[] Stepped(Action<FusedStep, long> move)
        {
            using var scope = NewDisposeScope();
            random.manual_seed(3);
            using var module = Wide.Build();
            using var model = new FlatModel(module, CPU);
            using var step = FusedStep.Of(options, model);
            for (var i = 0; i < 4; i++)
            {
                using (no_grad())
                    model.Gradients.Vector.copy_(randn_like(model.Gradients.Vector));
                step.Begin(0.01 / (i + 1));
                move(step, model.Values.Length);
            }
            return [.. step.State.Select(s => s.Vector).Prepend(model.Values.Vector).SelectMany(v => v.data<float>().ToArray())];
        }
    }

    [TestMethod]
    public void State_that_the_optimizer_would_not_use_is_refused_unless_it_is_zero()
    {
        Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            Optimizer = OptimizerKind.RmsProp,
            Hooks = [new Hook
            {
                OnAfterEpoch = run =>
                {
                    var parameter = run.Model.parameters().First();
                    var state = run.Optimizer.GetState(parameter);
                    ParameterState With(Tensor unused) => state with { Tensors = new Dictionary<string, Tensor>(state.Tensors) { ["grad_avg"] = unused } };
                    run.Optimizer.SetState(parameter, With(zeros_like(parameter)));
                    var refused = Assert.ThrowsExactly<ArgumentException>(() => run.Optimizer.SetState(parameter, With(ones_like(parameter))));
                    StringAssert.Contains(refused.Message, "'grad_avg'");
                },
            }],
        });
    }

    [TestMethod]
    public void Memory_of_another_shape_is_refused()
    {
        Runs.Train(new TrainingOptions
        {
            Epochs = 1,
            Hooks = [new Hook
            {
                OnAfterEpoch = run =>
                {
                    var first = run.Optimizer.GetState(run.Model.parameters().First());
                    StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => run.Optimizer.SetState(run.Model.parameters().Last(), first)).Message, "[9, 12]");
                    using var other = new Parameter(zeros(5));
                    Assert.ThrowsExactly<ArgumentException>(() => run.Optimizer.GetState(other));
                },
            }],
        });
    }
}
