using MLNet.Pruning.Models;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class ConvNetPipelineTests
{
    readonly MLContext context = new(seed: 1);

    [TestMethod]
    public void Digits_are_learnt_and_evaluated()
    {
        var train = context.Data.SynthesizeDigits(2_000, seed: 1);
        var test = context.Data.SynthesizeDigits(500, seed: 2);
        using var model = context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.MulticlassClassification.Trainers.PrunedConvNet(featureColumnName: "Pixels", channels: [8, 16], hiddenSizes: [32], epochs: 5, batchSize: 32, learningRate: 0.003))
            .Fit(train);
        Assert.IsGreaterThan(0.88, context.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy);
        var blueprint = (ConvNetBlueprint)Blueprint.Of(model.LastTransformer.Module);
        CollectionAssert.AreEqual(new long[] { 1, 28, 28 }, blueprint.Image.ToArray());
        CollectionAssert.AreEqual(new[] { 8, 16 }, blueprint.Channels.ToArray());
    }

    [TestMethod]
    public void Every_option_reaches_the_network_and_a_saved_one_predicts_the_same()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.View(context, 90, channels: 3);
        var pipeline = context.Transforms.Conversion.MapValueToKey("Kind").Append(context.MulticlassClassification.Trainers.PrunedConvNet(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Pixels",
            ImageChannels = 3,
            ImageHeight = 8,
            Channels = [4, 6],
            HiddenSizes = [5],
            BatchNorm = true,
            Dropout = 0.25,
            Activation = Activation.Tanh,
            Epochs = 4,
            BatchSize = 16,
            ValidationSet = Patterns.Keys(context, Patterns.View(context, 30, seed: 3, channels: 3)),
        }));
        using var model = pipeline.Fit(data);
        Assert.AreEqual(new ConvNetBlueprint([3, 8, 8], [4, 6], [5], 3, Activation.Tanh, BatchNorm: true, Dropout: 0.25), Blueprint.Of(model.LastTransformer.Module));
        Assert.IsNotNull(model.LastTransformer.History!.Epochs[^1].ValidationAccuracy);

        context.Model.Save(model, data.Schema, folder["model.zip"]);
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        AreSame(model.Transform(data), loaded.Transform(data));
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_model_with_dropout_too()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        var trainer = context.MulticlassClassification.Trainers.PrunedConvNet(new() { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Channels = [4], HiddenSizes = [5], Dropout = 0.5, Epochs = 2, BatchSize = 16, Replicas = 2 });
        using var first = trainer.Fit(data);
        using var second = trainer.Fit(data);
        AreSame(first.Transform(data), second.Transform(data));
    }

    [TestMethod]
    public void A_run_goes_on_from_its_checkpoint_to_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.Keys(context, Patterns.View(context, 90));
        PrunedConvNetTrainer Trainer(int epochs, string? checkpoint) => context.MulticlassClassification.Trainers.PrunedConvNet(new()
        {
            LabelColumnName = "Kind",
            FeatureColumnName = "Pixels",
            Channels = [4],
            HiddenSizes = [],
            BatchNorm = true,
            Epochs = epochs,
            BatchSize = 16,
            Seed = 5,
            Checkpoint = checkpoint is null ? null : new CheckpointOptions(checkpoint),
        });
        using var whole = Trainer(4, null).Fit(data);
        Trainer(2, folder["run"]).Fit(data).Dispose();
        using var resumed = Trainer(4, folder["run"]).Fit(data);
        AreSame(whole.Transform(data), resumed.Transform(data));
    }

    [TestMethod]
    public void A_column_that_does_not_hold_such_images_is_refused_before_any_row_is_read()
    {
        var keys = Patterns.Keys(context, Patterns.View(context, 9));
        Refused(o => o.ImageHeight = 9, "'Pixels'", "ImageHeight 9", "64");
        Refused(o => (o.ImageHeight, o.ImageWidth) = (8, 9), "72 values", "64");
        Refused(o => o.ImageChannels = 3, "64 values are no square images of 3 channels");
        Refused(o => o.ImageChannels = 2, "64 values are no square images of 2 channels");
        Refused(o => o.Channels = [2, 2, 2, 2], "8x8 are too small for 4 blocks");
        using var wide = Fit(o => o.ImageWidth = 16);
        CollectionAssert.AreEqual(new long[] { 1, 4, 16 }, ((ConvNetBlueprint)Blueprint.Of(wide.Module)).Image.ToArray());

        PrunedModelTransformer Fit(Action<PrunedConvNetTrainer.Options> set)
        {
            var options = new PrunedConvNetTrainer.Options { LabelColumnName = "Kind", FeatureColumnName = "Pixels", Channels = [2], HiddenSizes = [], Epochs = 1 };
            set(options);
            return context.MulticlassClassification.Trainers.PrunedConvNet(options).Fit(keys);
        }

        void Refused(Action<PrunedConvNetTrainer.Options> set, params string[] parts)
        {
            var failure = Assert.Throws<ArgumentException>(() => Fit(set));
            foreach (string part in parts)
                StringAssert.Contains(failure.Message, part);
        }
    }

    [TestMethod]
    public void A_wrong_option_is_named_when_the_trainer_is_made()
    {
        Refused(o => o.Channels = [], "Channels is empty");
        Refused(o => o.Channels = null!, "Channels is null");
        Refused(o => o.Channels = [3, 0], "Channels is [3, 0]");
        Refused(o => o.HiddenSizes = [-1], "HiddenSizes is [-1]");
        Refused(o => o.Dropout = 1, "Dropout is 1");
        Refused(o => o.ImageHeight = -1, "ImageHeight is -1");
        Refused(o => o.ImageChannels = -1, "ImageChannels is -1");
        Refused(o => o.Activation = (Activation)77, "Activation is 77");
        Refused(o => o.Epochs = 0, "Epochs is 0");

        void Refused(Action<PrunedConvNetTrainer.Options> set, string part)
        {
            var options = new PrunedConvNetTrainer.Options();
            set(options);
            StringAssert.Contains(Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedConvNet(options)).Message, part);
        }
    }

    internal static void AreSame(IDataView expected, IDataView found)
    {
        var (one, other) = (expected.GetColumn<float[]>("Score").ToArray(), found.GetColumn<float[]>("Score").ToArray());
        Assert.HasCount(one.Length, other);
        for (int row = 0; row < one.Length; row++)
            CollectionAssert.AreEqual(one[row], other[row]);
    }
}
