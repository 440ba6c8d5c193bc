using MLNet.Pruning.Comparators;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass]
[DoNotParallelize]
public sealed class PruneQuantizeCodeTests
{
    static readonly FeedForwardBlueprint small = new([12, 30, 20, 3]);

    static nn.Module Fresh(Blueprint blueprint)
    {
        random.manual_seed(3);
        return blueprint.Build();
    }

    static TrainingTask Task(nn.Module model, Func<nn.Module> copy) => new() { Model = model, Copy = copy, Examples = Rows.Blobs(200, 12, 3), Objective = new CrossEntropy(3) };

    static TrainingOptions Training(int epochs, int replicas = 1) => new() { Epochs = epochs, BatchSize = 32, LearningRate = 0.01, Replicas = replicas, Seed = 2 };

    [TestMethod]
    public void A_trained_model_becomes_many_times_smaller_and_answers_as_well()
    {
        using var model = Fresh(small);
        var task = Task(model, small.Build);
        new TrainingLoop(Training(30)).Run(task);
        var compressed = new PruneQuantizeCode { Sparsity = 0.8, Rounds = 2, LinearBits = 3, Retraining = Training(10, replicas: 2), FineTuning = Training(5, replicas: 2) }.Run(task);
        foreach (var (layer, count) in compressed.Layers.Zip([360, 600, 60]))
        {
            Assert.AreEqual(count, layer.Weights);
            Assert.AreEqual(count / 5, layer.Kept);
            Assert.IsLessThanOrEqualTo(8, layer.Values);
        }
        Assert.IsGreaterThan(3.8, compressed.Ratio);
        var accuracy = new TrainingLoop(Training(1) with { LearningRate = 1e-12 }).Run(new TrainingTask { Model = compressed.Build(), Examples = Rows.Blobs(200, 12, 3, seed: 5), Objective = new CrossEntropy(3) }).History.Epochs[0].Accuracy;
        Assert.IsGreaterThan(0.9, accuracy!.Value);
        StringAssert.Contains(compressed.ToString(), "layers.linear2.weight");
    }

    [TestMethod]
    public void The_file_gives_back_the_model_bit_for_bit_and_is_as_large_as_said()
    {
        var path = Path.GetTempFileName();
        try
        {
            var blueprint = new ConvNetBlueprint([1, 8, 8], [6, 4], [10], 3, BatchNorm: true);
            using var model = Fresh(blueprint);
            var compressed = new PruneQuantizeCode { Sparsity = 0.7, LayerSparsity = new Dictionary<string, double> { ["features.conv1.weight"] = 0.25 }, ConvolutionBits = 4, LinearIndexBits = 2 }.Run(new TrainingTask { Model = model, Examples = Rows.Blobs(8, 64, 3), Objective = new CrossEntropy(3) });
            compressed.Save(path);
            Assert.AreEqual(new FileInfo(path).Length, compressed.Size);
            var loaded = CompressedModel.Load(path);
            Assert.AreEqual(compressed.Size, loaded.Size);
            Assert.AreEqual(compressed.OriginalSize, loaded.OriginalSize);
            CollectionAssert.AreEqual(compressed.Layers.Select(l => l.ToString()).ToArray(), loaded.Layers.Select(l => l.ToString()).ToArray());
            Assert.AreEqual(model.named_parameters().Sum(p => p.parameter.NumberOfElements * 4) + model.named_buffers().Sum(b => b.buffer.NumberOfElements * b.buffer.ElementSize), loaded.OriginalSize);
            using var again = loaded.Build();
            Assert.AreEqual(blueprint, Blueprint.Of(again));
            var (expected, found) = (Runs.Values(model), Runs.Values(again));
            foreach (var (name, values) in expected)
                CollectionAssert.AreEqual(values.Select(BitConverter.SingleToInt32Bits).ToArray(), found[name].Select(BitConverter.SingleToInt32Bits).ToArray(), name);
            Assert.AreEqual(40, found["features.conv1.weight"].Count(w => w != 0)); // 54 less a quarter, 13.5
            Assert.AreEqual(65, found["features.conv2.weight"].Count(w => w != 0)); // 216 less 151.2
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void A_transformer_comes_back_by_itself()
    {
        var blueprint = VitBlueprint.For([1, 8, 8], 4, 3, dim: 16, depth: 2, heads: 2);
        using var model = Fresh(blueprint);
        using var file = new MemoryStream();
        new PruneQuantizeCode { Sparsity = 0.5 }.Run(new TrainingTask { Model = model, Examples = Rows.Blobs(8, 64, 3), Objective = new CrossEntropy(3) }).Save(file);
        file.Position = 0;
        using var again = CompressedModel.Load(file).Build();
        Assert.AreEqual(blueprint, Blueprint.Of(again));
        var (expected, found) = (Runs.Values(model), Runs.Values(again));
        foreach (var (name, values) in expected)
            CollectionAssert.AreEqual(values.Select(BitConverter.SingleToInt32Bits).ToArray(), found[name].Select(BitConverter.SingleToInt32Bits).ToArray(), name);
    }

    [TestMethod]
    public void A_damaged_file_never_gives_a_model()
    {
        using var model = Fresh(new FeedForwardBlueprint([6, 5, 2]));
        var compressed = new PruneQuantizeCode { Sparsity = 0.5 }.Run(new TrainingTask { Model = model, Examples = Rows.Blobs(8, 6, 2), Objective = new CrossEntropy(2) });
        using var stream = new MemoryStream();
        compressed.Save(stream);
        var whole = stream.ToArray();
        var random = new Random(4);
        for (var i = 0; i < 150; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
            Refused(damaged);
            Refused(whole[..random.Next(whole.Length)]);
        }
        // With a right checksum over wrong content, what is read is weights of the shapes that there were, or nothing.
        for (var i = 0; i < 100; i++)
        {
            var tampered = new Archive("compressed model");
            foreach (var (name, content) in Archive.Read(new MemoryStream(whole), "compressed model", "it").Entries)
            {
                byte[] bytes = [.. content];
                if (random.Next(3) == 0)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                tampered.Add(name, bytes);
            }
            using var file = new MemoryStream();
            tampered.Write(file);
            file.Position = 0;
            try
            {
                CompressedModel.Load(file).Build().Dispose();
            }
            catch (InvalidDataException)
            {
            }
        }

        static void Refused(byte[] bytes) => Assert.ThrowsExactly<InvalidDataException>(() => CompressedModel.Load(new MemoryStream(bytes)));
    }

    [TestMethod]
    public void Zeros_stay_zeros_whatever_the_optimizer_remembers()
    {
        foreach (var kind in new[] { OptimizerKind.Adam, OptimizerKind.Sgd })
        {
            using var model = Fresh(small);
            var task = Task(model, small.Build);
            var watched = new List<int>();
            var hook = new Hook { OnAfterEpoch = run => watched.Add(Runs.Values(run.Model)["layers.linear2.weight"].Count(w => w != 0)) };
            var training = Training(3, replicas: 2) with { Optimizer = kind, Momentum = kind == OptimizerKind.Sgd ? 0.9 : 0, WeightDecay = 0.01, Hooks = [hook] };
            new PruneQuantizeCode { Sparsity = 0.6, Rounds = 3, Retraining = training }.Run(task);
            CollectionAssert.AreEqual(new[] { 480, 480, 480, 360, 360, 360, 240, 240, 240 }, watched);
        }
    }

    [TestMethod]
    public void A_shared_value_moves_by_the_summed_gradients_of_its_weights()
    {
        var blueprint = new FeedForwardBlueprint([12, 3]);
        using var model = (FeedForward)Fresh(blueprint);
        const double rate = 0.1;
        var rows = Rows.Blobs(40, 12, 3);
        var settings = new PruneQuantizeCode { Sparsity = 0.25, LinearBits = 2 };
        var task = Task(model, blueprint.Build);
        var before = settings.Run(new TrainingTask { Model = model, Examples = rows, Objective = task.Objective }).Weights.Single();
        var start = before.Decode();

        // The gradient at the shared values, by autograd on all rows at once.
        float[] gradient;
        using (var scope = NewDisposeScope())
        {
            var inputs = new float[40 * 12];
            for (var r = 0; r < 40; r++)
                rows.Row(r, inputs.AsSpan(r * 12, 12));
            nn.functional.cross_entropy(model.call(tensor(inputs, [40, 12])), tensor(Enumerable.Range(0, 40).Select(rows.Label).ToArray())).backward();
            gradient = model.get_parameter("layers.linear1.weight")!.grad!.data<float>().ToArray();
        }
        var step = new TrainingOptions { Epochs = 1, BatchSize = 40, LearningRate = rate, Optimizer = OptimizerKind.Sgd, Replicas = 1 };
        var after = (settings with { FineTuning = step }).Run(new TrainingTask { Model = model, Examples = rows, Objective = task.Objective }).Weights.Single();
        CollectionAssert.AreEqual(before.Codes.ToArray(), after.Codes.ToArray());
        for (var k = 0; k < before.Values.Count; k++)
        {
            var sum = Enumerable.Range(0, 36).Where(i => before.Codes[i] == k).Sum(i => (double)gradient[i]);
            Assert.AreEqual(before.Values[k] - rate * sum, after.Values[k], 1e-6);
            Assert.AreNotEqual(before.Values[k], after.Values[k]);
        }
        CollectionAssert.AreEqual(after.Decode(), Runs.Values(model)["layers.linear1.weight"]);
        CollectionAssert.AreEqual(start.Select(w => w == 0).ToArray(), after.Decode().Select(w => w == 0).ToArray());
    }

    [TestMethod]
    public void A_module_of_the_users_own_is_filled_and_another_refused()
    {
        using var model = nn.Sequential(("a", nn.Conv1d(2, 4, 3)), ("f", nn.Flatten()), ("b", nn.Linear(16, 2)));
        var compressed = new PruneQuantizeCode { Sparsity = 0.5 }.Run(new TrainingTask { Model = model, Examples = Rows.Blobs(8, 12, 2), Objective = new CrossEntropy(2) });
        Assert.IsNull(compressed.Blueprint);
        Assert.Throws<InvalidOperationException>(() => compressed.Build());
        using var twin = nn.Sequential(("a", nn.Conv1d(2, 4, 3)), ("f", nn.Flatten()), ("b", nn.Linear(16, 2)));
        compressed.CopyTo(twin);
        Runs.AreSame(Runs.Values(model), Runs.Values(twin));
        using var other = nn.Sequential(("a", nn.Conv1d(2, 4, 3)), ("f", nn.Flatten()), ("b", nn.Linear(16, 3)));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => compressed.CopyTo(other)).Message, "'b.weight' as [2, 16]");
    }

    [TestMethod]
    public void Wrong_settings_are_named()
    {
        using var model = Fresh(small);
        var task = Task(model, small.Build);
        Refused(new() { Sparsity = 1 }, "Sparsity is 1");
        Refused(new() { Rounds = 0 }, "Rounds is 0");
        Refused(new() { LinearBits = 13 }, "LinearBits is 13");
        Refused(new() { ConvolutionIndexBits = 0 }, "ConvolutionIndexBits is 0");
        Refused(new() { LayerSparsity = new Dictionary<string, double> { ["nobody.weight"] = 0.5 } }, "'nobody.weight'");
        using var none = nn.Sequential(("r", nn.ReLU()));
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => new PruneQuantizeCode().Run(new TrainingTask { Model = none, Examples = task.Examples, Objective = task.Objective })).Message, "nothing to compress");

        void Refused(PruneQuantizeCode settings, string part) => StringAssert.Contains(Assert.Throws<ArgumentException>(() => settings.Run(task)).Message, part);
    }
}
