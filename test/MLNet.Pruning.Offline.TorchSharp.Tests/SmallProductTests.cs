using static TorchSharp.torch;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

/// <summary>Products of many small matrices, which the bridge computes itself where LibTorch has no MKL; in double precision LibTorch always does.</summary>
[TestClass]
public sealed class SmallProductTests
{
    // Rows, depth, columns: around the widths of vectors and tiles, an attention's, and one that is left to LibTorch.
    static readonly (int Rows, int Depth, int Columns)[] sizes =
        [(1, 1, 1), (2, 3, 5), (6, 8, 16), (7, 9, 17), (13, 1, 8), (5, 16, 7), (12, 24, 31), (49, 16, 49), (49, 49, 16), (25, 16, 25), (65, 12, 33), (128, 128, 128), (129, 4, 9)];

    [TestMethod]
    public void They_equal_those_in_double_precision_however_the_factors_lie()
    {
        random.manual_seed(1);
        foreach (var (rows, depth, columns) in sizes)
            foreach (var (left, right) in new[] { (false, false), (true, false), (false, true), (true, true) })
            {
                using var scope = NewDisposeScope();
                var a = Drawn(3, rows, depth, left);
                var b = Drawn(3, depth, columns, right);
                Equal(a.@double().bmm(b.@double()), a.bmm(b), depth);
                foreach (var (beta, alpha) in new[] { (1f, 1f), (0.5f, -2f), (0f, 1f) })
                    foreach (var added in new[] { randn(3, rows, columns), randn(3, 1, columns), randn(1), full(1, double.NaN) })
                        if (beta == 0 || !added.isnan().any().item<bool>())
                            Equal(alpha * a.@double().bmm(b.@double()) + (beta == 0 ? 0 : beta * added.@double()), added.baddbmm(a, b, beta, alpha), depth);
            }
    }

    [TestMethod]
    public void Factors_may_be_parts_of_others_or_the_same_matrix_many_times()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var a = randn(4, 9, 30).narrow(2, 3, 11);
        var b = randn(1, 11, 13).expand(4, 11, 13);
        Equal(a.@double().bmm(b.@double()), a.bmm(b), 11);
        var every = randn(4, 11, 26).slice(2, 0, 26, 2);
        Equal(a.@double().bmm(every.@double()), a.bmm(every), 11);
    }

    [TestMethod]
    public void What_is_no_number_stays_in_its_row_and_column()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (ones(2, 9, 5), ones(2, 5, 9));
        a[0, 4, 2] = float.NaN;
        b[1, 3, 7] = float.PositiveInfinity;
        var c = a.bmm(b);
        Assert.AreEqual(9, c.isnan().sum().item<long>());
        Assert.IsTrue(c[0, 4].isnan().all().item<bool>());
        Assert.AreEqual(9, c.isinf().sum().item<long>());
        Assert.AreEqual(5f, c[1, 8, 8].item<float>());
    }

    [TestMethod]
    public void Gradients_flow_through_them()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var (a, b, added) = (randn(3, 10, 6), randn(3, 7, 6), randn(3, 1, 7));
        var exact = Gradients(a.@double(), b.@double(), added.@double());
        foreach (var (expected, actual) in exact.Zip(Gradients(a, b, added)))
            Equal(expected, actual, 10);

        static Tensor[] Gradients(Tensor a, Tensor b, Tensor added)
        {
            Tensor[] leaves = [.. new[] { a, b, added }.Select(t => t.detach().requires_grad_())];
            leaves[2].baddbmm(leaves[0], leaves[1].transpose(1, 2)).sin().bmm(leaves[1]).square().sum().backward();
            return [.. leaves.Select(l => l.grad!)];
        }
    }

    [TestMethod]
    public void Nothing_times_nothing_is_nothing_and_shapes_must_fit()
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new long[] { 0, 3, 4 }, zeros(0, 3, 2).bmm(zeros(0, 2, 4)).shape);
        Assert.AreEqual(0f, zeros(2, 3, 0).bmm(zeros(2, 0, 4)).abs().sum().item<float>());
        Assert.Throws<Exception>(() => zeros(2, 3, 4).bmm(zeros(2, 5, 3)));
        Assert.Throws<Exception>(() => zeros(2, 3, 4).bmm(zeros(3, 4, 3)));
        Assert.Throws<Exception>(() => zeros(2, 3, 4).baddbmm(zeros(2, 3, 5), zeros(2, 5, 6)));
    }

    static Tensor Drawn(long count, long rows, long columns, bool transposed) => transposed ? randn(count, columns, rows).transpose(1, 2) : randn(count, rows, columns);

    static void Equal(Tensor expected, Tensor actual, int depth)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        var scale = Math.Max(1, expected.abs().max().item<double>());
        Assert.AreEqual(0, (expected - actual.@double()).abs().max().item<double>() / scale, 2e-6 * (4 + depth), $"{string.Join("x", expected.shape)}, depth {depth}");
    }
}
