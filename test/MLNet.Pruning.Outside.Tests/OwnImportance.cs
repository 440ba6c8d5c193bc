namespace MLNet.Pruning.Outside.Tests;

[TestClass]
public sealed class OwnImportance
{
    [TestMethod]
    public void Neurons_go_by_it()
    {
        var first = Points.Train(new NeuronPruning { Importance = new LargeBias(), Schedule = Schedule.OneShot(2, 0.5) }.Begin()).History.Events[0].Groups[0];
        Assert.IsGreaterThan(1, first.Scores.Distinct().Count());
        CollectionAssert.AreEqual(first.Scores.Index().OrderBy(s => s.Item).Take(8).Select(s => s.Index).Order().ToArray(), first.Removed.ToArray());
    }
}

// docs
/// <summary>Keeps neurons with a large bias.</summary>
sealed record LargeBias : IImportance
{
    public bool NeedsData => false;

    public IImportanceObserver Watch(NeuronMap map, int threads = 1) => new Observer(map);

    sealed class Observer(NeuronMap map) : IImportanceObserver
    {
        public IReadOnlyList<double[]> Scores() => [.. map.Groups.Select(group => Biases(group.Members.First(m => m.Side == NeuronSide.Out)))];

        static double[] Biases(NeuronGroupMember producer) =>
            [.. producer.Module.get_parameter("bias")!.abs().data<float>().ToArray().Select(bias => (double)bias)];

        public void Add(IImportanceObserver other) { } // all replicas have the same weights

        public void Dispose() { }
    }
}
// end
