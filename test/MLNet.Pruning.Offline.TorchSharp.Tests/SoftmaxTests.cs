using static TorchSharp.torch;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

/// <summary>Softmax over the last dimension, which the bridge computes itself where LibTorch has no MKL; in double precision LibTorch always does.</summary>
[TestClass]
public sealed class SoftmaxTests
{
    // Around the widths of vectors, an attention's, the longest of the bridge's own, and one that is left to LibTorch.
    static readonly int[] widths = [1, 7, 8, 9, 15, 16, 17, 25, 31, 49, 64, 197, 1024, 1025];

    [TestMethod]
    public void It_equals_that_in_double_precision()
    {
        random.manual_seed(1);
        foreach (var width in widths)
            foreach (var spread in new[] { 0.01, 1, 30, 3000 })
            {
                using var scope = NewDisposeScope();
                var x = randn(5, 3, width) * spread;
                Equal(x.@double().softmax(-1), x.softmax(-1), $"{width} {spread}");
                Equal(x.@double().softmax(1), x.softmax(1), $"{width} {spread}, another dimension");
                var turned = x.transpose(0, 2);
                Equal(turned.@double().softmax(2), turned.softmax(2), $"{width} {spread}, turned");
                Assert.IsTrue(x.softmax(-1).sum(-1).sub(1).abs().max().item<float>() < 1e-5);
            }
    }

    [TestMethod]
    public void Its_gradient_equals_that_in_double_precision()
    {
        random.manual_seed(2);
        foreach (var width in widths)
        {
            using var scope = NewDisposeScope();
            var (x, weights) = (randn(4, 6, width) * 3, randn(4, 6, width));
            Tensor Gradient(Tensor x, Tensor weights, bool turned)
            {
                var leaf = x.detach().requires_grad_();
                var y = leaf.softmax(-1);
                // A gradient that does not lie as the values do.
                (turned ? (y.transpose(0, 1) * weights.transpose(0, 1).contiguous()).sum() : (y * weights).sum()).backward();
                return leaf.grad!;
            }
            foreach (var turned in new[] { false, true })
                Equal(Gradient(x.@double(), weights.@double(), turned), Gradient(x, weights, turned), $"{width}");
        }
    }

    [TestMethod]
    public void It_is_to_each_number_what_it_should_be_over_all_of_its_range()
    {
        using var scope = NewDisposeScope();
        // Against a largest of 0: e to each of these, the sum of which is not far from 1.
        var x = cat([zeros(20000, 1), full([20000, 14], -200), linspace(-120, 0, 20000).view(-1, 1)], 1);
        var (expected, actual) = (x.@double().softmax(1), x.softmax(1).@double());
        var normal = expected > 1.2e-38;
        Assert.IsTrue(((actual - expected).abs() / expected)[normal].max().item<double>() < 4e-7);
        Assert.IsTrue(actual[normal.logical_not()].abs().max().item<double>() < 1.3e-38);
    }

    [TestMethod]
    public void What_is_no_number_stays_in_its_row_and_what_is_left_out_has_no_part()
    {
        using var scope = NewDisposeScope();
        var x = zeros(6, 19);
        x[1, 18] = float.NaN;
        x[2, 3] = float.PositiveInfinity;
        x[3] = float.NegativeInfinity;
        x[4, 5] = float.NegativeInfinity;
        x[5, 17] = float.NegativeInfinity;
        var y = x.softmax(1);
        CollectionAssert.AreEqual(new[] { false, true, true, true, false, false }, y.isnan().all(1).data<bool>().ToArray());
        CollectionAssert.AreEqual(new[] { false, true, true, true, false, false }, y.isnan().any(1).data<bool>().ToArray());
        Assert.AreEqual(0f, y[4, 5].item<float>());
        Assert.AreEqual(0f, y[5, 17].item<float>());
        Assert.AreEqual(1f / 18, y[4, 6].item<float>(), 1e-7f);
        CollectionAssert.AreEqual(new long[] { 0, 9 }, zeros(0, 9).softmax(1).shape);
    }

    static void Equal(Tensor expected, Tensor actual, string what)
    {
        Assert.AreEqual(ScalarType.Float32, actual.dtype);
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        var far = (actual.@double() - expected).abs().sub(1e-6 * expected.abs()).max().item<double>();
        Assert.IsTrue(far < 3e-7, $"{what}: {far} too far");
    }
}
