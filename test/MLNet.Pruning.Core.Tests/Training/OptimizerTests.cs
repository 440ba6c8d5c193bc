using MLNet.Pruning.Models;
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
    [DataRow(OptimizerKind.RmsProp, 3, 0, 0.1, "square_avg")]
    [DataRow(OptimizerKind.RmsProp, 3, 0.9, 0, "momentum_buffer square_avg")]
    public void It_steps_and_remembers_as_TorchSharps_optimizer_of_the_parameters(OptimizerKind kind, int replicas, double momentum, double decay, string names)
    {
        var options = new TrainingOptions { WeightDecay = decay, Epochs = 1, BatchSize = 20, Replicas = replicas, Shuffle = false, Optimizer = kind, LearningRate = 0.01, Momentum = momentum };
        var own = Remembered(options, null);
        var reference = Remembered(options, parameters => Optimizers.Create(options, parameters));
        CollectionAssert.AreEqual(new[] { "layers.linear1.bias", "layers.linear1.weight", "layers.linear2.bias", "layers.linear2.weight" }, own.Keys.Order().ToArray());
        foreach (var (parameter, (steps, tensors)) in own)
        {
            Assert.AreEqual(kind == OptimizerKind.Sgd ? 0 : 3, steps);
            string[] kept = [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries), "itself"];
            CollectionAssert.IsSubsetOf(kept, tensors.Keys.ToArray());
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
                        Assert.HasCount(optimizer is null ? replicas : 1, run.Optimizer.Parts);
                        foreach (var (name, parameter) in run.Model.named_parameters())
                        {
                            var memory = run.Optimizer.Recall(parameter);
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
            var memories = run.Model.parameters().Select(run.Optimizer.Recall).ToList();
            run.Replace(next, Wide.Build);
            foreach (var (parameter, memory) in next.parameters().Zip(memories))
                run.Optimizer.Remember(parameter, memory);
        }
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
                    var first = run.Optimizer.Recall(run.Model.parameters().First());
                    StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => run.Optimizer.Remember(run.Model.parameters().Last(), first)).Message, "[9, 12]");
                    using var other = new Parameter(zeros(5));
                    Assert.ThrowsExactly<ArgumentException>(() => run.Optimizer.Recall(other));
                },
            }],
        });
    }
}
