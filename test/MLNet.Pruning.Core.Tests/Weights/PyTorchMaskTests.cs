using System.Text.Json;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
[DoNotParallelize]
public sealed class PyTorchMaskTests
{
    sealed record Reference(double[] Losses, long[] Counts, long[] Reactivated, bool[][] Masks, float[][] Dense, float[][] Parameters);

    [TestMethod]
    [DataRow(OptimizerKind.Adam, Reactivation.Persistent, "largest", "magnitude", "layer", 1, null, 0)]
    [DataRow(OptimizerKind.AdamW, Reactivation.Persistent, "largest", "magnitude", "global", 2, 0.5, 0)]
    [DataRow(OptimizerKind.Sgd, Reactivation.Persistent, "largest", "product", "layer", 2, null, 0)]
    [DataRow(OptimizerKind.Adam, Reactivation.Persistent, "largest", "magnitude", "layer", 2, null, 0.01)]
    [DataRow(OptimizerKind.Sgd, Reactivation.Persistent, "regrowth", "magnitude", "global", 1, null, 0.1)]
    [DataRow(OptimizerKind.Adam, Reactivation.Frozen, "largest", "magnitude", "layer", 2, 0.5, 0)]
    [DataRow(OptimizerKind.Sgd, Reactivation.Frozen, "largest", "product", "global", 1, null, 0)]
    [DataRow(OptimizerKind.Adam, Reactivation.Frozen, "regrowth", "magnitude", "layer", 2, null, 0)]
    [DataRow(OptimizerKind.Sgd, Reactivation.Persistent, "regrowth", "magnitude", "layer", 1, null, 0)]
    public void A_hundred_steps_equal_PyTorchs_under_masks_laid_by_hand(OptimizerKind kind, Reactivation reactivation, string rule, string criterion, string distribution, int replicas, double? clip, double fading)
    {
        var rows = Rows.Blobs(150, 20, 5);
        var blueprint = new FeedForwardBlueprint([20, 16, 11, 5]);
        random.manual_seed(11);
        using var model = blueprint.Build();
        var momentum = kind == OptimizerKind.Sgd ? 0.9 : 0;
        var rate = kind == OptimizerKind.Sgd ? 0.05 : 0.01;
        var reference = Ask(new
        {
            blueprint.Sizes,
            Parameters = model.parameters().Select(p => p.data<float>().ToArray()),
            X = Enumerable.Range(0, 150).SelectMany(i => Features(rows, i)).ToArray(),
            Y = Enumerable.Range(0, 150).Select(rows.Label),
            Rate = rate,
            Decay = 0.001,
            Optimizer = kind.ToString(),
            Batch = 32,
            Clip = clip,
            Persistent = reactivation == Reactivation.Persistent,
            Fading = fading,
            Rule = rule,
            Criterion = criterion,
            Distribution = distribution,
            Start = 5,
            End = 61,
            Target = 0.8,
            Every = 7,
            Total = 100,
        });

        var pruning = new WeightPruning
        {
            Sparsity = 0.8,
            Schedule = Schedule.Cubic(5, 61, 0.8),
            Every = 7,
            Reactivation = reactivation,
            InactiveDecay = fading,
            Rule = rule == "largest" ? MaskRule.Largest : MaskRule.Regrowth(0.3),
            Criterion = criterion == "product" ? new MagnitudeTimesGradient() : new Magnitude(),
            Distribution = distribution == "global" ? MaskDistribution.Global : MaskDistribution.PerLayer,
        };
        var dense = new float[3][];
        var options = new TrainingOptions
        {
            Epochs = 20,
            BatchSize = 32,
            Shuffle = false,
            Replicas = replicas,
            Optimizer = kind,
            LearningRate = rate,
            WeightDecay = 0.001,
            Momentum = momentum,
            GradientClipNorm = clip,
            HistoryInterval = 1,
            Hooks = [pruning.Begin(), new Hook { OnAfterEpoch = run => dense = [.. Enumerable.Range(0, 3).Select(run.Find<MaskedWeights>()!.Dense)] }],
        };
        var result = new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = rows, Objective = new CrossEntropy(5) });

        var worst = reference.Losses.Zip(result.History.Steps, (a, b) => Math.Abs(a - b.Loss)).Max();
        Assert.HasCount(100, reference.Losses);
        Assert.IsLessThan(1e-5, worst);
        CollectionAssert.AreEqual(reference.Counts, result.History.Events.Select(e => e.WeightsOn!.Value).ToArray());
        CollectionAssert.AreEqual(reference.Reactivated, result.History.Events.Select(e => e.Reactivated!.Value).ToArray());
        Assert.IsGreaterThan(0, reference.Reactivated.Sum());
        for (var l = 0; l < 3; l++)
        {
            CollectionAssert.AreEqual(reference.Masks[l], result.Masks!.Masks[l].Active.ToArray());
            Close(reference.Dense[l], dense[l]);
        }
        foreach (var (expected, parameter) in reference.Parameters.Zip(model.parameters()))
            Close(expected, parameter.data<float>().ToArray());
    }

    static void Close(float[] expected, float[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-4f);
    }

    static float[] Features(Rows rows, int row)
    {
        var features = new float[20];
        rows.Row(row, features);
        return features;
    }

    static Reference Ask(object job)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(job, JsonSerializerOptions.Web));
            return Python.Json<Reference>("masks.py", path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
