namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class ImportanceTests
{
    [TestMethod]
    public void Neurons_go_by_their_biases() => Follows(new LargeBias());

    [TestMethod]
    public void Neurons_go_by_the_gradients_of_their_weights() => Follows(new WeightTaylor());

    [TestMethod]
    public void A_head_owns_several_rows()
    {
        using var model = VitBlueprint.For([1, 8, 8], patchSize: 4, classes: 3, dim: 16, depth: 1, heads: 4, hidden: 8).Build();
        using var example = TorchSharp.torch.rand(1, 64);
        var map = NeuronMap.Discover(model, example);
        var scores = NeuronScores.Of(new LargeBias(), map, Array.Empty<Batch>());
        CollectionAssert.AreEqual(map.Groups.Select(group => group.Size).ToArray(), scores.Select(group => group.Length).ToArray());
        Assert.IsTrue(map.Groups.Any(group => group.Size == 4 && group.Producers.First().Indices[0].Count > 1));
    }

    static void Follows(IImportance importance)
    {
        var pruning = new NeuronPruning { Importance = importance, Schedule = Schedule.OneShot(2, 0.5) };
        var first = Points.Train(pruning.Begin()).History.Events[0].Groups[0];
        Assert.IsGreaterThan(1, first.Scores.Distinct().Count());
        var lowest = first.Scores.Index().OrderBy(s => s.Item).Take(8).Select(s => s.Index).Order();
        CollectionAssert.AreEqual(lowest.ToArray(), first.Removed.ToArray());
    }
}
