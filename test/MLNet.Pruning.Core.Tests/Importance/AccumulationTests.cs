namespace MLNet.Pruning.Tests.Importance;

[TestClass]
public sealed class AccumulationTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Uneven_batches_score_like_one_batch(int block)
    {
        var random = new Random(5);
        const int neurons = 14;
        var row = neurons * block;
        var (a, w) = (Numbers.Normal(random, 100 * row, rectified: true), Numbers.Normal(random, 9 * row));
        var (whole, parts) = (new ContributionAccumulator(neurons), new ContributionAccumulator(neurons));
        whole.ObserveLinear(a, w, block);
        var from = 0;
        foreach (var count in new[] { 1, 62, 0, 7, 30 })
        {
            parts.ObserveLinear(a.AsSpan(from * row, count * row), w, block);
            from += count;
        }
        Assert.AreEqual(100, from);
        Numbers.AreClose(whole.Scores().Average, parts.Scores().Average, 1e-6, "average");
        Numbers.AreClose(whole.Scores().Maximum, parts.Scores().Maximum, 1e-6, "maximum");
    }

    [TestMethod]
    public void Consumers_of_several_layers_count_together()
    {
        var random = new Random(6);
        var (a, w) = (Numbers.Normal(random, 8 * 11, rectified: true), Numbers.Normal(random, 25 * 11));
        var apart = new ContributionAccumulator(11);
        apart.ObserveLinear(a, w.AsSpan(0, 20 * 11));
        apart.ObserveLinear(a, w.AsSpan(20 * 11));
        Numbers.AreClose(new NaiveShares(11, signed: false).Linear(a, w), apart);
    }

    [TestMethod]
    public void A_linear_and_a_convolutional_consumer_count_by_their_denominators()
    {
        var random = new Random(7);
        var (a, linear, kernel) = (Numbers.Normal(random, 4 * 3 * 16, rectified: true), Numbers.Normal(random, 5 * 3 * 16), Numbers.Normal(random, 2 * 3 * 9));
        var shape = ConvolutionShape.Square(padding: 1);
        var accumulator = new ContributionAccumulator(3);
        accumulator.ObserveLinear(a, linear, 16);
        accumulator.ObserveConvolution(a, 4, 4, kernel, 3, 3, shape);
        Numbers.AreClose(new NaiveShares(3, signed: false).Linear(a, linear, 16).Convolution(a, 4, 4, kernel, 3, 3, shape), accumulator);
    }

    [TestMethod]
    public void Reset_forgets_everything()
    {
        var accumulator = new ContributionAccumulator(2);
        accumulator.ObserveLinear([1, 0], [1, 1]);
        accumulator.Reset();
        Assert.ThrowsExactly<InvalidOperationException>(accumulator.Scores);
        accumulator.ObserveLinear([1, 1], [1, 3]);
        Numbers.AreClose([0.25, 0.75], accumulator.Scores().Maximum, 1e-6, "maximum");
    }

    [TestMethod]
    public void Importance_weighs_the_average_and_the_maximum()
    {
        var scores = new ContributionScores([0.1, 0.4], [0.9, 0.5]);
        Numbers.AreClose([0.5, 0.45], new Contribution().Importance(scores), 1e-12, "importance");
        Numbers.AreClose([0.3, 1.2], new Contribution(average: 3, maximum: 0).Importance(scores), 1e-12, "importance");
        Numbers.AreClose([1.8, 1.0], new Contribution(average: 0, maximum: 2).Importance(scores), 1e-12, "importance");
    }

    [TestMethod]
    [DataRow(-1.0, 0.5)]
    [DataRow(0.5, -0.1)]
    [DataRow(double.NaN, 0.5)]
    [DataRow(0.5, double.PositiveInfinity)]
    [DataRow(0.0, 0.0)]
    public void Weights_that_mean_nothing_are_refused(double average, double maximum)
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Contribution(average, maximum));
    }
}
