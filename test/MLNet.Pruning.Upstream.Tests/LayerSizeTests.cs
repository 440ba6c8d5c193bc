using MLNet.Pruning.Neurons;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>Layers that shrink stay the same objects: the sizes that TorchSharp keeps in them, some without a public setter, can be written.</summary>
[TestClass]
public sealed class LayerSizeTests
{
    [TestMethod]
    public void A_linear_layer_takes_other_sizes()
    {
        using var layer = Linear(6, 4);
        LayerSizes.Write(layer, new(5, 3, 1));
        Assert.AreEqual((5, 3), (layer.in_features, layer.out_features));
    }

    [TestMethod]
    public void A_convolution_takes_other_channels_and_groups()
    {
        using var scope = NewDisposeScope();
        var (one, two, up) = (Conv1d(4, 6, 3), Conv2d(8, 8, 3, padding: 1, groups: 4), ConvTranspose2d(4, 6, 2));
        foreach (var layer in new TorchSharp.Modules.Convolution[] { one, two, up })
        {
            LayerSizes.Write(layer, new(2, 4, 2));
            Assert.AreEqual((2, 4, 2), (layer.in_channels, layer.out_channels, layer.groups));
        }
        using var off = no_grad();
        two.weight.set_(ones(4, 1, 3, 3));
        two.bias!.set_(zeros(4));
        Assert.AreEqual(9, two.call(ones(1, 2, 3, 3))[0, 0, 1, 1].item<float>());
    }

    [TestMethod]
    public void Norms_take_other_features()
    {
        using var scope = NewDisposeScope();
        foreach (var norm in new TorchSharp.Modules.NormBase[] { BatchNorm1d(6), BatchNorm2d(6), InstanceNorm1d(6), InstanceNorm2d(6) })
        {
            LayerSizes.Write(norm, new(4, 4, 1));
            Assert.AreEqual(4, norm.num_features);
        }
        var instance = InstanceNorm1d(6);
        LayerSizes.Write(instance, new(4, 4, 1));
        CollectionAssert.AreEqual(new long[] { 2, 4, 5 }, instance.call(randn(2, 4, 5)).shape);

        var layer = LayerNorm(6, elementwise_affine: false);
        LayerSizes.Write(layer, new(4, 4, 1));
        CollectionAssert.AreEqual(new long[] { 2, 4 }, layer.call(randn(2, 4)).shape);

        var group = GroupNorm(3, 6, affine: false);
        LayerSizes.Write(group, new(4, 4, 2));
        CollectionAssert.AreEqual(new long[] { 2, 4, 5 }, group.call(randn(2, 4, 5)).shape);
    }
}
