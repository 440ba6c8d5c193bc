using FsCheck;
using FsCheck.Fluent;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
public sealed class DensitiesTests
{
    static Arbitrary<(double Sparsity, long[][] Shapes)> Networks() =>
        (from layers in Gen.Choose(1, 8)
         from seed in Gen.Choose(0, int.MaxValue)
         let random = new Random(seed)
         select (random.Next(6) switch { 0 => 0, 1 => 0.999, _ => random.NextDouble() * 0.999 },
             Enumerable.Range(0, layers).Select(_ => (long[])(random.Next(2) == 0 ? [random.Next(1, 200), random.Next(1, 200)] : [random.Next(1, 40), random.Next(1, 40), 3, 3])).ToArray())).ToArbitrary();

    // The factor found by halving instead: density of a layer = min(1, factor * sum / product), with the wanted number on in all.
    static double[] ByHalving(double on, long[][] shapes)
    {
        double[] counts = [.. shapes.Select(s => (double)s.Aggregate(1L, (a, b) => a * b))];
        double low = 0, high = 1e9;
        for (var i = 0; i < 200; i++)
        {
            var middle = (low + high) / 2;
            if (At(middle).Sum() < on)
                low = middle;
            else
                high = middle;
        }
        return At(high);

        double[] At(double factor) => [.. shapes.Select((s, l) => Math.Min(counts[l], factor * s.Sum()))];
    }

    [TestMethod]
    public void Layers_keep_what_the_formula_says_to_the_weight_and_all_together_exactly()
    {
        Prop.ForAll(Networks(), n =>
        {
            var total = n.Shapes.Sum(s => s.Aggregate(1L, (a, b) => a * b));
            var on = MaskUpdate.ErdosRenyiKernel(n.Sparsity, n.Shapes);
            var wanted = total - (long)Math.Round(n.Sparsity * total);
            return on.Sum() == wanted && on.Zip(ByHalving(wanted, n.Shapes)).All(p => Math.Abs(p.First - p.Second) < 1 + 1e-6);
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void Small_layers_are_denser_and_dense_before_large_ones()
    {
        var on = MaskUpdate.ErdosRenyiKernel(0.95, [[300, 784], [100, 300], [10, 100]]);
        // 266,200 weights, of which 13,310 are on: the last layer's 110 * 8.35 are just fewer than its 1,000.
        var factor = 13_310.0 / (1084 + 400 + 110);
        Assert.AreEqual(13_310, on.Sum());
        Assert.AreEqual(1084 * factor, on[0], 1);
        Assert.AreEqual(400 * factor, on[1], 1);
        Assert.AreEqual(110 * factor, on[2], 1);
        // At 90 % the last layer is dense, and the other two share 25,620.
        on = MaskUpdate.ErdosRenyiKernel(0.9, [[300, 784], [100, 300], [10, 100]]);
        Assert.AreEqual(1000, on[2]);
        Assert.AreEqual(25_620 * 1084.0 / 1484, on[0], 1);
        Assert.AreEqual(25_620 * 400.0 / 1484, on[1], 1);
    }

    [TestMethod]
    public void Off_are_round_of_sparsity_times_count()
    {
        Assert.AreEqual(100, MaskUpdate.ActiveCount(0, 100));
        Assert.AreEqual(10, MaskUpdate.ActiveCount(0.9, 100));
        Assert.AreEqual(1, MaskUpdate.ActiveCount(0.999, 1000));
        Assert.AreEqual(0, MaskUpdate.ActiveCount(0.999, 30));
        Assert.AreEqual(1, MaskUpdate.ActiveCount(0.5, 1)); // a half goes to the even number
        Assert.AreEqual(1, MaskUpdate.ActiveCount(0.5, 3));
    }
}
