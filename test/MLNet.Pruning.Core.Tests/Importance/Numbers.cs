namespace MLNet.Pruning.Tests.Importance;

static class Numbers
{
    public static float[] Normal(Random random, int count, bool rectified = false)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var value = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            values[i] = rectified ? MathF.Max(0, value) : value;
        }
        return values;
    }

    public static void AreClose(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double relative, string what)
    {
        Assert.HasCount(expected.Count, actual, what);
        for (var k = 0; k < expected.Count; k++)
            Assert.AreEqual(expected[k], actual[k], relative * (Math.Abs(expected[k]) + 1e-3), $"{what} of neuron {k}");
    }

    /// <summary>Absolute shares are computed in float; signed ones in double.</summary>
    public static void AreClose(NaiveShares expected, ContributionAccumulator actual)
    {
        var (scores, relative) = (actual.Scores(), actual.Mode == ContributionMode.Signed ? 1e-9 : 3e-6);
        AreClose(expected.Average, scores.Average, relative, "average");
        AreClose(expected.Maximum, scores.Maximum, relative, "maximum");
    }
}
