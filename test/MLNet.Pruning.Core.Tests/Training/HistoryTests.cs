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
    public void The_history_tells_the_shape_that_pruning_has_left_and_what_is_not_zero()
    {
        var neurons = new NeuronPruning { Importance = new Contribution(), Schedule = Schedule.Stepwise(maturity: 1, every: 1, amount: 0.5, target: 0.5) };
        var (model, history) = Runs.Train(new TrainingOptions { Epochs = 3, BatchSize = 10, Hooks = [neurons.Begin()] }, validation: Rows.Blobs(30, 12, 3, 8));
        Assert.AreEqual(("FeedForward 12-9-7-3", "FeedForward 12-5-4-3"), (history.Model, history.ModelAfter));
        Assert.AreEqual(model.Values.Sum(v => (long)v.Count(x => x != 0)), history.NonZeroParameters);
        Assert.IsTrue(history.Events.All(e => e.Scheduled == 0.5 && e.MeasuredOn == "validation"));

        var weights = new WeightPruning { Schedule = Schedule.Cubic(2, 20, 0.75), Every = 6 };
        (_, history) = Runs.Train(new TrainingOptions { Epochs = 3, BatchSize = 10, HistoryInterval = 100, Hooks = [weights.Begin()] });
        Assert.AreEqual(history.Model, history.ModelAfter);
        Assert.AreEqual(history.Events[^1].ParametersAfter, history.NonZeroParameters);
        foreach (var cut in history.Events)
            Assert.AreEqual(Schedule.Cubic(2, 20, 0.75).Fraction(cut.Step), cut.Scheduled);
        // The steps right before and right after each update are among the recorded ones.
        CollectionAssert.AreEqual(history.Events.SelectMany(e => new[] { e.Step, e.Step + 1 }).Prepend(1).Order().Distinct().ToArray(), history.Steps.Select(s => s.Step).ToArray());
    }

    [TestMethod]
    public void Transformers_and_autoencoders_are_named_with_their_sizes()
    {
        var options = new TrainingOptions { Epochs = 1, Replicas = 1 };
        var images = new Rows(20, 16, (row, i) => row * i % 7, row => row % 3) { Shape = [1, 4, 4] };
        var vit = new VitBlueprint([1, 4, 4], 2, 3, Dim: 8, Heads: [2, 1], HeadSize: 4, Hidden: [6, 6]);
        Assert.AreEqual("Vit 1x4x4, patches 2x2, 2 blocks of 8, heads 2-1, hidden 6", Runs.Train(options, images, vit.Build).History.ModelAfter);
    }

    sealed class OwnHook : ITrainingHook;

    [TestMethod]
    public void The_history_has_the_options_that_were_set_and_no_internals()
    {
        var options = new TrainingOptions { Epochs = 2, LearningRate = 0.01, Schedule = LearningRateSchedule.Cosine(), Hooks = [new WeightPruning { Sparsity = 0.5 }.Begin(), new OwnHook()] };
        var (_, history) = Runs.Train(options);
        CollectionAssert.AreEquivalent(new[] { "Epochs", "LearningRate", "Schedule", "Hooks" }, history.OptionsSet);
        StringAssert.Contains(history.Options["Hooks"], nameof(OwnHook));
        Assert.DoesNotContain("WeightPruningHook", history.Options["Hooks"]);
        Assert.IsTrue(history.IsOver);
        history.Epochs.RemoveAt(1);
        Assert.IsFalse(history.IsOver);
        history.Stopped = "early";
        Assert.IsTrue(history.IsOver);
    }

    [TestMethod]
    public void A_history_is_read_from_a_file_with_its_JSON()
    {
        var folder = Directory.CreateTempSubdirectory("mlprune").FullName;
        var path = Path.Combine(folder, "run.json");
        try
        {
            File.WriteAllText(path, "\uFEFF\n" + new TrainingHistory { Model = "m", OptionsSet = { "Epochs" } }.ToJson());
            CollectionAssert.AreEqual(new[] { "Epochs" }, TrainingHistory.Load(path).OptionsSet);
            File.WriteAllText(path, "{\"epochs\":[{\"epoch\":1}]}");
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.Load(path)).Message, $"'{path}' cannot be read");
            File.WriteAllText(path, "some text");
            Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.Load(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void What_is_no_history_is_refused()
    {
        foreach (var text in new[] { "", "{", "[]", "null", "{\"epochs\":[{\"epoch\":1}]}" })
            Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.FromJson(text), text);
    }
}
