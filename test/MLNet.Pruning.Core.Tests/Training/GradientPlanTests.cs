using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

/// <summary>Gradients of plans beside those of LibTorch's autograd.</summary>
[TestClass]
public sealed class GradientPlanTests
{
    const int Rows = 37, Classes = 4;

    static IEnumerable<(string Name, Blueprint Network)> Networks()
    {
        yield return ("paper", new FeedForwardBlueprint([784, 50, 30, Classes]));
        yield return ("tabular", new FeedForwardBlueprint([30, 64, 32, Classes]));
        yield return ("one layer", new FeedForwardBlueprint([5, Classes]));
        yield return ("wide", new FeedForwardBlueprint([401, 130, 97, Classes]));
        foreach (var activation in Enum.GetValues<Activation>())
            yield return ($"{activation}", new FeedForwardBlueprint([17, 19, 23, Classes], activation));
        yield return ("vit", VitBlueprint.For([1, 28, 28], 7, Classes));
        yield return ("vit of 49 tokens", VitBlueprint.For([1, 28, 28], 4, Classes, dim: 32, heads: 2, depth: 2));
        yield return ("vit, merged", VitBlueprint.For([1, 28, 28], 7, Classes) with { Merge = 0.5 });
        yield return ("vit, class token", VitBlueprint.For([3, 12, 12], 4, Classes, dim: 48, heads: 3, depth: 2) with { Pooling = VitPooling.ClassToken, Merge = 2 });
        yield return ("vit, unlike blocks", new VitBlueprint([1, 8, 8], 2, Classes, Dim: 20, Heads: [1, 3], HeadSize: 16, Hidden: [7, 33], Activation: Activation.Relu));
        yield return ("vit, tokens", VitBlueprint.For([1, 28, 28], 7, Classes, depth: 1) with { Merge = 6, Input = VitInput.Tokens });
    }

    public static IEnumerable<object[]> Names() => Networks().Select(network => new object[] { network.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void The_gradient_is_that_of_autograd(string name)
    {
        var network = Networks().Single(network => network.Name == name).Network;
        foreach (int replicas in (int[])[1, 2])
        {
            var expected = Gradients(network, new CrossEntropy(Classes), TrainingCompute.LibTorch, replicas);
            var found = Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, replicas);
            Same(expected, found);
        }
    }

    static IEnumerable<(string Name, IObjective Objective, bool Weighted)> Objectives() =>
    [
        ("classes", new CrossEntropy(Classes), true),
        ("smoothed classes", new CrossEntropy(Classes, 0.2), false),
        ("smoothed, weighted classes", new CrossEntropy(Classes, 0.1), true),
        ("fewer classes than outputs", new CrossEntropy(2), false),
        ("two", new BinaryCrossEntropy(), false),
        ("two, weighted", new BinaryCrossEntropy(), true),
        ("numbers", new RegressionObjective(RegressionLoss.Squared, 0.3, 2), true),
        ("absolute", new RegressionObjective(RegressionLoss.Absolute), false),
        ("huber", new RegressionObjective(RegressionLoss.Huber, 0.1, 0.5), false),
    ];

    public static IEnumerable<object[]> ObjectiveNames() => Objectives().Select(objective => new object[] { objective.Name });

    [TestMethod]
    [DynamicData(nameof(ObjectiveNames))]
    public void So_is_that_of_every_objective(string name)
    {
        var (_, objective, weighted) = Objectives().Single(objective => objective.Name == name);
        var network = new FeedForwardBlueprint([9, 16, objective is CrossEntropy ? Classes : 1]);
        Same(Gradients(network, objective, TrainingCompute.LibTorch, 2, weighted), Gradients(network, objective, TrainingCompute.Plan, 2, weighted));
    }

    [TestMethod]
    public void Batches_of_a_step_add_up()
    {
        var network = new FeedForwardBlueprint([9, 16, Classes]);
        Same(Gradients(network, new CrossEntropy(Classes), TrainingCompute.LibTorch, 2, accumulate: 3),
            Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, 2, accumulate: 3));
    }

    [TestMethod]
    public void Two_hundred_steps_end_alike()
    {
        foreach (var network in (Blueprint[])[new FeedForwardBlueprint([24, 32, 16, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2)])
        {
            var (expected, found) = (Train(network, TrainingCompute.LibTorch), Train(network, TrainingCompute.Plan));
            Assert.AreEqual("a plan", found.Compute);
            Assert.AreEqual("LibTorch, as asked for", expected.Compute);
            for (int i = 0; i < expected.Epochs.Count; i++)
                Assert.AreEqual(expected.Epochs[i].Loss, found.Epochs[i].Loss, 2e-3 * expected.Epochs[i].Loss + 1e-6);
        }

        static TrainingHistory Train(Blueprint network, TrainingCompute compute)
        {
            var model = Build(network);
            return new TrainingLoop(new() { Epochs = 20, BatchSize = 64, Seed = 1, Compute = compute, Replicas = 2 }).Run(Task(network, model, new CrossEntropy(Classes), 640, false)).History;
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bits()
    {
        var network = VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2);
        CollectionAssert.AreEqual(Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, 2).Gradient,
            Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, 2).Gradient);
    }

    [TestMethod]
    public void Criteria_that_look_at_inputs_see_the_same()
    {
        foreach (var importance in (IImportance[])[new Contribution(0.5, 0.5), new ActivationMean(), new Apoz()])
        {
            foreach (var network in (Blueprint[])[new FeedForwardBlueprint([24, 32, 16, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2)])
            {
                var (expected, found) = (Scores(network, importance, TrainingCompute.LibTorch), Scores(network, importance, TrainingCompute.Plan));
                Assert.HasCount(expected.Length, found);
                for (int i = 0; i < expected.Length; i++)
                    Assert.AreEqual(expected[i], found[i], 1e-4 * Math.Abs(expected[i]) + 1e-7, $"{importance}, {network.GetType().Name}, {i}");
            }
        }

        static double[] Scores(Blueprint network, IImportance importance, TrainingCompute compute)
        {
            var model = Build(network);
            var history = new TrainingLoop(new()
            {
                Epochs = 2,
                BatchSize = 32,
                Seed = 1,
                LearningRate = 1e-5,
                Compute = compute,
                Hooks = [new NeuronPruning { Importance = importance, Schedule = Schedule.OneShot(1, 0.25) }.Begin()],
            }).Run(Task(network, model, new CrossEntropy(Classes), 64, false)).History;
            return [.. history.Events.SelectMany(e => e.Groups).SelectMany(group => group.Scores)];
        }
    }

    [TestMethod]
    public void Criteria_of_gradients_get_LibTorch_in_the_epoch_that_they_watch()
    {
        var network = new FeedForwardBlueprint([24, 32, 16, Classes]);
        TrainingHistory Run(TrainingCompute compute) => new TrainingLoop(new()
        {
            Epochs = 3,
            BatchSize = 32,
            Compute = compute,
            Hooks = [new NeuronPruning { Importance = new Taylor(), Schedule = Schedule.OneShot(2, 0.25) }.Begin()],
        }).Run(Task(network, Build(network), new CrossEntropy(Classes), 64, false)).History;
        Assert.AreEqual("a plan; LibTorch, in steps that forward hooks watch", Run(TrainingCompute.Automatic).Compute);
        StringAssert.Contains(Assert.Throws<NotSupportedException>(() => Run(TrainingCompute.Plan)).Message, "modules have forward hooks");
    }

    [TestMethod]
    public void Forward_hooks_of_ones_own_get_LibTorch()
    {
        var network = new FeedForwardBlueprint([24, 32, Classes]);
        var model = (FeedForward)Build(network);
        int calls = 0;
        var hook = new Hook { OnStarted = run => model.register_forward_hook((_, _, output) => { calls++; return output; }) };
        var history = new TrainingLoop(new() { Epochs = 1, BatchSize = 32, Replicas = 1, Hooks = [hook] }).Run(Task(network, model, new CrossEntropy(Classes), 64, false)).History;
        Assert.AreEqual("LibTorch, in steps that forward hooks watch", history.Compute);
        Assert.AreEqual(2, calls);
    }

    [TestMethod]
    public void What_has_no_plan_says_why()
    {
        string? Of(nn.Module model, Blueprint like) => new TrainingLoop(new() { Epochs = 1 })
            .Run(Task(like, model, new CrossEntropy(Classes), 64, false)).History.Compute;
        var dropout = VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 1) with { Dropout = 0.1 };
        Assert.AreEqual("LibTorch, the transformer has dropout", Of(Build(dropout), dropout));
        var convolutions = new ConvNetBlueprint([1, 8, 8], [4], [8], Classes);
        Assert.AreEqual("LibTorch, there is no such plan for a ConvNet", Of(Build(convolutions), convolutions));
    }

    static nn.Module Build(Blueprint network)
    {
        random.manual_seed(3);
        return network.Build();
    }

    static TrainingTask Task(Blueprint network, nn.Module model, IObjective objective, int rows, bool weighted)
    {
        var random = new Random(5);
        int width = (int)network.InputShape.Aggregate(1L, (a, b) => a * b);
        float[] features = [.. Enumerable.Range(0, rows * width).Select(_ => random.NextSingle())];
        if (network is VitBlueprint { Input: VitInput.Tokens } vit)
        {
            for (int row = 0; row < rows; row++)
            {
                var tail = features.AsSpan(row * width + vit.Tokens * vit.Grid.TokenWidth, vit.Tokens + vit.Grid.Count);
                tail[..vit.Tokens].Clear();
                for (int patch = 0; patch < vit.Grid.Count; patch++)
                {
                    int token = patch < vit.Tokens ? patch : random.Next(vit.Tokens);
                    tail[vit.Tokens + patch] = token;
                    tail[token]++;
                }
            }
        }
        int classes = objective.ClassCount ?? 1;
        return new()
        {
            Model = model,
            Copy = network.Build,
            Objective = objective,
            Examples = new ArrayExamples(features, network.InputShape, objective.ClassCount is null ? null
                : [.. Enumerable.Range(0, rows).Select(_ => random.Next(classes))])
            {
                Targets = objective.ClassCount is null ? [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())] : null,
                Weights = weighted ? [.. Enumerable.Range(0, rows).Select(i => i % 5 == 0 ? 0 : random.NextSingle())] : null,
            },
        };
    }

    static (float[] Gradient, double Loss) Gradients(
        Blueprint network, IObjective objective, TrainingCompute compute, int replicas, bool weighted = false, int accumulate = 1)
    {
        var watcher = new Watcher();
        var result = new TrainingLoop(new()
        {
            Epochs = 1,
            BatchSize = (Rows + accumulate - 1) / accumulate,
            AccumulateBatches = accumulate,
            Shuffle = false,
            Replicas = replicas,
            Compute = compute,
            Hooks = [watcher],
        }).Run(Task(network, Build(network), objective, Rows, weighted));
        return (watcher.Gradient!, result.History.Epochs[0].Loss + (result.History.Epochs[0].Accuracy ?? 0));
    }

    static void Same((float[] Gradient, double Loss) expected, (float[] Gradient, double Loss) found)
    {
        Assert.AreEqual(expected.Loss, found.Loss, 1e-5 * Math.Abs(expected.Loss));
        double size = Math.Sqrt(expected.Gradient.Average(g => (double)g * g));
        Assert.IsGreaterThan(0, size);
        for (int i = 0; i < expected.Gradient.Length; i++)
            Assert.AreEqual(expected.Gradient[i], found.Gradient[i], (1e-5 * Math.Abs(expected.Gradient[i])) + (2e-5 * size), $"number {i} of {expected.Gradient.Length}");
    }

    sealed class Watcher : ITrainingHook
    {
        public float[]? Gradient { get; private set; }

        public void AfterBackward(TrainingRun run) => Gradient ??= run.Gradients.cpu().data<float>().ToArray();
    }
}
