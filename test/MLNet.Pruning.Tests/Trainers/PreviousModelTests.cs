using MLNet.Pruning.Models;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Training that continues with a trained model.</summary>
[TestClass]
[DoNotParallelize]
public sealed class PreviousModelTests
{
    readonly MLContext context = new(seed: 1);

    static readonly ITrainingPruning Half = new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.OneShot(1, 0.5) };

    IDataView Data(int seed = 1, int count = 90) => Patterns.Keys(context, Patterns.View(context, count, seed));

    /// <summary>Steps too small to change a weight show what training started from.</summary>
    static T With<T>(T options, ITrainingPruning? pruning = null, bool still = false)
        where T : PrunedModelOptions
    {
        (options.LabelColumnName, options.FeatureColumnName, options.Epochs, options.BatchSize, options.Seed) = ("Kind", "Pixels", 2, 16, 3);
        (options.Optimizer, options.WeightDecay) = (still ? OptimizerKind.Sgd : OptimizerKind.Adam, 0);
        (options.LearningRate, options.Pruning) = (still ? 1e-12 : 0.005, pruning);
        return options;
    }

    PrunedFeedForwardTrainer Dense(ITrainingPruning? pruning = null, bool still = false, int hidden = 12) =>
        context.MulticlassClassification.Trainers.PrunedFeedForward(With(new PrunedFeedForwardTrainer.Options { HiddenSizes = [hidden] }, pruning, still));

    PrunedVitTrainer Vit(ITrainingPruning? pruning = null, bool still = false) => context.MulticlassClassification.Trainers.PrunedVit(
        With(new PrunedVitTrainer.Options { Dim = 16, Depth = 1, Heads = 2, Pooling = VitPooling.ClassToken }, pruning, still));

    PrunedConvNetTrainer Conv(ITrainingPruning? pruning = null, bool still = false) => context.MulticlassClassification.Trainers.PrunedConvNet(
        With(new PrunedConvNetTrainer.Options { Channels = [4], HiddenSizes = [8], BatchNorm = true }, pruning, still));

    PrunedModuleTrainer Module(ITrainingPruning? pruning = null, bool still = false) => context.MulticlassClassification.Trainers.PrunedModule(
        () => nn.Sequential(nn.Linear(64, 10), nn.ReLU(), nn.Linear(10, 3)), With(new PrunedModuleTrainer.Options { ModuleName = "Own" }, pruning, still));

    [TestMethod]
    [DataRow("dense")]
    [DataRow("vit")]
    [DataRow("module")]
    public void Training_starts_with_the_weights_and_the_pruned_shape_of_the_previous_model(string kind)
    {
        var data = Data();
        var (first, again) = kind switch
        {
            "dense" => (Dense(Half).Fit(data), (Func<ITransformer, PrunedModelTransformer>)(model => Dense(still: true).Fit(data, model))),
            "vit" => (Vit(Half).Fit(data), model => Vit(still: true).Fit(data, model)),
            _ => (Module(Half).Fit(data), model => Module(still: true).Fit(data, model)),
        };
        using (first)
        {
            using var second = again(first);
            AreClose(first.Transform(data), second.Transform(data));
            Assert.IsLessThan(first.History!.ParametersAtStart, first.History!.Epochs[^1].Parameters);
            Assert.AreEqual(first.History!.Epochs[^1].Parameters, second.History!.ParametersAtStart);
        }
    }

    [TestMethod]
    public void A_loaded_pipeline_is_continued_on_other_rows_and_is_unchanged()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.View(context, 90);
        using (var trained = context.Transforms.Conversion.MapValueToKey("Kind").Append(Conv(Half)).Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data))
            context.Model.Save(trained, data.Schema, folder["model.zip"]);
        var elsewhere = new MLContext(seed: 2).UsePruning();
        using var loaded = (TransformerChain<ITransformer>)elsewhere.Model.Load(folder["model.zip"], out _);
        var before = loaded.Transform(data).GetColumn<float[]>("Score").ToArray();

        // Labels in another order of occurrence keep their keys if the old steps map them.
        var more = Patterns.View(context, Patterns.Draw(91, seed: 5).Skip(1));
        var steps = new TransformerChain<ITransformer>([.. loaded.TakeWhile(step => step is not PrunedModelTransformer)]);
        using var continued = Conv().Fit(steps.Transform(more), loaded);
        double LogLoss(IDataView scored) => elsewhere.MulticlassClassification.Evaluate(scored, "Kind").LogLoss;
        Assert.IsLessThan(LogLoss(loaded.Transform(data)), LogLoss(continued.Transform(steps.Transform(data))));
        using var still = Conv(still: true).Fit(steps.Transform(more), loaded);
        var weights = loaded.OfType<PrunedModelTransformer>().Single().Module.parameters();
        Assert.IsTrue(weights.Zip(still.Module.parameters()).All(pair => pair.First.allclose(pair.Second)));
        var after = loaded.Transform(data).GetColumn<float[]>("Score").ToArray();
        for (int row = 0; row < before.Length; row++)
            CollectionAssert.AreEqual(before[row], after[row]);
    }

    [TestMethod]
    public void The_same_seed_continues_to_the_same_model()
    {
        var data = Data();
        using var first = Dense(Half).Fit(data);
        using var one = Dense(Half).Fit(data, first);
        using var other = Dense(Half).Fit(data, first);
        ConvNetPipelineTests.AreSame(one.Transform(data), other.Transform(data));
        Assert.IsLessThan(first.History!.Epochs[^1].Parameters, one.History!.Epochs[^1].Parameters);
    }

    [TestMethod]
    public void Inactive_weights_stay_inactive_without_pruning_and_beside_the_pruning_of_neurons()
    {
        var data = Data();
        using var first = Dense(new WeightPruning { Sparsity = 0.8 }).Fit(data);
        var masks = WeightMasks.Of(first.Module);
        using var second = Dense().Fit(data, first);
        CollectionAssert.AreEqual(masks["layers.linear1.weight"].Active.ToArray(), WeightMasks.Of(second.Module)["layers.linear1.weight"].Active.ToArray());
        Assert.AreNotEqual(Weight(first), Weight(second));
        using var third = Dense(Half).Fit(data, first);
        Assert.IsGreaterThan(0.7, WeightMasks.Of(third.Module).Sparsity);
        Assert.AreEqual(6, ((FeedForwardBlueprint)Blueprint.Of(third.Module)).Sizes[1]);

        static float Weight(PrunedModelTransformer model)
        {
            using var scope = NewDisposeScope();
            return model.Module.parameters().First().abs().sum().item<float>();
        }
    }

    [TestMethod]
    public void A_warning_names_the_layers_whose_inactive_weights_learn_again()
    {
        var data = Data();
        using var first = Dense(new WeightPruning { Sparsity = 0.8 }).Fit(data);
        List<string> warnings = [];
        context.Log += (_, log) =>
        {
            if (log.Message.Contains("learn again", StringComparison.Ordinal))
                warnings.Add(log.Message);
        };
        using var all = Dense(new WeightPruning { Sparsity = 0.9 }).Fit(data, first);
        Assert.IsEmpty(warnings);
        using var some = Dense(new WeightPruning { Sparsity = 0.9, Except = ["layers.linear1.weight"] }).Fit(data, first);
        Assert.HasCount(1, warnings);
        StringAssert.Contains(warnings[0], "WeightPruning does not mask layers.linear1.weight: ");

        // Initial masks of one layer leave the others as they are.
        var masks = WeightMasks.Of(first.Module);
        var pruning = new WeightPruning { Sparsity = 0.9, InitialMasks = new([masks["layers.linear1.weight"]]) };
        using var named = Dense(pruning).Fit(data, first);
        Assert.AreEqual(masks.ActiveCount, named.History!.Events[0].WeightsOn);
    }

    [TestMethod]
    public void Masks_are_pruned_further_from_what_is_inactive_already_and_can_come_back()
    {
        var data = Data();
        using var first = Dense(new WeightPruning { Sparsity = 0.8 }).Fit(data);
        using var sparser = Dense(new WeightPruning { Sparsity = 0.9 }).Fit(data, first);
        var events = sparser.History!.Events;
        Assert.AreEqual("weights, initial", events[0].Kind);
        Assert.IsTrue(events.All(cut => cut.WeightsOn <= 0.2 * cut.Weights + 2), "More weights came back than there are.");
        Assert.AreEqual(0.9, WeightMasks.Of(sparser.Module).Sparsity, 0.005);
        using var denser = Dense(new WeightPruning { Sparsity = 0.5 }).Fit(data, first);
        Assert.AreEqual(0.5, WeightMasks.Of(denser.Module).Sparsity, 0.005);
        using var combined = Dense(new CombinedPruning(Half, new WeightPruning { Sparsity = 0.9 })).Fit(data, first);
        Assert.AreEqual("weights, initial", combined.History!.Events[0].Kind);
        Assert.AreEqual(0.9, WeightMasks.Of(combined.Module).Sparsity, 0.01);
    }

    [TestMethod]
    public void An_autoencoder_is_continued_too()
    {
        var data = Patterns.View(context, 60);
        PrunedVaeEstimator Estimator(double rate) => context.Transforms.PrunedVae(new()
        {
            InputColumnName = "Pixels",
            Channels = [4],
            HiddenSizes = [8],
            LatentSize = 2,
            Epochs = 2,
            BatchSize = 16,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = rate,
            Seed = 3,
        });
        using var first = Estimator(1e-3).Fit(data);
        using var second = Estimator(1e-12).Fit(data, first);
        var (one, other) = (first.Transform(data).GetColumn<float>("Loss").ToArray(), second.Transform(data).GetColumn<float>("Loss").ToArray());
        for (int row = 0; row < one.Length; row++)
            Assert.AreEqual(one[row], other[row], 1e-3);
        Assert.Contains("wanted one PrunedVaeTransformer", Assert.ThrowsExactly<ArgumentException>(() => Estimator(1e-3).Fit(data, Dense().Fit(Data()))).Message);
    }

    [TestMethod]
    public void A_model_of_another_kind_with_other_classes_or_other_features_is_refused()
    {
        var data = Data();
        using var dense = Dense().Fit(data);
        Refused(() => Vit().Fit(data, dense), "is a FeedForward", "continues a Vit");
        var reversed = Patterns.Keys(context, Patterns.View(context, Patterns.Draw(90).Reverse()));
        Refused(() => Dense().Fit(reversed, dense), "Key 1 of label column 'Kind' is 'plain'", "'across'", "the steps before");
        var two = Patterns.Keys(context, Patterns.View(context, Patterns.Draw(90).Where(p => p.Kind != "down")));
        Refused(() => Dense().Fit(two, dense), "has 2 values", "3 classes", "Pretrained");
        var color = Patterns.Keys(context, Patterns.View(context, 30, channels: 3));
        Refused(() => Dense().Fit(color, dense), "192 values", "trained on 64");
        Refused(() => Dense().Fit(data, context.Transforms.CopyColumns("Again", "Kind").Fit(data)), "0 models");
        var tokens = context.Transforms.MergeTokens("Pixels", "Pixels", 8, 8, patchSize: 4, merge: 0).Fit(data).Transform(data);
        using var vit = Vit().Fit(data);
        Assert.Throws<ArgumentException>(() => Vit().Fit(tokens, vit));
        dense.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Dense().Fit(data, dense));

        static void Refused(Func<PrunedModelTransformer> fit, params string[] parts)
        {
            string message = Assert.Throws<ArgumentException>(fit).Message;
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void A_module_with_other_layers_than_the_previous_one_is_refused()
    {
        var data = Data();
        using var first = Module().Fit(data);
        var other = context.MulticlassClassification.Trainers.PrunedModule(() => nn.Sequential(nn.Linear(64, 3)), With(new PrunedModuleTrainer.Options()));
        Assert.Contains("must build what was trained", Assert.ThrowsExactly<InvalidOperationException>(() => other.Fit(data, first)).Message);
    }

    static void AreClose(IDataView expected, IDataView found)
    {
        var (one, other) = (expected.GetColumn<float[]>("Score").ToArray(), found.GetColumn<float[]>("Score").ToArray());
        Assert.HasCount(one.Length, other);
        for (int row = 0; row < one.Length; row++)
            for (int i = 0; i < one[row].Length; i++)
                Assert.AreEqual(one[row][i], other[row][i], 1e-5);
    }
}
