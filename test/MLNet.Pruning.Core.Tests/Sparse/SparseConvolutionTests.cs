using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Sparse;

[TestClass]
public sealed class SparseConvolutionTests
{
    sealed record Case(int Images, int Channels, int Filters, (long, long) Size, (long, long) Kernel, (long, long) Stride, (long, long) Padding, (long, long) Dilation, double Density, bool Bias, int Seed);

    static Conv2d Layer(Case c)
    {
        random.manual_seed(c.Seed);
        var layer = nn.Conv2d(c.Channels, c.Filters, c.Kernel, c.Stride, c.Padding, c.Dilation, PaddingModes.Zeros, 1, c.Bias);
        using var off = no_grad();
        layer.weight!.mul_(rand(layer.weight.shape).With(c.Density, (x, density) => x.lt(density)));
        return layer;
    }

    static Gen<(long, long)> Pair(int least, int most) => from a in Gen.Choose(least, most) from b in Gen.Choose(least, most) select ((long)a, (long)b);

    [TestMethod]
    public void Any_shape_gives_what_LibTorch_gives()
    {
        var cases = from images in Gen.Choose(1, 4)
                    from channels in Gen.Choose(1, 5)
                    from filters in Gen.Choose(1, 20)
                    from size in Pair(7, 19)
                    from kernel in Pair(1, 4)
                    from stride in Pair(1, 3)
                    from padding in Pair(0, 3)
                    from dilation in Pair(1, 2)
                    from percent in Gen.Elements(0, 5, 20, 50, 100)
                    from bias in Gen.Elements(true, false)
                    from seed in Gen.Choose(0, 1_000_000)
                    select new Case(images, channels, filters, size, kernel, stride, padding, dilation, percent / 100.0, bias, seed);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            using var off = no_grad();
            using var scope = NewDisposeScope();
            var layer = Layer(c);
            var input = randn(c.Images, c.Channels, c.Size.Item1, c.Size.Item2);
            var before = layer.weight!.clone();
            var expected = layer.call(input);
            using var plan = SparsePlan.For(layer, input.shape[1..], SparseScoring.Sparse);
            var found = plan.Run(() => layer.call(input));
            return plan.Layers.Count == (c.Density <= 0.2 || IsHalfInactive(layer) ? 1 : 0) && plan.Layers.All(step => step.IsSparse) && layer.weight.equal(before).all().item<bool>()
                && found.shape.SequenceEqual(expected.shape) && (found - expected).abs().max().item<float>() < 1e-4;
        }).QuickCheckThrowOnFailure();
    }

    static bool IsHalfInactive(Conv2d layer) => 2 * layer.weight!.count_nonzero().item<long>() <= layer.weight.NumberOfElements;

    [TestMethod]
    public void An_image_gives_the_same_bits_whatever_images_are_beside_it()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var layer = Layer(new(1, 5, 18, (13, 11), (3, 2), (2, 1), (1, 1), (1, 1), 0.3, true, 4));
        var images = randn(37, 5, 13, 11);
        using var plan = SparsePlan.For(layer, images.shape[1..], SparseScoring.Sparse);
        Assert.IsTrue(plan.Layers.Single().IsSparse);
        var all = plan.Run(() => layer.call(images));
        foreach (var count in new[] { 1, 2, 15, 17, 33 })
            Assert.IsTrue(plan.Run(() => layer.call(images[3..(3 + count)])).equal(all[3..(3 + count)]).all().item<bool>(), $"{count} images");
    }

    [TestMethod]
    public void A_convolution_in_groups_and_one_without_zeros_give_what_LibTorch_gives()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var images = randn(3, 4, 9, 9);
        var groups = nn.Conv2d(4, 8, 3, 1, 1, 1, PaddingModes.Zeros, 2);
        groups.weight!.mul_(rand(groups.weight.shape).With(0.3, (x, density) => x.lt(density)));
        using var ofGroups = SparsePlan.For(groups, [4, 9, 9], SparseScoring.Sparse);
        Assert.IsLessThan(1e-5f, (ofGroups.Run(() => groups.call(images)) - groups.call(images)).abs().max().item<float>());
        var dense = nn.Conv2d(4, 8, 3);
        using var ofDense = SparsePlan.For(dense, [4, 9, 9], SparseScoring.Sparse);
        Assert.IsEmpty(ofDense.Layers);
        Assert.IsTrue(ofDense.Run(() => dense.call(images)).equal(dense.call(images)).all().item<bool>());
    }

    [TestMethod]
    public void A_wide_layer_shared_among_threads_gives_what_one_thread_gives()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var layer = Layer(new(3, 32, 64, (32, 32), (3, 3), (1, 1), (1, 1), (1, 1), 0.3, true, 1));
        var input = randn(3, 32, 32, 32);
        using var plan = SparsePlan.For(layer, input.shape[1..], SparseScoring.Sparse);
        Assert.IsTrue(plan.Layers.Single().IsSparse);
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = plan.Run(() => layer.call(input));
            Assert.IsLessThan(1e-4f, (one - layer.call(input)).abs().max().item<float>());
            foreach (var count in new[] { 2, 5 })
            {
                set_num_threads(count);
                Assert.IsTrue(plan.Run(() => layer.call(input)).equal(one).all().item<bool>());
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    public void Other_paddings_and_sizes_are_left_dense()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Assert.IsEmpty(Planned(nn.Conv2d(4, 8, 3, 1, 1, 1, PaddingModes.Reflect)).Layers);
        Assert.IsEmpty(Planned(nn.Conv2d(4, 8, 4, padding: Padding.Same)).Layers);
        Assert.HasCount(1, Planned(nn.Conv2d(4, 8, 3, padding: Padding.Valid)).Layers);
        var layer = nn.Conv2d(4, 8, 3);
        using var plan = Planned(layer);
        foreach (var shape in new[] { new long[] { 2, 4, 6, 9 }, [0, 4, 9, 9], [4, 9, 9] })
        {
            var input = randn(shape);
            var (dense, found) = (layer.call(input), plan.Run(() => layer.call(input)));
            CollectionAssert.AreEqual(dense.shape, found.shape);
            Assert.IsTrue(found.NumberOfElements == 0 || (dense - found).abs().max().item<float>() < 1e-5f);
        }

        static SparsePlan Planned(Conv2d layer)
        {
            layer.weight!.mul_(rand(layer.weight.shape).With(0.3, (x, density) => x.lt(density)));
            return SparsePlan.For(layer, [4, 9, 9], SparseScoring.Sparse);
        }
    }

    [TestMethod]
    public void A_network_of_convolutions_scores_the_same_by_a_plan()
    {
        var blueprint = new ConvNetBlueprint([3, 16, 16], [8, 24], [32], 5);
        using var network = (nn.Module<Tensor, Tensor>)blueprint.Build();
        network.eval();
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in network.named_parameters())
            if (name.EndsWith("weight", StringComparison.Ordinal))
                parameter.mul_(rand(parameter.shape).With(0.2, (x, density) => x.lt(density)));
        using var plan = SparsePlan.For(network, [3, 16, 16], SparseScoring.Sparse);
        Assert.HasCount(4, plan.Layers);
        Assert.AreEqual((27, 8), (plan.Layers[0].Inputs, plan.Layers[0].Outputs));
        foreach (var images in new[] { 0, 1, 2, 9 })
        {
            var input = randn(images, 3, 16, 16);
            var (dense, sparse) = (network.call(input), plan.Run(() => network.call(input)));
            CollectionAssert.AreEqual(dense.shape, sparse.shape);
            if (images > 0)
                Assert.IsLessThan(1e-4f, (dense - sparse).abs().max().item<float>());
        }
        var broken = randn(2, 3, 16, 16);
        broken[1, 0, 3, 3] = float.NaN;
        Assert.IsTrue(plan.Run(() => network.call(broken))[1].isnan().any().item<bool>());
    }
}
