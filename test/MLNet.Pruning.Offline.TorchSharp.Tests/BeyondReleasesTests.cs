using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

/// <summary>Where released versions of TorchSharp err, lack a member or differ among themselves, the offline stack does what PyTorch and the latest do.</summary>
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

    [TestMethod]
    public void In_place_operations_give_back_the_tensor_that_they_changed()
    {
        using var scope = NewDisposeScope();
        var tensor = ones(2);
        Assert.AreSame(tensor, tensor.add_(1));
        Assert.AreSame(tensor, tensor.relu_());
        Assert.AreSame(tensor, tensor.fill_(3));
        Assert.AreSame(tensor, tensor.copy_(zeros(2)));
        Assert.AreNotSame(tensor, tensor.zero_());
    }

    [TestMethod]
    public void A_disposed_scope_refuses_to_work()
    {
        var scope = NewDisposeScope();
        scope.Dispose();
        using var tensor = ones(1);
        Assert.ThrowsExactly<ObjectDisposedException>(() => scope.DisposablesCount);
        Assert.ThrowsExactly<ObjectDisposedException>(() => scope.Detach(tensor));
        Assert.ThrowsExactly<ObjectDisposedException>(scope.DisposeEverything);
        scope.Dispose();
    }

    [TestMethod]
    public void Numpys_style_has_commas()
    {
        using var scope = NewDisposeScope();
        var culture = CultureInfo.InvariantCulture;
        var matrix = tensor(new[,] { { 1f, -2.5f }, { 10f, 0.125f } });
        Assert.AreEqual("[[1, -2.5]\n [10, 0.125]]", matrix.npstr(newLine: "\n", cultureInfo: culture));
        Assert.AreEqual("[0, 1, 2, ... 7, 8, 9]", arange(10).npstr(newLine: "\n", cultureInfo: culture));
    }
}
