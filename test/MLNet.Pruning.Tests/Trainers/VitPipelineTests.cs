using MLNet.Pruning.Models;
using MLNet.Pruning.Persistence;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Microsoft.ML.SchemaShape.Column;

namespace MLNet.Pruning.Tests.Trainers;

[TestClass]
[DoNotParallelize]
public sealed class VitPipelineTests
{
    readonly MLContext context = new(seed: 1);

    [TestMethod]
    public void Tokens_of_padded_images_are_trained_on_and_scored()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 60));
        var merging = context.Transforms.MergeTokens(new() { InputColumnName = "Pixels", ImageHeight = 8, ImageWidth = 8, PatchSize = 3, Pad = true, Merge = 0.25 }).Fit(data);
        using var model = context.MulticlassClassification.Trainers.PrunedVit(new() { LabelColumnName = "Kind", Epochs = 2, Dim = 16, Depth = 1, Seed = 1 }).Fit(merging.Transform(data));
        var rows = model.Transform(merging.Transform(Patterns.Keys(context, Patterns.View(context, 7)))).GetColumn<VBuffer<float>>("Score").ToArray();
        Assert.HasCount(7, rows);
        Assert.IsTrue(rows.All(row => row.DenseValues().All(float.IsFinite) && Math.Abs(row.DenseValues().Sum() - 1) < 1e-4));
    }

    [TestMethod]
    public void Digits_are_learnt_from_merged_tokens_under_masks_saved_loaded_and_predicted()
    {
        using var folder = new TemporaryFolder();
        var train = context.Data.SynthesizeDigits(2_000, seed: 1);
        var test = context.Data.SynthesizeDigits(400, seed: 2);
        var pipeline = context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", imageHeight: 28, imageWidth: 28))
            .Append(context.MulticlassClassification.Trainers.PrunedVit(new()
            {
                FeatureColumnName = "Tokens",
                Dim = 32,
                Depth = 2,
                Epochs = 6,
                BatchSize = 32,
                LearningRate = 0.003,
                Pruning = new WeightPruning { Sparsity = 0.5, Every = 20 },
            }))
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(train);
        var scored = model.Transform(test);
        Assert.IsGreaterThan(0.3, context.MulticlassClassification.Evaluate(scored).MicroAccuracy);
        var vit = model.OfType<PrunedModelTransformer>().Single();
        Assert.AreEqual(VitBlueprint.For([1, 28, 28], 4, 10, dim: 32, depth: 2) with { Merge = 24, Input = VitInput.Tokens }, Blueprint.Of(vit.Module));
        using (TorchSharp.Scalar zero = 0)
        using (var weight = vit.Module.get_parameter("blocks.0.hidden.weight")!.eq(zero))
            Assert.AreEqual(1_024, weight.sum().item<long>());

        context.Model.Save(model, train.Schema, folder["model.zip"]);
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        ConvNetPipelineTests.AreSame(scored, loaded.Transform(test));
        var engine = context.Model.CreatePredictionEngine<Digit, Answer>(loaded, test.Schema);
        var digits = context.Data.CreateEnumerable<Digit>(test, reuseRowObject: false).Take(20).ToArray();
        var answers = scored.GetColumn<uint>("PredictedLabel").Take(20).ToArray();
        for (int i = 0; i < digits.Length; i++)
            Assert.AreEqual(answers[i], engine.Predict(digits[i]).PredictedLabel);
    }

    [TestMethod]
    public void Merging_before_the_trainer_and_within_it_is_the_same()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 90, channels: 3));
        var merged = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 3, 2, merge: 5).Fit(data).Transform(data);
        using var outside = context.MulticlassClassification.Trainers.PrunedVit(Options("Tokens")).Fit(merged);
        var options = Options("Pixels");
        (options.ImageChannels, options.PatchSize, options.Merge) = (3, 2, 5);
        using var inside = context.MulticlassClassification.Trainers.PrunedVit(options).Fit(data);
        var (one, other) = (outside.Transform(merged).GetColumn<float[]>("Score").ToArray(), inside.Transform(data).GetColumn<float[]>("Score").ToArray());
        for (int row = 0; row < one.Length; row++)
            for (int i = 0; i < one[row].Length; i++)
                Assert.AreEqual(one[row][i], other[row][i], 1e-3, $"row {row}");
        // And it learns something: scores are not all alike.
        Assert.IsGreaterThan(0.9, context.MulticlassClassification.Evaluate(inside.Transform(data), "Kind").MicroAccuracy);
    }

    [TestMethod]
    public void Every_option_reaches_the_network()
    {
        var options = Options("Pixels");
        (options.ImageHeight, options.ImageWidth, options.ImageChannels, options.PatchSize) = (4, 16, 3, 2);
        (options.Dim, options.Depth, options.Heads, options.HiddenSize) = (12, 3, 2, 7);
        (options.Activation, options.Pooling, options.Dropout, options.Merge, options.LayerMerges) = (Activation.Relu, VitPooling.ClassToken, 0.1, 0.25, [2, 0, 0.25]);
        (options.Epochs, options.Optimizer, options.ValidationSet) = (1, OptimizerKind.Adam, Patterns.Keys(context, Patterns.View(context, 30, seed: 3, channels: 3)));
        using var model = context.MulticlassClassification.Trainers.PrunedVit(options).Fit(Patterns.Keys(context, Patterns.View(context, 30, channels: 3)));
        Assert.AreEqual(
            VitBlueprint.For([3, 4, 16], 2, 3, 12, 3, 2, 7) with { Activation = Activation.Relu, Pooling = VitPooling.ClassToken, Dropout = 0.1, Merge = 0.25, LayerMerges = [2, 0, 0.25] },
            Blueprint.Of(model.Module));
        Assert.IsNotNull(model.History!.Epochs[^1].ValidationAccuracy);
    }

    [TestMethod]
    public void Hidden_neurons_and_heads_are_pruned_and_the_smaller_network_is_saved()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.View(context, 90);
        var options = Options("Tokens");
        (options.Epochs, options.Pruning) = (5, new NeuronPruning { Importance = new WeightNorm(2), Schedule = Schedule.Stepwise(maturity: 2, every: 1, amount: 0.3, target: 0.5) });
        using var model = context.Transforms.Conversion.MapValueToKey("Kind")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 1, 2))
            .Append(context.MulticlassClassification.Trainers.PrunedVit(options))
            .Fit(data);
        var left = (VitBlueprint)Blueprint.Of(model.LastTransformer.Module);
        CollectionAssert.AreEqual(new[] { 16, 16 }, left.BlockHidden.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 2 }, left.BlockHeads.ToArray());
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        ConvNetPipelineTests.AreSame(model.Transform(data), loaded.Transform(data));
    }

    [TestMethod]
    public void Tokens_that_do_not_fit_are_refused_before_any_row_is_read()
    {
        var data = Patterns.Keys(context, Patterns.View(context, 9));
        var tokens = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 1, 2).Fit(data).Transform(data);
        Refused(tokens, o => o.PatchSize = 4, "PatchSize is 4", "'Tokens'", "made with 2");
        Refused(tokens, o => o.ImageWidth = 9, "ImageWidth is 9", "made with 8");
        Refused(tokens, o => o.ImageChannels = 3, "ImageChannels is 3", "made with 1");
        Refused(tokens, o => o.Merge = 0.5, "Merge is 0.5", "merged already", "LayerMerges");
        Refused(context.Transforms.DropColumns("Tokens.Sizes").Fit(tokens).Transform(tokens), _ => { }, "feature column 'Tokens.Sizes'");
        Refused(context.Transforms.DropColumns("Tokens.Sources").Fit(tokens).Transform(tokens), _ => { }, "feature column 'Tokens.Sources'");
        var others = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 1, 4, merge: 2).Fit(data).Transform(data);
        Refused(context.Transforms.CopyColumns("Tokens.Sizes", "Kind").Fit(others).Transform(others), _ => { }, "'Tokens.Sizes'");
        Refused(data, o => (o.FeatureColumnName, o.PatchSize) = ("Pixels", 3), "3x3", "8x8");

        using var model = context.MulticlassClassification.Trainers.PrunedVit(Options("Tokens")).Fit(tokens);
        var failure = Assert.Throws<ArgumentOutOfRangeException>(() => model.Transform(others));
        StringAssert.Contains(failure.Message, "2 tokens of images of 8x8 with 1 channel in patches of 4x4");
        StringAssert.Contains(failure.Message, "8 tokens of images of 8x8 with 1 channel in patches of 2x2");

        void Refused(IDataView view, Action<PrunedVitTrainer.Options> set, params string[] parts)
        {
            var options = Options("Tokens");
            set(options);
            var message = Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedVit(options).Fit(view)).Message;
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void A_pipeline_without_the_sizes_of_its_tokens_is_refused_by_its_schema()
    {
        var shape = new SchemaShape([MLNetInternals.Column("Kind", VectorKind.Scalar, TextDataViewType.Instance), MLNetInternals.Column("Pixels", VectorKind.Vector, NumberDataViewType.Single)]);
        var pipeline = context.Transforms.Conversion.MapValueToKey("Kind")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, 1, 2))
            .Append(context.Transforms.DropColumns("Tokens.Sizes"))
            .Append(context.MulticlassClassification.Trainers.PrunedVit(Options("Tokens")));
        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.GetOutputSchema(shape)).Message, "'Tokens.Sizes'");
    }

    [TestMethod]
    public void A_wrong_option_is_named_when_the_trainer_is_made()
    {
        Refused(o => o.Dim = 30, "Dim is 30; it must be a multiple of Heads, 4");
        Refused(o => o.Heads = -1, "Heads is -1");
        Refused(o => o.Depth = -1, "Depth is -1");
        Refused(o => o.HiddenSize = -1, "HiddenSize is -1");
        Refused(o => o.Merge = 0.6, "Merge is 0.6");
        Refused(o => o.Merge = double.NaN, "Merge is NaN");
        Refused(o => o.LayerMerges = [1], "LayerMerges is of 1 blocks");
        Refused(o => o.LayerMerges = [0, 0, 0, 1.5], "LayerMerges is 1.5");
        Refused(o => o.Dropout = 1, "Dropout is 1");
        Refused(o => o.PatchSize = -4, "PatchSize is -4");
        Refused(o => o.Pooling = (VitPooling)9, "Pooling is 9");
        Refused(o => o.Activation = (Activation)77, "Activation is 77");

        void Refused(Action<PrunedVitTrainer.Options> set, string part)
        {
            var options = new PrunedVitTrainer.Options();
            set(options);
            StringAssert.Contains(Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedVit(options)).Message, part);
        }
    }

    static PrunedVitTrainer.Options Options(string features) => new()
    {
        LabelColumnName = "Kind",
        FeatureColumnName = features,
        Dim = 16,
        Depth = 2,
        Epochs = 3,
        BatchSize = 16,
        LearningRate = 0.005,
        Seed = 7,
    };

    sealed class Digit
    {
        public uint Label { get; set; }

        [VectorType(784)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Answer
    {
        public uint PredictedLabel { get; set; }
    }
}
