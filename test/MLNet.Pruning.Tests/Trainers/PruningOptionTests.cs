using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class PruningOptionTests
{
    static readonly NeuronPruning half = new() { Importance = new Contribution(average: 0.5, maximum: 0.5), Schedule = Schedule.Stepwise(maturity: 2, every: 1, amount: 0.3, target: 0.5) };

    readonly MLContext context = new(seed: 1);

    [TestMethod]
    public void Digits_are_learnt_by_a_network_that_loses_two_thirds_of_its_neurons_and_is_saved_at_its_size()
    {
        var train = context.Data.SynthesizeDigits(4_000, seed: 1);
        var test = context.Data.SynthesizeDigits(1_000, seed: 2);
        var trainer = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
        {
            FeatureColumnName = "Pixels",
            Epochs = 10,
            LearningRate = 0.003,
            Pruning = new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 3, every: 1, amount: 0.25, target: 0.66) },
        });
        using var model = context.Transforms.Conversion.MapValueToKey("Label").Append(trainer).Fit(train);
        var scored = model.Transform(test);
        Assert.IsGreaterThan(0.80, context.MulticlassClassification.Evaluate(scored).MicroAccuracy);
        var history = model.LastTransformer.History!;
        CollectionAssert.AreEqual(new[] { 38, 29, 22, 17 }, history.Events.Select(e => e.Groups[0].After).ToArray());
        CollectionAssert.AreEqual(new[] { 3, 4, 5, 6 }, history.Events.Select(e => e.Epoch).ToArray());

        using var folder = new TemporaryFolder();
        context.Model.Save(model, train.Schema, folder["model.zip"]);
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        var network = ((PrunedModelTransformer)loaded.Last()).Module;
        CollectionAssert.AreEqual(new long[] { 17, 784 }, network.get_parameter("layers.linear1.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 11, 17 }, network.get_parameter("layers.linear2.weight")!.shape);
        ConvNetPipelineTests.AreSame(scored, loaded.Transform(test));
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_pruned_model_and_settings_serve_many_runs()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        var trainer = context.MulticlassClassification.Trainers.PrunedConvNet(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Channels = [4, 6], HiddenSizes = [12], Epochs = 5, BatchSize = 16, Replicas = 2, Pruning = half });
        using var first = trainer.Fit(data);
        using var second = trainer.Fit(data);
        foreach (var ((name, a), (_, b)) in first.Module.named_parameters().Zip(second.Module.named_parameters()))
            Assert.IsTrue(a.equal(b).all().item<bool>(), name);
        Assert.AreEqual(6, first.Module.get_parameter("classifier.linear1.bias")!.shape[0]);
        Assert.HasCount(3, second.History!.Events);
    }

    [TestMethod]
    public void A_module_of_ones_own_is_pruned_as_well()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        using var model = context.MulticlassClassification.Trainers.PrunedModule(() => nn.Sequential(("in", nn.Linear(64, 10)), ("tanh", nn.Tanh()), ("out", nn.Linear(10, 3))),
            new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Epochs = 4, BatchSize = 16, Pruning = half }).Fit(data);
        Assert.AreEqual(5, model.Module.get_parameter("in.bias")!.shape[0]);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedModelTransformer.ReadFrom(context, stream);
        ConvNetPipelineTests.AreSame(model.Transform(data), again.Transform(data));
    }

    [TestMethod]
    public void An_autoencoder_is_pruned_but_for_its_latents()
    {
        var data = Patterns.View(context, 60);
        using var model = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", Channels = [4, 6], HiddenSizes = [24, 16], LatentSize = 3, Epochs = 5, BatchSize = 16, Pruning = half }).Fit(data);
        CollectionAssert.AreEqual(new[] { ("encoder.linear1", 12), ("encoder.linear2", 8) },
            model.History!.Events[^1].Groups.Where(g => g.Name.StartsWith("encoder.linear", StringComparison.Ordinal)).Select(g => (g.Name, g.After)).ToArray());
        Assert.IsTrue(model.History!.Events.All(e => e.AccuracyAfter is null && e.LossAfter is not null));
        using var folder = new TemporaryFolder();
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        var loaded = new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        Assert.HasCount(60, loaded.Transform(data).GetColumn<float[]>("Reconstruction").ToArray());
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Wrong_settings_are_refused_when_the_trainer_is_made()
    {
        void Refused(string part, NeuronPruning pruning) => StringAssert.Contains(Assert.Throws<ArgumentException>(() =>
            context.MulticlassClassification.Trainers.PrunedFeedForward(new() { Epochs = 10, Pruning = pruning })).Message, part);
        Refused("Pruning.Schedule's first event is later than the last epoch; it must be within the run's 10 epochs", new NeuronPruning { Schedule = Schedule.Stepwise(30, 10, 0.1, 0.7) });
        Refused("Pruning.MinimumNeurons is 0", half with { MinimumNeurons = 0 });
    }

    [TestMethod]
    public void A_target_that_is_out_of_reach_is_warned_of_in_the_log()
    {
        var log = new List<string>();
        context.Log += (_, e) => log.Add(e.RawMessage ?? "");
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 60));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward(new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", HiddenSizes = [10], Epochs = 2, Pruning = half }).Fit(keys);
        Assert.IsTrue(log.Any(line => line.Contains("prunes 30 % of the neurons in 2 epochs, not its target of 50 %", StringComparison.Ordinal)), string.Join(Environment.NewLine, log));
    }

    [TestMethod]
    [DataRow(3_000, true)]
    [DataRow(10, false)]
    public void A_schedule_in_steps_of_which_the_run_has_too_few_is_warned_of_in_the_log(int end, bool warned)
    {
        var log = new List<string>();
        context.Log += (_, e) => log.Add(e.RawMessage ?? "");
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 60));
        var pruning = new WeightPruning { Schedule = Schedule.Cubic(0, end, 0.9), Every = 5 };
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward(new() { LabelColumnName = "Kind", FeatureColumnName = "Petals", HiddenSizes = [40, 40], Epochs = 4, BatchSize = 10, Pruning = pruning }).Fit(keys);
        Assert.AreEqual(warned, log.Any(line => line.Contains("not its target of 90 %", StringComparison.Ordinal)), string.Join(Environment.NewLine, log));
    }
}
