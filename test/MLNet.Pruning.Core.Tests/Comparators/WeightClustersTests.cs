using MLNet.Pruning.Comparators;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass]
public sealed class WeightClustersTests
{
    [TestMethod]
    [DataRow(1, 20)]
    [DataRow(2, 50)]
    [DataRow(8, 300)]
    [DataRow(32, 400)]
    [DataRow(64, 100)]
    public void Weights_share_the_values_that_plain_Lloyd_iterations_find(int clusters, int count)
    {
        var expected = Python.Json<Answer>("kmeans.py", clusters, count, 7);
        var found = WeightClusters.Fit([.. expected.Values.Select(v => (float)v)], clusters);
        for (var i = 0; i < count; i++)
            Assert.AreEqual(expected.Shared[i], found.Centroids[found.Codes[i]], 2e-6, $"value {i}");
        CollectionAssert.AreEqual(found.Centroids.Order().ToArray(), found.Centroids.ToArray());
        CollectionAssert.AreEquivalent(Enumerable.Range(0, found.Centroids.Count).ToArray(), found.Codes.Distinct().ToArray());
    }

    [TestMethod]
    public void Values_that_are_few_enough_are_kept_as_they_are()
    {
        var found = WeightClusters.Fit([0.5f, -1, 0.5f, 2, -1], 256);
        CollectionAssert.AreEqual(new[] { -1, 0.5f, 2 }, found.Centroids.ToArray());
        CollectionAssert.AreEqual(new[] { 1, 0, 1, 2, 0 }, found.Codes.ToArray());
        Assert.HasCount(1, WeightClusters.Fit([3, 3, 3], 4).Centroids);
    }

    [TestMethod]
    public void Values_that_cannot_be_shared_are_refused()
    {
        Assert.Throws<ArgumentException>(() => WeightClusters.Fit([], 4));
        Assert.Throws<ArgumentException>(() => WeightClusters.Fit([1, float.NaN], 4));
        Assert.Throws<ArgumentException>(() => WeightClusters.Fit([1], 0));
    }

    [TestMethod]
    public void Exactly_the_smallest_weights_go_and_of_equals_those_with_the_higher_index()
    {
        CollectionAssert.AreEqual(new[] { true, true, false, true, false }, PruneQuantizeCode.Largest([-3, 1, 1, 2, -1], 0.4));
        CollectionAssert.AreEqual(new[] { true, false, false }, PruneQuantizeCode.Largest([0, 0, 0], 2 / 3.0));
        CollectionAssert.AreEqual(new[] { true, true }, PruneQuantizeCode.Largest([0, 0], 0));
        Assert.AreEqual(37, PruneQuantizeCode.Largest([.. Enumerable.Range(0, 123).Select(i => i * 31 % 7f)], 0.7).Count(left => left));
    }

    sealed record Answer(double[] Values, double[] Shared);
}
