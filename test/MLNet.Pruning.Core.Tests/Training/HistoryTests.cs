namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class HistoryTests
{
    [TestMethod]
    public void The_history_names_the_model_with_its_sizes()
    {
        var options = new TrainingOptions { Epochs = 1, Replicas = 1 };
        Assert.AreEqual("FeedForward 12-9-7-3", Runs.Train(options).History.Model);
        Assert.AreEqual("Sequential", Runs.Train(options, build: () => TorchSharp.torch.nn.Sequential(TorchSharp.torch.nn.Linear(12, 3))).History.Model);
        var images = new ConvNetBlueprint([1, 4, 4], [2], [5], 3);
        Assert.AreEqual("ConvNet 1x4x4, 2, 5-3", Runs.Train(options, new Rows(20, 16, (row, i) => row * i % 7, row => row % 3) { Shape = [1, 4, 4] }, images.Build).History.Model);
    }

    [TestMethod]
    public void A_history_comes_back_from_its_JSON()
    {
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 3, BatchSize = 10, HistoryInterval = 4 }, validation: Rows.Blobs(30, 12, 3, 8));
        history.Stopped = "told so";
        history.Events.Add(new PruningRecord { Epoch = 2, Step = 20, Kind = "neurons", AccuracyBefore = 0.5, Groups = [new PrunedGroupRecord("hidden", 9, 7, [0.25, double.NaN])] });
        var json = history.ToJson();
        var back = TrainingHistory.FromJson(json);
        Assert.AreEqual(json, back.ToJson());
        CollectionAssert.AreEqual(history.Steps, back.Steps);
        CollectionAssert.AreEqual(history.Epochs, back.Epochs);
        Assert.AreEqual("hidden", back.Events[0].Groups[0].Name);
        Assert.AreEqual(0.25, back.Events[0].Groups[0].Scores[0]);
        Assert.AreEqual("told so", back.Stopped);
        CollectionAssert.AreEqual(new long[] { 1, 5, 9, 13, 17, 21, 25, 29 }, back.Steps.Select(s => s.Step).ToArray());
        Assert.AreEqual("FeedForward 12-9-7-3", back.Model);
        Assert.AreEqual(12 * 9 + 9 + 9 * 7 + 7 + 7 * 3 + 3, back.ParametersAtStart);
        Assert.IsTrue(back.Epochs.All(e => e is { Rows: 100, Seconds: > 0, RowsPerSecond: > 0, ValidationAccuracy: >= 0 and <= 1 }));
    }

    [TestMethod]
    public void What_is_no_history_is_refused()
    {
        foreach (var text in new[] { "", "{", "[]", "null", "{\"epochs\":[{\"epoch\":1}]}" })
            Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.FromJson(text), text);
    }
}
