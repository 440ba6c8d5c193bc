using MLNet.Pruning.Training;
using TorchSharp;
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
        yield return ("rows of whole kilobytes", new FeedForwardBlueprint([300, 256, 512, 48, Classes]));
        yield return ("wide", new FeedForwardBlueprint([401, 130, 97, Classes]));
        foreach (var activation in Enum.GetValues<Activation>())
            yield return ($"{activation}", new FeedForwardBlueprint([17, 19, 23, Classes], activation));
        yield return ("vit", VitBlueprint.For([1, 28, 28], 7, Classes));
        yield return ("vit of 49 tokens", VitBlueprint.For([1, 28, 28], 4, Classes, dim: 32, heads: 2, depth: 2));
        yield return ("vit, merged", VitBlueprint.For([1, 28, 28], 7, Classes) with { Merge = 0.5 });
        yield return ("vit, class token", VitBlueprint.For([3, 12, 12], 4, Classes, dim: 48, heads: 3, depth: 2) with { Pooling = VitPooling.ClassToken, Merge = 2 });
        yield return ("vit, unlike blocks", new VitBlueprint([1, 8, 8], 2, Classes, Dim: 20, Heads: [1, 3], HeadSize: 16, Hidden: [7, 33], Activation: Activation.Relu));
        yield return ("vit, heads of 8", VitBlueprint.For([1, 12, 12], 4, Classes, dim: 24, heads: 3, depth: 2) with { HeadSize = 8, Merge = 2 });
        yield return ("vit, heads of 12", VitBlueprint.For([1, 12, 12], 2, Classes, dim: 36, heads: 3, depth: 1) with { HeadSize = 12 });
        yield return ("vit, tokens", VitBlueprint.For([1, 28, 28], 7, Classes, depth: 1) with { Merge = 6, Input = VitInput.Tokens });
    }

    static IEnumerable<(string Name, Blueprint Network)> ConvNets()
    {
        yield return ("cnn", new ConvNetBlueprint([3, 16, 16], [16, 32], [24, 16], Classes));
        yield return ("cnn, odd sizes", new ConvNetBlueprint([1, 11, 9], [5, 7], [13], Classes));
        yield return ("cnn, one block", new ConvNetBlueprint([2, 7, 35], [3], [], Classes));
        yield return ("cnn, tiny images", new ConvNetBlueprint([3, 8, 8], [4, 6, 9], [8], Classes));
        foreach (var activation in Enum.GetValues<Activation>())
            yield return ($"cnn, {activation}", new ConvNetBlueprint([1, 8, 12], [4, 6], [8], Classes, activation));
    }

    public static IEnumerable<object[]> Names() => Networks().Concat(ConvNets()).Select(network => new object[] { network.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void The_gradient_is_that_of_autograd(string name)
    {
        var network = Networks().Concat(ConvNets()).Single(network => network.Name == name).Network;
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
        ("a teacher's", new DistilledCrossEntropy(Classes, Teacher, temperature: 3, weight: 0.4, labelSmoothing: 0.1), false),
        ("a teacher's, weighted", new DistilledCrossEntropy(Classes, Teacher, temperature: 0.7, weight: 1), true),
        ("two", new BinaryCrossEntropy(), false),
        ("two, weighted", new BinaryCrossEntropy(), true),
        ("numbers", new RegressionObjective(RegressionLoss.Squared, 0.3, 2), true),
        ("absolute", new RegressionObjective(RegressionLoss.Absolute), false),
        ("huber", new RegressionObjective(RegressionLoss.Huber, 0.1, 0.5), false),
    ];

    static Tensor Teacher(Tensor inputs) => inputs.narrow(1, 0, Classes).Times(5);

    public static IEnumerable<object[]> ObjectiveNames() => Objectives().Select(objective => new object[] { objective.Name });

    [TestMethod]
    [DynamicData(nameof(ObjectiveNames))]
    public void So_is_that_of_every_objective(string name)
    {
        var (_, objective, weighted) = Objectives().Single(objective => objective.Name == name);
        var network = new FeedForwardBlueprint([9, 16, objective is CrossEntropy or DistilledCrossEntropy ? Classes : 1]);
        Same(Gradients(network, objective, TrainingCompute.LibTorch, 2, weighted), Gradients(network, objective, TrainingCompute.Plan, 2, weighted));
    }

    static IEnumerable<(string Name, VaeBlueprint Network)> Autoencoders()
    {
        yield return ("vae", new VaeBlueprint([3, 16, 16], [8, 16], [24, 12], 5));
        yield return ("vae, one block", new VaeBlueprint([1, 6, 10], [3], [9], 2));
        yield return ("vae, unlike halves", new VaeBlueprint([1, 8, 8], [4, 6], [10], 3, DecoderHidden: [7, 11], DecoderChannels: [5, 9]));
        foreach (var activation in Enum.GetValues<Activation>())
            yield return ($"vae, {activation}", new VaeBlueprint([1, 8, 12], [4, 6], [8], 3, activation));
    }

    public static IEnumerable<object[]> AutoencoderNames() => Autoencoders().Select(network => new object[] { network.Name });

    /// <summary>The loss in double precision, with the noise that the plan has drawn.</summary>
    [TestMethod]
    [DynamicData(nameof(AutoencoderNames))]
    public void The_gradient_of_an_autoencoder_is_that_of_its_loss_in_double(string name)
    {
        var network = Autoencoders().Single(network => network.Name == name).Network;
        foreach (var (objective, weighted) in ((VaeObjective, bool)[])[(new(), false), (new(0.5, 3), true)])
        {
            var watcher = new Watcher();
            var task = Task(network, Build(network), objective, Rows, weighted);
            var history = new TrainingLoop(new() { Epochs = 1, BatchSize = Rows, Shuffle = false, Replicas = 1, Seed = 4, Compute = TrainingCompute.Plan, Hooks = [watcher] }).Run(task).History;

            using var scope = NewDisposeScope();
            var model = (Vae)Build(network).to(ScalarType.Float64);
            var inputs = watcher.Inputs!.to_type(ScalarType.Float64);
            float[] draws = new float[Rows * network.Latent];
            for (int row = 0; row < Rows; row++)
                new RowDraws(4, 0, 0).Normal(row, draws.AsSpan(row * network.Latent, network.Latent));
            var (mean, logVariance) = model.Encode(inputs);
            var latents = mean.Plus(logVariance.Times(0.5).exp() * tensor(draws).view(Rows, network.Latent).to_type(ScalarType.Float64));
            var losses = objective.UncheckedRowLosses(new(model.Decode(latents), mean, logVariance), inputs);
            var weights = watcher.Weights is { } all ? all.to_type(ScalarType.Float64) : ones(Rows, ScalarType.Float64);
            var loss = losses.mul(weights).sum() / weights.sum();
            loss.backward();
            Assert.AreEqual(loss.item<double>(), history.Epochs[0].Loss, 2e-6 * loss.item<double>());
            foreach (var (parameterName, parameter) in model.named_parameters())
            {
                float[] found = watcher.Of[parameterName];
                double[] expected = parameter.grad!.contiguous().data<double>().ToArray();
                double size = Math.Sqrt(expected.Average(g => g * g));
                for (int i = 0; i < found.Length; i++)
                    Assert.AreEqual(expected[i], found[i], (1e-5 * Math.Abs(expected[i])) + (2e-5 * size) + 1e-9, $"{parameterName}, number {i}");
            }
        }
    }

    [TestMethod]
    public void Noise_is_normal()
    {
        float[] draws = new float[20_001];
        new RowDraws(3, 5, 7).Normal(2, draws);
        Assert.AreEqual(0, draws.Average(), 0.03);
        Assert.AreEqual(1, draws.Average(x => (double)x * x), 0.04);
        Assert.AreEqual(0.6827, draws.Count(x => Math.Abs(x) < 1) / 20_001.0, 0.015);
        Assert.AreEqual(0, draws.Zip(draws.Skip(1), (a, b) => (double)a * b).Average(), 0.03);
        float[] others = new float[20_001];
        new RowDraws(3, 6, 7).Normal(2, others);
        Assert.AreEqual(0, draws.Zip(others, (a, b) => (double)a * b).Average(), 0.03);
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
        foreach (var network in (Blueprint[])[new FeedForwardBlueprint([24, 32, 16, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2), new ConvNetBlueprint([2, 12, 8], [8, 12], [16], Classes)])
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
        foreach (var importance in (IImportance[])[new Contribution(0.5, 0.5), new ActivationMean(), new Apoz(), new Taylor()])
        {
            foreach (var network in (Blueprint[])[new FeedForwardBlueprint([24, 32, 16, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2), new ConvNetBlueprint([2, 12, 8], [8, 12], [16], Classes)])
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
    public void A_plan_shows_criteria_of_gradients_what_they_watch()
    {
        var network = VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2);
        var history = new TrainingLoop(new()
        {
            Epochs = 3,
            BatchSize = 32,
            Compute = TrainingCompute.Plan,
            Hooks = [new NeuronPruning { Importance = Criterion.OfGradients(products => products.Squared()), Schedule = Schedule.OneShot(2, 0.25) }.Begin()],
        }).Run(Task(network, Build(network), new CrossEntropy(Classes), 64, false)).History;
        Assert.AreEqual("a plan", history.Compute);
        Assert.IsGreaterThan(0, history.Events.Single().Groups.Min(group => group.Scores.Max()));
    }

    /// <summary>The loss in double precision, by LibTorch's own operators, changes along random directions as the gradient says.</summary>
    [TestMethod]
    [DynamicData(nameof(Names))]
    public void The_gradient_is_that_of_finite_differences_in_double(string name)
    {
        const double Step = 1e-7; // smaller than the distance of any sum from a bend
        var network = Networks().Concat(ConvNets()).Single(network => network.Name == name).Network;
        var watcher = new Watcher();
        var task = Task(network, Build(network), new CrossEntropy(Classes), Rows, false);
        new TrainingLoop(new() { Epochs = 1, BatchSize = Rows, Shuffle = false, Replicas = 1, Compute = TrainingCompute.Plan, Hooks = [watcher] }).Run(task);

        using var scope = NewDisposeScope();
        using var off = no_grad();
        var model = (nn.Module<Tensor, Tensor>)Build(network).to(ScalarType.Float64);
        var (inputs, labels) = (watcher.Inputs!.to_type(ScalarType.Float64), watcher.Labels!);
        double Loss() => nn.functional.cross_entropy(model.call(inputs), labels).item<double>();
        foreach (var (parameterName, parameter) in model.named_parameters())
        {
            var (random, gradient) = (randn(parameter.shape, ScalarType.Float64), tensor(watcher.Of[parameterName]).view(parameter.shape).to_type(ScalarType.Float64));
            // The gradient is in it too, as random directions of many numbers hardly contain it.
            var along = random.div(random.norm()).Plus(gradient.Times(1 / Math.Max(1e-12, gradient.norm().item<double>())));
            Move(parameter, along, Step);
            double above = Loss();
            Move(parameter, along, -2 * Step);
            double below = Loss();
            Move(parameter, along, Step);
            double expected = (above - below) / (2 * Step);
            Assert.AreEqual(expected, (gradient * along).sum().item<double>(), 1e-5 * Math.Abs(expected) + 2e-6 * gradient.norm().item<double>() + 1e-8, parameterName);
        }
    }

    static void Move(Tensor values, Tensor along, double distance) => values.copy_(values.Plus(along.Times(distance)));

    [TestMethod]
    public void Validation_by_a_plan_gives_the_loss_of_LibTorch()
    {
        foreach (var network in (Blueprint[])[new FeedForwardBlueprint([24, 32, 16, Classes]), VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2) with { Dropout = 0.3 }, new ConvNetBlueprint([1, 8, 8], [4], [24], Classes, Dropout: 0.4)])
        {
            foreach (var objective in (IObjective[])[new CrossEntropy(Classes, 0.1), new DistilledCrossEntropy(Classes, input => input.flatten(1).narrow(1, 0, Classes))])
            {
                var (expected, found) = (Validated(TrainingCompute.LibTorch), Validated(TrainingCompute.Plan));
                Assert.AreEqual(expected.Loss, found.Loss, 1e-5 * expected.Loss);
                Assert.AreEqual(expected.Accuracy!.Value, found.Accuracy!.Value, 1e-6);
                Assert.AreEqual(expected.Rows, found.Rows);

                Evaluation Validated(TrainingCompute compute)
                {
                    Evaluation? evaluation = null;
                    var task = Task(network, Build(network), objective, Rows, true);
                    TrainingOptions options = new() { Epochs = 1, BatchSize = 16, Replicas = 2, Compute = compute };
                    using var examples = new EvaluationSet(task.Examples, options, objective);
                    new TrainingLoop(options with { Hooks = [new Hook { OnStarted = run => evaluation = run.Evaluate(examples) }] }).Run(task);
                    return evaluation!;
                }
            }
        }
    }

    static IEnumerable<(string Name, Blueprint With, Blueprint Without)> Droppers()
    {
        var vit = VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 2);
        yield return ("vit", vit with { Dropout = 0.3 }, vit);
        foreach (var activation in (Activation[])[Activation.Tanh, Activation.Gelu])
        {
            var convolutions = new ConvNetBlueprint([1, 8, 8], [4], [24, 17], Classes, activation);
            yield return ($"cnn, {activation}", convolutions with { Dropout = 0.3 }, convolutions);
        }
    }

    public static IEnumerable<object[]> DropperNames() => Droppers().Select(network => new object[] { network.Name });

    [TestMethod]
    [DynamicData(nameof(DropperNames))]
    public void Dropout_drops_the_same_values_whatever_the_number_of_replicas(string name)
    {
        var (_, network, plain) = Droppers().Single(network => network.Name == name);
        var alone = Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, 1);
        Same(alone, Gradients(network, new CrossEntropy(Classes), TrainingCompute.Plan, 3));
        var without = Gradients(plain, new CrossEntropy(Classes), TrainingCompute.Plan, 1);
        Assert.IsGreaterThan(1e-3, Math.Abs(without.Loss - alone.Loss));
    }

    [TestMethod]
    [DynamicData(nameof(DropperNames))]
    public void The_gradient_behind_dropout_is_that_of_finite_differences(string name)
    {
        var network = Droppers().Single(network => network.Name == name).With;
        var (_, at, gradient) = LossAt(null, 0);
        double size = Math.Sqrt(gradient.Sum(g => (double)g * g));
        const double Step = 0.01;
        double slope = (LossAt(gradient, Step / size).Loss - LossAt(gradient, -Step / size).Loss) / (2 * Step);
        Assert.AreEqual(size, slope, 0.01 * size);

        (double Loss, int Numbers, float[] Gradient) LossAt(float[]? direction, double distance)
        {
            var watcher = new Watcher();
            var start = new Hook
            {
                OnStarted = run =>
                {
                    using var off = no_grad();
                    if (direction is not null)
                        Move(run.Values, tensor(direction), distance);
                },
            };
            var result = new TrainingLoop(new() { Epochs = 1, BatchSize = Rows, Shuffle = false, Replicas = 2, Compute = TrainingCompute.Plan, Hooks = [start, watcher] })
                .Run(Task(network, Build(network), new CrossEntropy(Classes), Rows, false));
            return (result.History.Epochs[0].Loss, watcher.Gradient!.Length, watcher.Gradient);
        }
    }

    [TestMethod]
    public void Dropout_keeps_the_mean()
    {
        const int Images = 200, Tokens = 7, Width = 96;
        using var memory = new PlanMemory(16);
        var (x, first, second, later) = (memory.Rows(Images * Tokens, Width), memory.Rows(Images * Tokens, Width), memory.Rows(Images * Tokens, Width), memory.Rows(Images * Tokens, Width));
        var all = Numbers(x);
        all.Fill(1);
        new PlannedDropout(0.25, 0).Apply(new(7, 3, 0), x, Images, Tokens, first);
        new PlannedDropout(0.25, 1).Apply(new(7, 3, 0), x, Images, Tokens, second);
        new PlannedDropout(0.25, 0).Apply(new(7, 4, 0), x, Images, Tokens, later);
        double count = all.Length, deviation = Math.Sqrt(0.25 * 0.75 * count);
        foreach (var some in (PlanRows[])[first, second, later])
        {
            int kept = 0;
            foreach (float value in Numbers(some))
            {
                Assert.IsTrue(value == 0 || value == 1 / 0.75f);
                kept += value > 0 ? 1 : 0;
            }
            Assert.AreEqual(0.75 * count, kept, 4 * deviation);
        }
        // Draws of other places, steps, rows and columns are independent: equal where both are kept or both dropped.
        double alike = (0.75 * 0.75) + (0.25 * 0.25), spread = Math.Sqrt(alike * (1 - alike) * count);
        Assert.AreEqual(alike * count, Alike(first, second, 0), 4 * spread);
        Assert.AreEqual(alike * count, Alike(first, later, 0), 4 * spread);
        Assert.AreEqual(alike * count, Alike(first, first, 1), 4 * spread);
        Assert.AreEqual(alike * count, Alike(first, first, Width), 4 * spread);
        Assert.AreEqual(alike * count, Alike(first, first, Tokens * Width), 4 * spread);

        static unsafe Span<float> Numbers(PlanRows rows) => new(rows.First, Images * Tokens * Width);

        static int Alike(PlanRows a, PlanRows b, int apart)
        {
            Span<float> one = Numbers(a), other = Numbers(b);
            int alike = 0;
            for (int i = 0; i < one.Length; i++)
                alike += one[i] == other[(i + apart) % other.Length] ? 1 : 0;
            return alike;
        }
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
        var merging = VitBlueprint.For([1, 8, 8], 4, Classes, dim: 32, heads: 2, depth: 1) with { LayerMerges = [1] };
        Assert.AreEqual("LibTorch, the transformer merges tokens between its blocks", Of(Build(merging), merging));
        var convolutions = new ConvNetBlueprint([1, 8, 8], [4], [8], Classes, BatchNorm: true);
        Assert.AreEqual("LibTorch, the convolutions have batch norms", Of(Build(convolutions), convolutions));
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
                Targets = objective is not VaeObjective && objective.ClassCount is null ? [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())] : null,
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

        public Tensor? Inputs { get; private set; }

        public Tensor? Labels { get; private set; }

        public Tensor? Weights { get; private set; }

        /// <summary>Of each parameter.</summary>
        public Dictionary<string, float[]> Of { get; } = [];

        public void AfterBackward(TrainingRun run)
        {
            if (Gradient is not null)
                return;
            Inputs = run.Batches[0].Inputs.clone().DetachFromDisposeScope();
            Labels = run.Batches[0].HasLabels ? run.Batches[0].Labels.clone().DetachFromDisposeScope() : null;
            Weights = run.Batches[0].Weights?.clone().DetachFromDisposeScope();
            Gradient = run.Gradients.cpu().data<float>().ToArray();
            foreach (var (name, parameter) in run.Model.named_parameters())
                Of.Add(name, parameter.grad!.contiguous().data<float>().ToArray());
        }
    }
}
