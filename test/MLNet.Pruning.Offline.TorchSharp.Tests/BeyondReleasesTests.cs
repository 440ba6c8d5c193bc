using static TorchSharp.torch;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

/// <summary>Where released versions of TorchSharp err or lack a member, the offline stack does what PyTorch does.</summary>
[TestClass]
public sealed class BeyondReleasesTests
{
    [TestMethod]
    public void Part_of_strided_data_is_copied_from_the_place_asked_for()
    {
        using var scope = NewDisposeScope();
        var turned = arange(6, dtype: float32).reshape(2, 3).t();
        var data = turned.data<float>();
        var rest = new float[4];
        data.CopyTo(rest, 1, 3);
        CollectionAssert.AreEqual(new float[] { 0, 4, 2, 5 }, rest);
        data.CopyFrom([10, 11], 0, 1);
        CollectionAssert.AreEqual(new float[] { 0, 10, 11, 4, 2, 5 }, data.ToArray());
    }

    [TestMethod]
    public void A_biased_variance_divides_by_the_count()
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(1.25f, arange(4, dtype: float32).@var(unbiased: false).item<float>());
    }

    [TestMethod]
    public void Products_take_their_operands_in_PyTorchs_order()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (arange(6, dtype: float32).reshape(1, 2, 3), arange(12, dtype: float32).reshape(1, 3, 4));
        Assert.IsTrue(zeros(1, 2, 4).baddbmm(a, b).Equals(a.bmm(b)));
        Assert.IsTrue(tensordot(a[0], b[0], 1).Equals(a[0].mm(b[0])));
    }

    [TestMethod]
    public void Inference_mode_is_known_and_ends()
    {
        using (inference_mode())
            Assert.IsTrue(is_inference_mode_enabled());
        Assert.IsFalse(is_inference_mode_enabled());
    }
}
