using MLNet.Pruning.Persistence;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Persistence;

[TestClass]
public sealed class EmptyTensorTests
{
    [TestMethod]
    [DataRow(new long[] { 50, 0 })]
    [DataRow(new long[] { 0, 1L << 40 })]
    [DataRow(new long[] { 1L << 40, 0 })]
    public void A_tensor_without_elements_is_whole(long[] shape)
    {
        using var tensor = empty(shape);
        TensorBlob.Check(TensorBlob.From(tensor, "weight"), tensor, "weight", "The file");
        Assert.AreEqual((Int128)0, BinaryReading.Product(shape, 24));
    }

    [TestMethod]
    public void A_product_of_extents_neither_overflows_nor_takes_negative_ones()
    {
        Assert.IsGreaterThan((Int128)100, BinaryReading.Product([long.MaxValue, long.MaxValue, long.MaxValue], 100));
        Assert.AreEqual((Int128)(-1), BinaryReading.Product([-2, -3], 100));
        Assert.AreEqual((Int128)6, BinaryReading.Product([2, 3], 100));
    }
}
