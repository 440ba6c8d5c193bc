using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class LinearContributionTests
{
    [TestMethod]
    [DataRow(1, 1, 1, 1)]
    [DataRow(3, 2, 4, 1)]
    [DataRow(7, 50, 30, 1)]
    [DataRow(5, 30, 10, 1)]
    [DataRow(131, 17, 33, 1)]
    [DataRow(300, 64, 64, 1)]
    [DataRow(66, 700, 900, 1)]
    [DataRow(9, 1, 5, 6)]
    [DataRow(130, 13, 7, 4)]
    [DataRow(21, 40, 33, 16)]
    public void Shares_are_those_of_the_definition(int samples, int neurons, int consumers, int block)
    {
        var random = new Random(samples + neurons);
        var (a, w) = (Numbers.Normal(random, samples * neurons * block, rectified: true), Numbers.Normal(random, consumers * neurons * block));
        var signedA = Numbers.Normal(random, samples * neurons * block);
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            foreach (var activations in new[] { a, signedA })
            {
                var accumulator = new ContributionAccumulator(neurons, mode);
                accumulator.Linear(activations, w, block);
                Numbers.AreClose(new NaiveShares(neurons, mode == ContributionMode.Signed).Linear(activations, w, block), accumulator);
            }
        }
    }

    [TestMethod]
    [TestCategory("Slow")] // 8 GB
    public void More_activations_than_fit_a_span_are_observed()
    {
        using var scope = NewDisposeScope();
        const long rows = (1 << 23) + 1, inputs = 64; // 64 numbers more than 2 GB
        var accumulator = new ContributionAccumulator((int)inputs);
        accumulator.ObserveLinear(ones(1, inputs).expand(rows, inputs), ones(1, inputs));
        Assert.AreEqual(rows, accumulator.Denominators);
        foreach (var score in accumulator.Scores().Average.Concat(accumulator.Scores().Maximum))
            Assert.AreEqual(1.0 / inputs, score, 1e-6);
    }

    [TestMethod]
    [DataRow(ContributionMode.Absolute)]
    [DataRow(ContributionMode.Signed)]
    public void Scores_do_not_depend_on_the_number_of_threads(ContributionMode mode)
    {
        var random = new Random(1);
        var (a, w) = (Numbers.Normal(random, 500 * 240), Numbers.Normal(random, 310 * 240));
        ContributionScores Score(int threads, int block)
        {
            var accumulator = new ContributionAccumulator(240 / block, mode) { Threads = threads };
            accumulator.Linear(a, w, block);
            return accumulator.Scores();
        }
        foreach (var block in new[] { 1, 8 })
        {
            var (one, four) = (Score(1, block), Score(4, block));
            CollectionAssert.AreEqual(one.Average.ToArray(), four.Average.ToArray());
            CollectionAssert.AreEqual(one.Maximum.ToArray(), four.Maximum.ToArray());
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void A_zero_denominator_makes_every_share_zero_and_still_counts(int block)
    {
        // Of two samples one is silent, and one of two consumers reads nothing: 3 of 4 denominators are zero.
        var a = new float[2 * 3 * block];
        a.AsSpan(3 * block).Fill(1);
        var w = new float[2 * 3 * block];
        w.AsSpan(0, 3 * block).Fill(2);
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            var accumulator = new ContributionAccumulator(3, mode);
            accumulator.Linear(a, w, block);
            Numbers.AreClose([1 / 12.0, 1 / 12.0, 1 / 12.0], accumulator.Scores().Average, 1e-6, "average");
            Numbers.AreClose([1 / 3.0, 1 / 3.0, 1 / 3.0], accumulator.Scores().Maximum, 1e-6, "maximum");
        }
    }

    [TestMethod]
    public void Signed_terms_that_cancel_have_no_share()
    {
        var accumulator = new ContributionAccumulator(2, ContributionMode.Signed);
        accumulator.Linear([0.1f, 0.1f], [3f, -3f]);
        CollectionAssert.AreEqual(new double[2], accumulator.Scores().Average.ToArray());
        CollectionAssert.AreEqual(new double[2], accumulator.Scores().Maximum.ToArray());
    }

    [TestMethod]
    public void The_largest_signed_share_may_be_negative()
    {
        var accumulator = new ContributionAccumulator(2, ContributionMode.Signed);
        accumulator.Linear([1, 1, 1, 1, 1, 1], [3, -1]);
        Numbers.AreClose([1.5, -0.5], accumulator.Scores().Maximum, 1e-9, "maximum");
    }

    [TestMethod]
    [DataRow(1e30f, 1e30f)]
    [DataRow(3e38f, 3e38f)]
    [DataRow(1e-30f, 1e-30f)]
    [DataRow(1e-42f, 1e-42f)]
    [DataRow(1e-38f, 3e38f)]
    public void Sizes_beyond_a_floats_products_do_no_harm(float activation, float weight)
    {
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            foreach (var block in new[] { 1, 2 })
            {
                var accumulator = new ContributionAccumulator(2, mode);
                var (a, w) = (new float[2 * block], new float[2 * block]);
                Array.Fill(a, activation);
                Array.Fill(w, weight / 3);
                w.AsSpan(0, block).Fill(weight);
                accumulator.Linear(a, w, block);
                // 1e-42 has few bits, and a third of it fewer.
                var expected = new NaiveShares(2, mode == ContributionMode.Signed).Linear(a, w, block);
                Numbers.AreClose(expected.Average, accumulator.Scores().Average, 1e-5, $"average of {mode} x {block}");
            }
        }
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    [DataRow(float.NegativeInfinity)]
    public void What_is_not_finite_is_named_and_never_scored(float bad)
    {
        foreach (var mode in Enum.GetValues<ContributionMode>())
        {
            foreach (var block in new[] { 1, 2 })
            {
                var (good, broken) = (new float[10 * 2 * block], new float[10 * 2 * block]);
                Array.Fill(good, 1);
                Array.Fill(broken, 1);
                broken[7] = bad;
                var accumulator = new ContributionAccumulator(2, mode);
                var error = Assert.ThrowsExactly<ArgumentException>(() => accumulator.Linear(broken, good, block));
                Assert.AreEqual("activations", error.ParamName);
                Assert.Contains("element 7", error.Message);
                Assert.AreEqual("weight", Assert.ThrowsExactly<ArgumentException>(() => accumulator.Linear(good, broken, block)).ParamName);
                // Neither batch left anything behind.
                accumulator.Linear(good, good, block);
                Numbers.AreClose([0.5, 0.5], accumulator.Scores().Average, 1e-6, "average");
                Numbers.AreClose([0.5, 0.5], accumulator.Scores().Maximum, 1e-6, "maximum");
            }
        }
    }

    [TestMethod]
    public void Lengths_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var accumulator = new ContributionAccumulator(3);
        Assert.AreEqual("activations", Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveLinear(zeros(7), zeros(2, 3))).ParamName);
        Assert.AreEqual("weight", Assert.ThrowsExactly<ArgumentException>(() => accumulator.ObserveLinear(zeros(2, 3), zeros(7))).ParamName);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => accumulator.ObserveLinear(zeros(2, 3), zeros(2, 3), 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ContributionAccumulator(0));
        Assert.ThrowsExactly<InvalidOperationException>(() => accumulator.Scores());
    }
}
