using FsCheck;
using FsCheck.Fluent;
using MLNet.Pruning.Sparse;
using MLNet.Pruning.Sparse.Kernels;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Sparse;

[TestClass]
public sealed unsafe class SparseProductTests
{
    static readonly VectorWidth[] widths = [VectorWidth.Portable, VectorWidth.Wide, VectorWidth.Widest];

    sealed record Case(int Rows, int Inputs, int Outputs, double Density, bool Bias, int Seed)
    {
        float[] Draw(int count, int salt, double density = 1)
        {
            var random = new Random(Seed + salt);
            return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < density ? random.NextSingle() - 0.5f : 0)];
        }

        public float[] Weights => Draw(Inputs * Outputs, 0, Density);

        public float[] Input => Draw(Rows * Inputs, 1);

        public float[] Shift => Bias ? Draw(Outputs, 2) : [];
    }

    static float[] Multiply(Case c, VectorWidth width, int threads = 1)
    {
        var weights = new SparseRows(c.Weights, c.Outputs, c.Inputs);
        var output = new float[c.Rows * c.Outputs];
        Array.Fill(output, float.NaN);
        fixed (float* from = c.Input, to = output, bias = c.Shift)
            SparseProduct.Multiply(weights, from, c.Rows, bias, to, threads, width);
        return output;
    }

    static float[] Dense(Case c)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(tensor(c.Input).reshape(c.Rows, c.Inputs), tensor(c.Weights).reshape(c.Outputs, c.Inputs), c.Bias ? tensor(c.Shift) : null).data<float>().ToArray();
    }

    static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    [TestMethod]
    public void Any_shape_gives_what_LibTorch_gives_and_the_same_on_any_machine_and_number_of_threads()
    {
        var cases = from rows in Gen.Choose(1, 150)
                    from inputs in Gen.Choose(1, 130)
                    from outputs in Gen.Choose(1, 70)
                    from percent in Gen.Elements(0, 1, 5, 20, 50, 100)
                    from bias in Gen.Elements(true, false)
                    from seed in Gen.Choose(0, 1_000_000)
                    select new Case(rows, inputs, outputs, percent / 100.0, bias, seed);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var all = widths.Select(width => Multiply(c, width)).ToArray();
            return Difference(all[0], Dense(c)) < 1e-5 && all.All(other => all[0].AsSpan().SequenceEqual(other));
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    [DataRow(1, 4096, 1024)]
    [DataRow(64, 1024, 4096)]
    [DataRow(3, 70_000, 64)] // columns that two bytes cannot count
    [DataRow(1, 70_000, 64)]
    public void A_wide_layer_shared_among_threads_gives_what_one_thread_gives(int rows, int inputs, int outputs)
    {
        var c = new Case(rows, inputs, outputs, 0.1, true, 7);
        var one = Multiply(c, VectorWidths.Here);
        Assert.IsLessThan(1e-4, Difference(one, Dense(c)));
        foreach (var threads in new[] { 2, 3, 8 })
            CollectionAssert.AreEqual(one, Multiply(c, VectorWidths.Here, threads));
    }

    [TestMethod]
    public void What_a_row_gives_does_not_depend_on_the_rows_beside_it()
    {
        var c = new Case(100, 90, 40, 0.2, true, 3);
        var whole = Multiply(c, VectorWidths.Here);
        foreach (var count in new[] { 1, 2, 15, 17, 33, 70 })
            CollectionAssert.AreEqual(whole[..(count * c.Outputs)], Multiply(c with { Rows = count }, VectorWidths.Here));
    }

    [TestMethod]
    public void A_layer_without_a_weight_gives_its_bias()
    {
        var c = new Case(5, 20, 6, 0, true, 1);
        CollectionAssert.AreEqual(Enumerable.Repeat(c.Shift, 5).SelectMany(s => s).ToArray(), Multiply(c, VectorWidths.Here));
        Assert.IsTrue(Multiply(c with { Bias = false, Rows = 1 }, VectorWidths.Here).All(v => v == 0));
    }

    [TestMethod]
    public void Entries_are_counted()
    {
        var values = new float[100_003];
        values[0] = values[50_000] = values[100_002] = 1;
        values[7] = -0f;
        Assert.AreEqual(3, SparseRows.CountOn(values));
        Array.Fill(values, float.NaN);
        Assert.AreEqual(values.Length, SparseRows.CountOn(values));
        Assert.AreEqual(0, SparseRows.CountOn([]));
    }

    [TestMethod]
    public void Numbers_that_are_not_finite_are_found_anywhere()
    {
        var values = Enumerable.Range(0, 37).Select(i => i - 18f).ToArray();
        values[3] = float.MaxValue;
        Assert.IsTrue(Finite.All(values));
        for (var i = 0; i < values.Length; i++)
        {
            foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                var with = (float[])values.Clone();
                with[i] = bad;
                Assert.IsFalse(Finite.All(with), $"{bad} at {i}");
            }
        }
        Assert.IsTrue(Finite.All([]));
    }
}
