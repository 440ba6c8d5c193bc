using MLNet.Pruning.Tests.Neurons;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Importance;

[TestClass, DoNotParallelize]
public sealed class WeightCriteriaTests
{
    [TestMethod]
    [DynamicData(nameof(Networks.Names), typeof(Networks))]
    public void Norms_are_those_of_the_weights_that_lead_to_a_neuron(string network)
    {
        using var scope = NewDisposeScope();
        var (_, map, _) = Networks.Make(network);
        foreach (var order in new[] { 1, 2 })
        {
            using var observer = new WeightNorm(order).Watch(map);
            var scores = observer.Scores();
            for (var g = 0; g < map.Groups.Count; g++)
                Numbers.AreClose(Norms(map.Groups[g], order), scores[g], 1e-5, map.Groups[g].ToString());
        }
    }

    [TestMethod]
    public void An_embedding_and_a_transposed_convolution_in_groups_have_their_weights_elsewhere()
    {
        using var scope = NewDisposeScope();
        using var words = Checks.Filled(Sequential(("words", Embedding(7, 4)), ("flat", Flatten()), ("fc", Linear(12, 2))));
        var map = NeuronMap.Discover(words, tensor(new long[] { 1, 2, 5 }).reshape(1, 3));
        var weight = words.get_parameter("words.weight")!;
        Numbers.AreClose([.. Enumerable.Range(0, 4).Select(k => (double)weight.select(1, k).abs().sum().item<float>())], new WeightNorm().Watch(map).Scores()[0], 1e-5, "embedding");

        using var images = Checks.Filled(Sequential(("a", Conv2d(1, 4, 1)), ("up", ConvTranspose2d(4, 6, 2, 2, groups: 2)), ("b", Conv2d(6, 2, 1))));
        map = NeuronMap.Discover(images, randn(1, 1, 3, 3));
        var (a, up) = (images.get_parameter("a.weight")!, images.get_parameter("up.weight")!);
        // A neuron is two channels of a and the three that up makes of them.
        double[] expected = [.. Enumerable.Range(0, 2).Select(n => (double)a.narrow(0, 2 * n, 2).abs().sum().item<float>() + up.narrow(0, 2 * n, 2).abs().sum().item<float>())];
        Numbers.AreClose(expected, new WeightNorm().Watch(map).Scores()[0], 1e-5, map.ToString());
    }

    [TestMethod]
    public void Chance_is_the_same_for_the_same_seed_and_another_for_other_seeds_groups_and_sizes()
    {
        using var scope = NewDisposeScope();
        var (_, map, _) = Networks.Make("residual");
        var (first, again, other) = (Of(1), Of(1), Of(2));
        CollectionAssert.AreEqual(first[0], again[0]);
        CollectionAssert.AreNotEqual(first[0], other[0]);
        CollectionAssert.AreNotEqual(first[0], first[1]);
        Assert.IsTrue(first.SelectMany(s => s).All(s => s is >= 0 and < 1));
        Assert.HasCount(first.Sum(s => s.Length), first.SelectMany(s => s).ToHashSet());
        map.Remove([new(map.Groups[0], [3])]);
        Assert.IsEmpty(Of(1)[0].Intersect(first[0]));

        IReadOnlyList<double[]> Of(long seed) => new RandomImportance(seed).Watch(map).Scores();
    }

    [TestMethod]
    public void Slimming_scores_by_the_scales_of_batch_norm_and_presses_on_their_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 4, 3)), ("bn", BatchNorm2d(4)), ("r", ReLU()), ("flat", Flatten()), ("c", Linear(4 * 4, 3))));
        var scale = model.get_parameter("bn.weight")!;
        using (no_grad())
            scale.copy_(tensor(new[] { 0.5f, -2f, 0f, 1f }));
        var map = NeuronMap.Discover(model, randn(2, 1, 4, 4));
        var criterion = new NetworkSlimming(0.25);
        criterion.Check(map.Groups);
        CollectionAssert.AreEqual(new[] { 0.5, 2, 0, 1 }, criterion.Watch(map).Scores()[0]);

        model.call(randn(2, 1, 4, 4)).sum().backward();
        var before = Read();
        var others = model.get_parameter("c.weight")!.grad!.clone();
        criterion.Regularize(map.Groups);
        Numbers.AreClose([before[0] + 0.25, before[1] - 0.25, before[2], before[3] + 0.25], Read(), 1e-6, "gradient");
        Assert.AreEqual(0, (others - model.get_parameter("c.weight")!.grad!).abs().max().item<float>());

        double[] Read() => [.. scale.grad!.data<float>().ToArray().Select(v => (double)v)];
    }

    [TestMethod]
    public void Slimming_names_the_group_that_no_batch_norm_follows()
    {
        using var scope = NewDisposeScope();
        var (_, map, _) = Networks.Make("flattened, strides and padding");
        var e = Assert.ThrowsExactly<NotSupportedException>(() => new NetworkSlimming().Check(map.Groups));
        StringAssert.Contains(e.Message, "'b'");
        new NetworkSlimming().Check([map["a"]]);
        Assert.IsTrue(new NetworkSlimming().Watch(map).Scores()[1].All(double.IsNaN));
    }

    [TestMethod]
    public void Settings_out_of_range_are_named()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new WeightNorm(3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new NetworkSlimming(-1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Lrp(epsilon: 0));
    }

    static double[] Norms(NeuronGroup group, int order)
    {
        var norms = new double[group.Size];
        foreach (var producer in group.Producers)
            for (var n = 0; n < group.Size; n++)
            {
                var weight = producer.Module.get_parameter("weight")!;
                var values = producer.Indices[n].SelectMany(o => weight.select(producer.Module is TorchSharp.Modules.ConvTranspose2d ? 1 : 0, o).contiguous().data<float>().ToArray());
                norms[n] += order == 1 ? values.Sum(v => Math.Abs((double)v)) : Math.Sqrt(values.Sum(v => (double)v * v));
            }
        return norms;
    }
}
