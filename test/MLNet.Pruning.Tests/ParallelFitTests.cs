using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

/// <summary>A server that trains for several users at a time.</summary>
[TestClass]
public sealed class ParallelFitTests
{
    [TestMethod]
    public void Eight_fits_at_a_time_with_one_seed_give_the_same_model()
    {
        var scores = new float[8][];
        Parallel.For(0, scores.Length, new() { MaxDegreeOfParallelism = scores.Length }, i =>
        {
            var context = new MLContext();
            var view = Flowers.View(context, 120);
            var keys = context.Transforms.Conversion.MapValueToKey("Kind").Fit(view).Transform(view);
            using var model = context.MulticlassClassification.Trainers.PrunedFeedForward(new()
            {
                LabelColumnName = "Kind",
                FeatureColumnName = "Petals",
                HiddenSizes = [64, 32],
                Epochs = 3,
                Seed = 5,
                Pruning = new NeuronPruning { Schedule = Schedule.Stepwise(1, 1, 0.2, 0.4) },
            }).Fit(keys);
            scores[i] = [.. model.Transform(keys).GetColumn<float[]>("Score").SelectMany(row => row)];
        });
        foreach (float[] other in scores)
            CollectionAssert.AreEqual(scores[0], other);
    }
}
