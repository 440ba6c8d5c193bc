using MLNet.Pruning.Neurons;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class SharedTensorsTests
{
    [TestMethod]
    public void Tensors_in_the_same_memory_have_one_owner()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (randn(3, 4), randn(3, 4));
        CollectionAssert.AreEqual(new[] { 2, 1, 2 }, SharedTensors.Owners([a, b, a.view(4, 3)]));
    }

    [TestMethod]
    public void Values_are_put_back_where_the_search_fails_midway()
    {
        using var scope = NewDisposeScope();
        var weight = randn(3, 4);
        var before = weight.clone();
        // Has a shape and no memory: it can be written to, and not read.
        var meta = zeros([2, 2], device: new Device(TorchSharp.DeviceType.META));
        Assert.Throws<Exception>(() => SharedTensors.Owners([weight, meta, randn(2)]));
        Assert.IsTrue(before.equal(weight).all().item<bool>());
    }
}
