using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>Plans that skip inactive weights beside LibTorch's autograd, which multiplies by the zeros.</summary>
[TestClass]
public sealed class MaskedPlanTests
{
    const int Rows = 37, Classes = 4;

    static readonly (string Name, Blueprint Network)[] networks =
    [
        ("paper", new FeedForwardBlueprint([784, 50, 30, Classes])),
        ("odd sizes", new FeedForwardBlueprint([401, 131, 67, Classes], Activation.Silu)),
        ("vit", VitBlueprint.For([1, 28, 28], 4, Classes, dim: 32, heads: 2, depth: 2)),
        ("vit, merged", VitBlueprint.For([1, 28, 28], 7, Classes) with { Merge = 0.5 }),
        ("vit, class token", VitBlueprint.For([3, 12, 12], 4, Classes, dim: 48, heads: 3, depth: 2) with { Pooling = VitPooling.ClassToken, Merge = 2 }),
        ("vit, unlike blocks", new VitBlueprint([1, 8, 8], 2, Classes, Dim: 20, Heads: [1, 3], HeadSize: 16, Hidden: [7, 133], Activation: Activation.Relu)),
    ];

    public static IEnumerable<object[]> Cases() =>
        from network in networks
        from reactivation in Enum.GetValues<Reactivation>()
        select new object[] { network.Name, reactivation };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void The_gradient_of_masked_weights_is_that_of_autograd(string name, Reactivation reactivation)
    {
        var network = networks.Single(network => network.Name == name).Network;
        WeightPruning[] masks =
        [
            .. new[] { 0, 0.5, 0.9, 0.98 }.Select(sparsity => new WeightPruning { Schedule = Schedule.Constant(sparsity), Reactivation = reactivation }),
            // Some layers are dense, and others very sparse.
            new() { Schedule = Schedule.Constant(0.9), Reactivation = reactivation, Distribution = MaskDistribution.ErdosRenyiKernel },
            new() { Sparsity = 0.9, Reactivation = reactivation, Rule = new NothingOfWideLayers() },
        ];
        foreach (var (number, pruning) in masks.Index())
        {
            int replicas = 1 + (number % 3);
            var (expected, active) = Gradient(network, pruning, TrainingCompute.LibTorch, replicas);
            var (found, same) = Gradient(network, pruning, TrainingCompute.Plan, replicas);
            CollectionAssert.AreEqual(active, same);
            double size = Math.Sqrt(expected.Average(g => (double)g * g));
            for (int i = 0; i < expected.Length; i++)
            {
                if (active[i] || reactivation == Reactivation.Persistent)
                    Assert.AreEqual(expected[i], found[i], (1e-5 * Math.Abs(expected[i])) + (2e-5 * size), $"mask {number}, number {i} of {expected.Length}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Masks_may_change_at_every_step(string name, Reactivation reactivation)
    {
        var network = networks.Single(network => network.Name == name).Network;
        var (expected, found) = (Train(network, Changing(reactivation), TrainingCompute.LibTorch), Train(network, Changing(reactivation), TrainingCompute.Plan));
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], found[i], 1e-4, $"weight {i} of {expected.Length}");
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void The_same_seed_gives_the_same_bits_also_after_a_checkpoint(string name, Reactivation reactivation)
    {
        var network = networks.Single(network => network.Name == name).Network;
        float[] whole = Train(network, Changing(reactivation), TrainingCompute.Plan), again = Train(network, Changing(reactivation), TrainingCompute.Plan);
        CollectionAssert.AreEqual(whole, again);
        string folder = Directory.CreateTempSubdirectory("mlprune-test").FullName;
        try
        {
            string path = Path.Combine(folder, "run.checkpoint");
            Train(network, Changing(reactivation), TrainingCompute.Plan, path, stopAfter: 5);
            CollectionAssert.AreEqual(whole, Train(network, Changing(reactivation), TrainingCompute.Plan, path));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [TestMethod]
    public void Rules_that_read_gradients_get_those_of_inactive_weights()
    {
        var network = networks.Single(network => network.Name == "vit").Network;
        var (expected, found) = (Read(TrainingCompute.LibTorch), Read(TrainingCompute.Plan));
        Assert.HasCount(expected.Count, found);
        Assert.IsGreaterThan(0, expected.Count);
        for (int cut = 0; cut < expected.Count; cut++)
        {
            double size = Math.Sqrt(expected[cut].Average(g => (double)g * g));
            Assert.IsGreaterThan(0, size);
            for (int i = 0; i < expected[cut].Length; i++)
                Assert.AreEqual(expected[cut][i], found[cut][i], 2e-3 * (Math.Abs(expected[cut][i]) + size), $"cut {cut}, weight {i}");
        }

        List<float[]> Read(TrainingCompute compute)
        {
            var rule = new Reading();
            Train(network, new() { Schedule = Schedule.Constant(0.9), Every = 4, Reactivation = Reactivation.Frozen, Rule = rule }, compute);
            return rule.Seen;
        }
    }

    [TestMethod]
    public void Criteria_of_neurons_see_what_masked_layers_read()
    {
        foreach (var network in (Blueprint[])[new FeedForwardBlueprint([150, 64, 32, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2)])
        {
            var (expected, found) = (Scores(network, TrainingCompute.LibTorch), Scores(network, TrainingCompute.Plan));
            Assert.HasCount(expected.Length, found);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], found[i], (1e-4 * Math.Abs(expected[i])) + 1e-7, $"{network.GetType().Name}, {i}");
        }

        static double[] Scores(Blueprint network, TrainingCompute compute)
        {
            var pruning = new CombinedPruning(new NeuronPruning { Importance = new ActivationMean(), Schedule = Schedule.OneShot(1, 0.25) },
                new WeightPruning { Schedule = Schedule.Constant(0.9), Every = 100, Reactivation = Reactivation.Frozen });
            var history = new TrainingLoop(new() { Epochs = 2, BatchSize = 32, Seed = 1, LearningRate = 1e-5, Compute = compute, Hooks = [pruning.Begin()] })
                .Run(Task(network, Build(network), 64)).History;
            return [.. history.Events.SelectMany(e => e.Groups).SelectMany(group => group.Scores)];
        }
    }

    static WeightPruning Changing(Reactivation reactivation) => new()
    {
        Schedule = Schedule.Cubic(0, 8, 0.95),
        Every = 1,
        Reactivation = reactivation,
        Rule = new Turning(),
    };

    /// <summary>Other weights at each step, whatever their values: rounding changes no mask.</summary>
    sealed record Turning : MaskRule
    {
        protected internal override bool ByLayer => true;

        protected internal override void Cut(in MaskCut cut) =>
            KeepLargest(Mixed(cut.Weights.Length, (int)(1000 * cut.Progress)), cut.Keep, cut.Active);
    }

    static float[] Mixed(int count, int seed) => [.. Enumerable.Range(0, count).Select(i => (float)((uint)((i + (7919 * seed)) * 2654435761) >> 8))];

    /// <summary>Layers with many inputs lose all weights.</summary>
    sealed record NothingOfWideLayers : MaskRule
    {
        protected internal override bool ByLayer => true;

        protected internal override void Cut(in MaskCut cut)
        {
            if (cut.Shape[1] > 60)
                cut.Active.Clear();
            else
                KeepLargest(cut.Scores(), cut.Keep, cut.Active);
        }
    }

    /// <summary>Keeps the first weights, and what gradients it was given.</summary>
    sealed record Reading : MaskRule
    {
        public List<float[]> Seen { get; } = [];

        protected internal override bool NeedsGradient => true;

        protected internal override bool ByLayer => true;

        protected internal override void Cut(in MaskCut cut)
        {
            if (cut.Gradients.Length > 0)
                Seen.Add(cut.Gradients.ToArray());
            KeepLargest(Mixed(cut.Weights.Length, 1), cut.Keep, cut.Active);
        }
    }

    static nn.Module Build(Blueprint network)
    {
        random.manual_seed(3);
        return network.Build();
    }

    static TrainingTask Task(Blueprint network, nn.Module model, int rows)
    {
        var random = new Random(5);
        int width = (int)network.InputShape.Aggregate(1L, (a, b) => a * b);
        return new()
        {
            Model = model,
            Copy = network.Build,
            Objective = new CrossEntropy(Classes),
            Examples = new ArrayExamples([.. Enumerable.Range(0, rows * width).Select(_ => random.NextSingle())], network.InputShape,
                [.. Enumerable.Range(0, rows).Select(_ => random.Next(Classes))]),
        };
    }

    static (float[] Gradient, bool[] Active) Gradient(Blueprint network, WeightPruning pruning, TrainingCompute compute, int replicas)
    {
        var watcher = new Watcher();
        new TrainingLoop(new() { Epochs = 1, BatchSize = Rows, Shuffle = false, Replicas = replicas, Compute = compute, Hooks = [pruning.Begin(), watcher] })
            .Run(Task(network, Build(network), Rows));
        return (watcher.Gradient, watcher.Active);
    }

    /// <summary>The weights after twelve steps.</summary>
    static float[] Train(Blueprint network, WeightPruning pruning, TrainingCompute compute, string? checkpoint = null, int? stopAfter = null)
    {
        var model = Build(network);
        using var stop = new CancellationTokenSource();
        var stopper = new Hook { OnAfterStep = run => { if (run.Step == stopAfter) stop.Cancel(); } };
        try
        {
            new TrainingLoop(new()
            {
                Epochs = 4,
                BatchSize = 16,
                Seed = 1,
                Optimizer = OptimizerKind.Sgd,
                LearningRate = 0.05,
                Replicas = 2,
                Compute = compute,
                Checkpoint = checkpoint is null ? null : new CheckpointOptions(checkpoint) { EverySteps = 1 },
                Hooks = [pruning.Begin(), stopper],
            }).Run(Task(network, model, 48), stop.Token);
        }
        catch (TrainingCanceledException) when (stopAfter is not null)
        {
        }
        using var scope = NewDisposeScope();
        return [.. model.parameters().SelectMany(parameter => parameter.detach().data<float>().ToArray())];
    }

    sealed class Watcher : ITrainingHook
    {
        public float[] Gradient { get; private set; } = [];

        public bool[] Active { get; private set; } = [];

        public void AfterBackward(TrainingRun run)
        {
            Gradient = run.Gradients.cpu().data<float>().ToArray();
            Active = Array.ConvertAll(run.Find<MaskedWeights>()!.Active.ToArray(), bit => bit != 0);
        }
    }
}
