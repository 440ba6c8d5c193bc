using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>ML.NET's permutation feature importance on models of this library. The data say which features count.</summary>
[TestClass]
public sealed class FeatureImportanceTests
{
    static readonly MLContext context = new MLContext(seed: 1).UsePruning();

    static readonly string[] signal = ["Rooms", "Area", "Age", "Distance"];

    static PrunedFeedForwardTrainer.Options Options(string label) => new()
    {
        LabelColumnName = label,
        HiddenSizes = [24],
        Epochs = 12,
        BatchSize = 32,
        LearningRate = 0.005,
        Seed = 1,
        Pruning = new NeuronPruning { Schedule = Schedule.Stepwise(maturity: 3, every: 1, amount: 0.2, target: 0.25) },
    };

    static void SignalCounts(IReadOnlyDictionary<string, double> losses)
    {
        CollectionAssert.AreEquivalent(Houses.Features, losses.Keys.ToArray());
        foreach (var (name, loss) in losses)
            Assert.AreEqual(signal.Contains(name), loss > 0.02, $"{name}: {loss}");
        Assert.AreEqual(losses.Values.Max(), Math.Max(losses["Rooms"], losses["Area"]));
    }

    [TestMethod]
    public void Of_a_regressor_by_itself_in_a_pipeline_and_loaded()
    {
        var (data, test) = (Houses.View(context, 1_000), Houses.View(context, 400, seed: 2));
        using var model = context.Regression.Trainers.PrunedFeedForward(Options("Price")).Fit(data);

        var alone = context.Regression.PermutationFeatureImportance(model, test, "Price");
        SignalCounts(alone.Select((metrics, i) => (Houses.Features[i], metrics)).ToDictionary(p => p.Item1, p => -p.metrics.RSquared.Mean));
        SignalCounts(context.Regression.PermutationFeatureImportance((ITransformer)model, test, "Price").ToDictionary(p => p.Key, p => -p.Value.RSquared.Mean));

        using var file = new MemoryStream();
        context.Model.Save(context.Transforms.CopyColumns("Answer", "Score").Fit(model.Transform(data)) is var after
            ? new TransformerChain<ITransformer>(model, after) : null, data.Schema, file);
        file.Position = 0;
        var other = new MLContext(seed: 1).UsePruning();
        var loaded = other.Model.Load(file, out _);
        SignalCounts(other.Regression.PermutationFeatureImportance(loaded, test, "Price", permutationCount: 2).ToDictionary(p => p.Key, p => -p.Value.RSquared.Mean));
    }

    [TestMethod]
    public void Of_a_binary_classifier_by_itself_and_in_a_pipeline()
    {
        var (data, test) = (Houses.View(context, 1_000), Houses.View(context, 400, seed: 2));
        using var model = context.BinaryClassification.Trainers.PrunedFeedForward(Options("Luxury")).AppendCacheCheckpoint(context).Fit(data);

        var alone = context.BinaryClassification.PermutationFeatureImportance(model.LastTransformer, test, "Luxury");
        SignalCounts(alone.Select((metrics, i) => (Houses.Features[i], metrics)).ToDictionary(p => p.Item1, p => -p.metrics.AreaUnderRocCurve.Mean));
        SignalCounts(context.BinaryClassification.PermutationFeatureImportanceNonCalibrated(model, test, "Luxury").ToDictionary(p => p.Key, p => -p.Value.AreaUnderRocCurve.Mean));
    }

    [TestMethod]
    public void Of_a_multiclass_classifier_by_itself_and_in_a_pipeline()
    {
        var pipeline = context.Transforms.Conversion.MapValueToKey("Kind");
        var (data, test) = (Houses.View(context, 1_000), Houses.View(context, 400, seed: 2));
        using var model = pipeline.Append(context.MulticlassClassification.Trainers.PrunedFeedForward(Options("Kind")))
            .Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        var keys = model.First().Transform(test);

        var alone = context.MulticlassClassification.PermutationFeatureImportance(model.OfType<PrunedModelTransformer>().Single(), keys, "Kind");
        SignalCounts(alone.Select((metrics, i) => (Houses.Features[i], metrics)).ToDictionary(p => p.Item1, p => -p.metrics.MicroAccuracy.Mean));
        SignalCounts(context.MulticlassClassification.PermutationFeatureImportance(model, keys, "Kind").ToDictionary(p => p.Key, p => -p.Value.MicroAccuracy.Mean));
    }
}
