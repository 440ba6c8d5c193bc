using System.Text.Json;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class PyTorchTests
{
    sealed record Reference(double[] Losses, float[][] Parameters, int Clipped);

    // The hyperbolic tangent has no kink. At a ReLU's, the rounding of a batch in one piece or in two decides whether a row has a gradient, and the weights part by far more.
    [TestMethod]
    [DataRow(OptimizerKind.Adam, 0.01, 0.0, 1, null)]
    [DataRow(OptimizerKind.Adam, 0.01, 0.0, 2, null)]
    [DataRow(OptimizerKind.AdamW, 0.01, 0.0, 2, 0.2)]
    [DataRow(OptimizerKind.Sgd, 0.05, 0.9, 2, 0.2)]
    [DataRow(OptimizerKind.Sgd, 0.05, 0.9, 2, null)]
    [DataRow(OptimizerKind.Sgd, 0.05, 0.9, 2, null, true)]
    [DataRow(OptimizerKind.RmsProp, 0.001, 0.5, 2, null)]
    public void Losses_equal_PyTorchs_step_for_step(OptimizerKind kind, double rate, double momentum, int replicas, double? clip, bool nesterov = false)
    {
        var rows = Rows.Blobs(150, 20, 5);
        var blueprint = new FeedForwardBlueprint([20, 16, 11, 5], Activation.Tanh);
        random.manual_seed(11);
        using var model = blueprint.Build();
        var options = new TrainingOptions { Epochs = 5, BatchSize = 32, Shuffle = false, Replicas = replicas, Optimizer = kind, LearningRate = rate, WeightDecay = 0.01, Momentum = momentum, Nesterov = nesterov, GradientClipNorm = clip, HistoryInterval = 1 };

        var x = new float[150 * 20];
        for (var i = 0; i < 150; i++)
            rows.Row(i, x.AsSpan(20 * i, 20));
        var job = JsonSerializer.Serialize(new
        {
            blueprint.Sizes,
            Parameters = model.parameters().Select(p => p.data<float>().ToArray()),
            X = x,
            Y = Enumerable.Range(0, 150).Select(rows.Label),
            Rate = rate,
            Decay = 0.01,
            Momentum = momentum,
            Nesterov = nesterov,
            Optimizer = kind.ToString(),
            Epochs = 5,
            Batch = 32,
            Clip = clip,
        }, JsonSerializerOptions.Web);
        var path = Path.GetTempFileName();
        Reference reference;
        try
        {
            File.WriteAllText(path, job);
            reference = Python.Json<Reference>("train.py", path);
        }
        finally
        {
            File.Delete(path);
        }

        var result = new TrainingLoop(options).Run(new TrainingTask { Model = model, Copy = blueprint.Build, Examples = rows, Objective = new CrossEntropy(5) });
        Assert.HasCount(25, reference.Losses);
        Assert.AreEqual(clip is null ? 0 : 25, reference.Clipped, "steps whose gradients were longer than the norm they are cut to");
        for (var i = 0; i < reference.Losses.Length; i++)
            Assert.AreEqual(reference.Losses[i], result.History.Steps[i].Loss, 1e-5, $"step {i}");
        foreach (var (expected, parameter) in reference.Parameters.Zip(model.parameters()))
            foreach (var (a, b) in expected.Zip(parameter.data<float>().ToArray()))
                Assert.AreEqual(a, b, 1e-5f);
    }
}
