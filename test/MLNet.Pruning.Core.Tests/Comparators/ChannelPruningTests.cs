using System.Text.Json;
using MLNet.Pruning.Comparators;
using MLNet.Pruning.Importance;
using MLNet.Pruning.Tests.Importance;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass, DoNotParallelize]
public sealed class ChannelPruningTests
{
    sealed record Fitted(int[] Left, double[] Weights, double Before, double After);

    [TestMethod]
    public void Selection_and_least_squares_are_those_of_the_paper_group_by_group()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("flattened, strides and padding", rows: 60);
        model.eval();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(new
            {
                keep = new[] { 2, 3 },
                input = Values(input),
                parameters = model.named_parameters().Select(p => (p.name, (Tensor)p.parameter))
                    .Concat(model.named_buffers().Select(b => (b.name, b.buffer)))
                    .Where(p => p.Item2.dtype == ScalarType.Float32).ToDictionary(p => p.name, p => Values(p.Item2)),
            }));
            var expected = Python.Json<Fitted[]>("channels.py", file);
            var rows = new ArrayExamples(input.data<float>().ToArray(), [.. input.shape[1..]]);
            // 4 channels keep 2, 5 keep 3; in batches, the last of which is smaller.
            var results = new ChannelPruning { Ratio = 0.5, GroupRatio = new Dictionary<string, double> { ["b"] = 0.4 }, BatchSize = 25 }
                .Run(map, rows);
            CollectionAssert.AreEqual(new[] { 2, 3 }, map.Groups.Select(g => g.Size).ToArray());
            foreach (var (result, wanted, layer) in results.Zip(expected, ["b", "c"]))
            {
                CollectionAssert.AreEqual(Enumerable.Range(0, result.Size).Except(wanted.Left).ToArray(), result.Removed.ToArray());
                Assert.AreEqual(wanted.Before, result.ErrorBefore, 1e-4);
                Assert.AreEqual(wanted.After, result.ErrorAfter, 1e-4);
                Assert.IsLessThan(result.ErrorBefore, result.ErrorAfter);
                // The layer's own outputs are pruned after it was fitted.
                var (all, left) = layer == "b" ? (5, expected[1].Left) : (3, [0, 1, 2]);
                var width = wanted.Weights.Length / all;
                Numbers.AreClose([.. left.SelectMany(row => wanted.Weights[(row * width)..((row + 1) * width)])], [.. model.get_parameter($"{layer}.weight")!.data<float>().Select(w => (double)w)], 2e-3,
                    layer);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void A_neuron_that_another_can_replace_costs_nothing()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        using var model = new FeedForward([6, 5, 3], Activation.Relu);
        using (no_grad())
        {
            // Neuron 4 is twice neuron 1, and is read with the same weights.
            model.get_parameter("layers.linear2.weight")!.narrow(1, 4, 1).copy_(model.get_parameter("layers.linear2.weight")!.narrow(1, 1, 1));
            model.get_parameter("layers.linear1.weight")![4] = model.get_parameter("layers.linear1.weight")![1] * tensor(2f);
            model.get_parameter("layers.linear1.bias")![4] = model.get_parameter("layers.linear1.bias")![1] * tensor(2f);
        }
        var input = randn(300, 6);
        var before = model.call(input);
        var map = NeuronMap.Discover(model, randn(1, 6));
        var result = new ChannelPruning { Ratio = 0.2 }.Run(map, new ArrayExamples(input.data<float>().ToArray(), [6])).Single();
        Assert.HasCount(1, result.Removed);
        Assert.IsTrue(result.Removed[0] is 1 or 4, $"{result.Removed[0]}");
        Assert.AreEqual(0, result.ErrorAfter, 1e-9);
        Assert.AreEqual(0, (model.call(input) - before).abs().max().item<float>(), 1e-4);
    }

    [TestMethod]
    public void With_orthogonal_columns_the_order_is_that_of_their_products_and_the_coefficients_are_shrunk_by_the_penalty()
    {
        var products = new double[5, 5];
        for (var i = 0; i < 5; i++)
            products[i, i] = 1;
        double[] targets = [0.3, -2, 0, 1.1, -0.7];
        var lasso = new Lasso(products, targets);
        var solution = new double[5];
        lasso.Solve(0.5, solution);
        Numbers.AreClose([0, -1.5, 0, 0.6, -0.2], solution, 1e-9, "coefficients");
        CollectionAssert.AreEqual(new[] { 1, 3, 4 }, lasso.Keep(3));
        var entries = lasso.Entries();
        CollectionAssert.AreEqual(new[] { 1, 3, 4, 0, 2 }, Enumerable.Range(0, 5).OrderByDescending(i => entries[i]).ToArray());
        Assert.AreEqual(0, entries[2]);
        for (var i = 0; i < 5; i++)
            Assert.AreEqual(Math.Abs(targets[i]), entries[i], 0.08 * Math.Abs(targets[i]) + 1e-12); // between two penalties
    }

    [TestMethod]
    public void The_criterion_ranks_as_the_selection_does_and_replicas_add_up()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("flattened, strides and padding", rows: 60);
        model.eval();
        var all = NeuronScores.Of(new LassoReconstruction(), map, [new Batch(input)]);
        using (var one = new LassoReconstruction().Watch(map))
        {
            model.call(input.narrow(0, 0, 40));
            using var other = new LassoReconstruction().Watch(map);
            model.call(input.narrow(0, 40, 20)); // seen by both
            one.Add(other);
            var twice = cat([input, input.narrow(0, 40, 20)]);
            foreach (var (alone, together) in NeuronScores.Of(new LassoReconstruction(), map, [new Batch(twice)]).Zip(one.Scores()))
                Numbers.AreClose(alone, together, 1e-6, "rows of two replicas");
        }
        var result = new ChannelPruning { Ratio = 0.5 }
            .Run(map, new ArrayExamples(input.data<float>().ToArray(), [.. input.shape[1..]]))[0];
        CollectionAssert.AreEqual(result.Removed.ToArray(), Enumerable.Range(0, 4).OrderBy(n => all[0][n]).Take(2).Order().ToArray());
    }

    [TestMethod]
    public void Wrong_settings_and_layers_are_named_and_nothing_is_removed()
    {
        using var scope = NewDisposeScope();
        var (model, map, input) = Networks.Make("transposed", rows: 4);
        var rows = new ArrayExamples(input.data<float>().ToArray(), [.. input.shape[1..]]);
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => new ChannelPruning().Run(map, rows)).Message, "b is a convolution that is transposed");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => new ChannelPruning { Ratio = 1 }.Run(map, rows)).Message, "Ratio is 1");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => new ChannelPruning { GroupRatio = new Dictionary<string, double> { ["x"] = 0.5 } }.Run(map, rows)).Message, "names 'x'");
        Assert.AreEqual(4, map.Groups[0].Size);
    }

    static object Values(Tensor tensor) => new { shape = tensor.shape, values = tensor.detach().contiguous().data<float>().ToArray() };
}
