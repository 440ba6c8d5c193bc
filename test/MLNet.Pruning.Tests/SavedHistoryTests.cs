using MLNet.Pruning.Persistence;
using MLNet.Pruning.Training;
using Microsoft.ML;

namespace MLNet.Pruning.Tests;

/// <summary>The training history in the files of models.</summary>
[TestClass]
public sealed class SavedHistoryTests
{
    readonly MLContext context = new(seed: 1);

    PrunedModelTransformer Train(IDataView keys, ITrainingPruning? pruning = null, CheckpointOptions? checkpoint = null) =>
        context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Petals",
            HiddenSizes = [12, 8],
            Epochs = 6,
            BatchSize = 32,
            Seed = 7,
            LearningRateSchedule = LearningRateSchedule.Cosine(warmup: 0.5),
            Pruning = pruning ?? new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 2, every: 2, amount: 0.25, target: 0.5) },
            Burden = pruning is WeightPruning ? new BurdenMonitor() : null,
            Checkpoint = checkpoint,
        }).Fit(keys);

    [TestMethod]
    public void The_history_comes_back_with_the_model()
    {
        using var folder = new TemporaryFolder();
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 300));
        foreach (var pruning in new ITrainingPruning?[] { null, new WeightPruning { Sparsity = 0.5, Every = 2 } })
        {
            using var model = Train(keys, pruning);
            var speed = model.MeasureScoring();
            context.Model.Save(model, keys.Schema, folder["model.zip"]);
            using var loaded = (PrunedModelTransformer)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
            Same(model.History!, loaded.History!);
            Assert.AreEqual(speed, loaded.History!.ScoringSpeed);
            // It is saved again as it was.
            new MLContext().UsePruning().Model.Save(loaded, keys.Schema, folder["again.zip"]);
            Assert.AreEqual(loaded.History!.ToJson(), TrainingHistory.Load(folder["again.zip"]).ToJson());
        }
    }

    [TestMethod]
    public void A_speed_that_a_loaded_model_measures_is_saved_with_it()
    {
        using var folder = new TemporaryFolder();
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 300));
        using var model = Train(keys);
        context.Model.Save(model, keys.Schema, folder["model.zip"]);
        ScoringSpeed speed;
        using (var loaded = Load("model.zip"))
        {
            speed = loaded.MeasureScoring();
            context.Model.Save(loaded, keys.Schema, folder["again.zip"]);
        }
        Assert.AreEqual(speed, TrainingHistory.Load(folder["again.zip"]).ScoringSpeed);
        using var again = Load("again.zip");
        context.Model.Save(again, keys.Schema, folder["third.zip"]);
        Assert.AreEqual(speed, again.History!.ScoringSpeed);
        Assert.AreEqual(speed, TrainingHistory.Load(folder["third.zip"]).ScoringSpeed);

        PrunedModelTransformer Load(string file) =>
            (PrunedModelTransformer)new MLContext().UsePruning().Model.Load(folder[file], out _);
    }

    static void Same(TrainingHistory expected, TrainingHistory found)
    {
        CollectionAssert.AreEqual(expected.Epochs, found.Epochs);
        Assert.HasCount(expected.Steps.Count, found.Steps);
        foreach (var (one, other) in expected.Steps.Zip(found.Steps))
        {
            Assert.AreEqual((one.Step, one.Epoch), (other.Step, other.Epoch));
            Assert.AreEqual(one.Loss, other.Loss, 1e-5 * one.Loss);
        }
        Assert.IsGreaterThan(1, expected.Events.Count);
        foreach (var (one, other) in expected.Events.Zip(found.Events))
        {
            Assert.AreEqual((one.Epoch, one.Step, one.Kind, one.ParametersAfter, one.AccuracyAfter), (other.Epoch, other.Step, other.Kind, other.ParametersAfter, other.AccuracyAfter));
            foreach (var (group, same) in one.Groups.Zip(other.Groups))
            {
                CollectionAssert.AreEqual(group.Removed.ToArray(), same.Removed.ToArray());
                foreach (var (score, again) in group.Scores.Zip(same.Scores))
                    Assert.AreEqual(score, again, 1e-5 * Math.Abs(score));
            }
        }
        Assert.AreEqual(expected.Burden.Count, found.Burden.Count);
        CollectionAssert.AreEqual(expected.Options, found.Options);
        CollectionAssert.AreEqual(expected.Environment!.Versions, found.Environment!.Versions);
        Assert.AreEqual((expected.Seed, expected.Model, expected.Replicas), (found.Seed, found.Model, found.Replicas));
    }

    [TestMethod]
    public void It_says_with_what_the_model_was_trained()
    {
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 300));
        using var model = Train(keys);
        var history = model.History!;
        Assert.AreEqual(7, history.Seed);
        Assert.AreEqual((300L, "4"), (history.Data!.Rows, string.Join(' ', history.Data.Shape)));
        using var other = Train(FeedForwardPipelineTests.Keys(context, Flowers.View(context, 300, seed: 2)));
        Assert.AreNotEqual(history.Data.Hash, other.History!.Data!.Hash);
        Assert.AreEqual("[12, 8]", history.Options["HiddenSizes"]);
        Assert.AreEqual("32", history.Options["BatchSize"]);
        Assert.AreEqual("0.001", history.Options["LearningRate"]);
        Assert.AreEqual("7", history.Options["Seed"]);
        Assert.AreEqual("true", history.Options["Shuffle"]);
        StringAssert.StartsWith(history.Options["Pruning"], "NeuronPruning { ");
        StringAssert.Contains(history.Options["Pruning"], "Contribution { Average = 0.5, Maximum = 0.5");
        StringAssert.Contains(history.Options["Pruning"], "StepwiseSchedule { ");
        Assert.IsFalse(history.Options.ContainsKey("Checkpoint") || history.Options.ContainsKey("ValidationSet"));
        var environment = history.Environment!;
        CollectionAssert.IsSubsetOf(new[] { "MLNet.Pruning", "Microsoft.ML", "TorchSharp", "LibTorch", ".NET" }, environment.Versions.Keys);
        Assert.AreEqual(Environment.Version.ToString(), environment.Versions[".NET"]);
        StringAssert.Matches(environment.Versions["Microsoft.ML"], new("^[0-9]+[.][0-9]+[.][0-9]+$"));
        Assert.AreEqual(Environment.ProcessorCount, environment.Cores);
        Assert.IsLessThan(1.0, (DateTimeOffset.UtcNow - environment.Started).TotalHours);
    }

    [TestMethod]
    public void A_history_is_read_from_any_file_of_the_model_without_its_network()
    {
        using var folder = new TemporaryFolder();
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 300));
        using var model = Train(keys, checkpoint: new(folder["run.checkpoint"]));
        var pipeline = context.Transforms.Conversion.MapKeyToValue("PredictedKind", "PredictedLabel").Fit(model.Transform(keys));
        context.Model.Save(new Microsoft.ML.Data.TransformerChain<ITransformer>(model, pipeline), keys.Schema, folder["model.zip"]);
        using (var stream = File.Create(folder["model.pruned"]))
            model.WriteTo(stream);
        foreach (string file in new[] { "model.zip", "model.pruned", "run.checkpoint" })
            CollectionAssert.AreEqual(model.History!.Epochs, TrainingHistory.Load(folder[file]).Epochs, file);

        // A file of an earlier version has none, and loads.
        using (var stream = File.OpenRead(folder["model.pruned"]))
        {
            var (saved, old) = (Archive.Read(stream, "it"), new Archive("classifier"));
            foreach (var (name, content) in saved.Entries.Where(entry => entry.Key != "history"))
                old.Add(name, content);
            using var to = File.Create(folder["old.pruned"]);
            old.Write(to);
        }
        using (var stream = File.OpenRead(folder["old.pruned"]))
        using (var loaded = PrunedModelTransformer.ReadFrom(context, stream))
            Assert.IsNull(loaded.History);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TrainingHistory.Load(folder["old.pruned"])).Message, "has no training history");
    }

    [TestMethod]
    public void A_history_of_10_000_steps_is_small_in_a_file()
    {
        var random = new Random(1);
        var history = new TrainingHistory { Model = "FeedForward 784-1000-10" };
        for (int step = 1; step <= 10_000; step++)
            history.Steps.Add(new(step, (step - 1) / 100 + 1, Math.Exp(-step / 3e3) + (random.NextDouble() * 0.2), 0.001 * (1 + Math.Cos(step / 1e4 * Math.PI))));
        for (int epoch = 1; epoch <= 100; epoch++)
        {
            history.Epochs.Add(new()
            {
                Epoch = epoch,
                Steps = epoch * 100,
                Rows = 12_800,
                Loss = random.NextDouble(),
                Accuracy = random.NextDouble(),
                LearningRate = random.NextDouble(),
                Seconds = random.NextDouble(),
                RowsPerSecond = random.NextDouble(),
                Parameters = 100_000,
            });
        }
        var content = SavedHistory.Write(history);
        Assert.IsLessThan(100_000, content.Length);
        Assert.HasCount(10_000, SavedHistory.Read(content).Steps);
        Assert.ThrowsExactly<InvalidDataException>(() => SavedHistory.Read([9, .. content[1..]]));
        Assert.ThrowsExactly<InvalidDataException>(() => SavedHistory.Read(content[..(content.Length / 2)]));
        for (int at = 1; at < content.Length; at += content.Length / 50)
        {
            byte[] damaged = [.. content];
            damaged[at] ^= 16;
            try
            {
                SavedHistory.Read(damaged);
            }
            catch (InvalidDataException)
            {
                // Or a digit is another one; the archive's checksum notices.
            }
        }
    }
}
