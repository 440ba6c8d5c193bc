using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Pipelines that train and score on a CUDA device, and whose models are saved for machines without one. Needs one.</summary>
[TestClass]
[DoNotParallelize]
[TestCategory("Cuda")]
public sealed class CudaPipelineTests
{
    readonly MLContext context = new(seed: 1) { GpuDeviceId = 0 };

    [TestInitialize]
    public void Look()
    {
        if (!torch.cuda.is_available())
            Assert.Inconclusive("LibTorch finds no CUDA device here.");
    }

    static NeuronPruning Neurons => new() { Importance = new Contribution(), Schedule = Schedule.Stepwise(2, 1, 0.2, 0.4) };

    [TestMethod]
    public void A_network_trained_on_the_device_of_the_context_scores_there_and_after_loading_on_the_CPU()
    {
        var train = context.Data.SynthesizeDigits(2_000, seed: 1);
        var test = context.Data.SynthesizeDigits(300, seed: 2);
        AreSame(test, train, context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward(new() { FeatureColumnName = "Pixels", Epochs = 6, Pruning = Neurons })), 0.5);
        AreSame(test, train, context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.MulticlassClassification.Trainers.PrunedConvNet(new() { FeatureColumnName = "Pixels", Channels = [8, 16], HiddenSizes = [32], Epochs = 5, LearningRate = 0.003, Pruning = Neurons })), 0.7);
        AreSame(test, train, context.Transforms.Conversion.MapValueToKey("Label")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", imageHeight: 28, imageWidth: 28))
            .Append(context.MulticlassClassification.Trainers.PrunedVit(new() { FeatureColumnName = "Tokens", Dim = 32, Depth = 2, Epochs = 8, BatchSize = 32, LearningRate = 0.003, Pruning = new WeightPruning { Sparsity = 0.5, Every = 20 } })), 0.3);
    }

    [TestMethod]
    public void An_autoencoder_trains_and_scores_there()
    {
        var data = Patterns.View(context, 120);
        using var folder = new TemporaryFolder();
        using var model = context.Transforms.PrunedVae(new PrunedVaeEstimator.Options { InputColumnName = "Pixels", Channels = [4, 6], HiddenSizes = [24, 16], LatentSize = 3, Epochs = 5, BatchSize = 16, Device = "cuda:0", Pruning = Neurons }).Fit(data);
        Assert.IsTrue(model.Module.parameters().All(p => p.is_cuda));
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        var loaded = new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        var (near, far) = (loaded.Transform(data).GetColumn<float[]>("Latent").SelectMany(l => l).ToArray(), model.Transform(data).GetColumn<float[]>("Latent").SelectMany(l => l).ToArray());
        for (var i = 0; i < near.Length; i++)
            Assert.AreEqual(near[i], far[i], 0.005f);
    }

    void AreSame(IDataView test, IDataView train, EstimatorChain<PrunedModelTransformer> pipeline, double accuracy)
    {
        using var folder = new TemporaryFolder();
        using var model = pipeline.Fit(train);
        var there = model.Transform(test);
        Assert.IsGreaterThan(accuracy, context.MulticlassClassification.Evaluate(there).MicroAccuracy);
        context.Model.Save(model, train.Schema, folder["model.zip"]);
        using var loaded = (TransformerChain<ITransformer>)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        using var again = (TransformerChain<ITransformer>)new MLContext { GpuDeviceId = 0 }.UsePruning().Model.Load(folder["model.zip"], out _);
        var expected = there.GetColumn<float[]>("Score").SelectMany(s => s).ToArray();
        foreach (var other in new[] { loaded, again })
            foreach (var (a, b) in expected.Zip(other.Transform(test).GetColumn<float[]>("Score").SelectMany(s => s)))
                Assert.AreEqual(a, b, 0.01f);
    }
}
