using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests;

/// <summary>Pipelines as they are trained: what a predictor and an ONNX file make of them.</summary>
[TestClass]
public sealed class OnnxPipelineTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(0.0)]
    public void A_network_that_knows_nothing_of_tokens_reads_their_values(double merge)
    {
        var data = Patterns.View(context, 60);
        var pipeline = context.Transforms.Conversion.MapValueToKey("Kind")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 4, merge: merge))
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Tokens", hiddenSizes: [5], epochs: 2));
        using var model = pipeline.Fit(data);
        var expected = model.Transform(data).GetColumn<float[]>("Score").ToArray();
        var predictor = context.Model.CreatePredictor<Pattern, Scores>(model);
        foreach (var (pattern, score) in Patterns.Draw(60).Zip(expected))
            CollectionAssert.AreEqual(score, predictor.Predict(pattern).Score);
        Agrees(model, data, 60);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.5)]
    public void A_vision_transformer_of_images_cuts_the_values_of_tokens_as_an_image(double merge)
    {
        var data = Patterns.View(context, 60);
        var images = context.Transforms.CopyColumns("Features", "Pixels").Fit(data).Transform(data);
        using var vit = context.Transforms.Conversion.MapValueToKey("Kind").Append(context.MulticlassClassification.Trainers.PrunedVit(
            new() { LabelColumnName = "Kind", FeatureColumnName = "Features", PatchSize = 2, Merge = merge, Depth = 1, Epochs = 1 })).Fit(images);
        var model = context.Transforms.MergeTokens("Features", "Pixels", 8, 8, patchSize: 4, merge: 0).Fit(data).Append(vit.LastTransformer);
        Agrees(model, data, 60);
    }

    [TestMethod]
    public void A_transformer_of_tokens_is_checked_by_itself()
    {
        var data = Patterns.View(context, 60);
        using var model = context.Transforms.Conversion.MapValueToKey("Kind")
            .Append(context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 2))
            .Append(context.MulticlassClassification.Trainers.PrunedVit("Kind", "Tokens", epochs: 1)).Fit(data);
        Agrees(model.LastTransformer, model.Transform(data), 60);
        Agrees(model, WithoutKind(), 60);
    }

    [TestMethod]
    public void An_autoencoders_outputs_have_the_names_of_its_columns()
    {
        var data = Patterns.View(context, 40);
        using var model = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", LatentColumnName = "Code", ReconstructionColumnName = "Again", LossColumnName = "Oddity", Channels = [4], HiddenSizes = [9], LatentSize = 3, Epochs = 1 }).Fit(data);
        Agrees(model, data, 40);
        using var stream = new MemoryStream();
        context.Model.ExportOnnx(model, stream);
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(stream.ToArray());
        CollectionAssert.AreEqual(new[] { "Code", "Again", "Oddity" }, session.OutputNames.ToArray());
    }

    [TestMethod]
    public void Regressors_give_their_number_and_binary_classifiers_logit_answer_and_probability()
    {
        var data = Houses.View(context, 60);
        using var regressor = context.Regression.Trainers.PrunedFeedForward("Price", hiddenSizes: [9], epochs: 2).Fit(data);
        using var binary = context.BinaryClassification.Trainers.PrunedFeedForward("Luxury", hiddenSizes: [9], epochs: 2).Fit(data);
        using var module = context.Regression.Trainers.PrunedModule(() => nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1)), new() { LabelColumnName = "Price", ModuleName = "price", Epochs = 1 }).Fit(data);
        Agrees(binary, data, 60);
        foreach (var prices in new[] { regressor, module })
        {
            using var folder = new TemporaryFolder();
            Assert.IsLessThan(0.5, context.Model.ExportOnnx(prices, folder["price.onnx"], checkWith: data).LargestDifference!.Value);
        }

        using MemoryStream numbers = new(), answers = new();
        context.Model.ExportOnnx(regressor, numbers);
        context.Model.ExportOnnx(binary, answers);
        using var one = new Microsoft.ML.OnnxRuntime.InferenceSession(numbers.ToArray());
        using var three = new Microsoft.ML.OnnxRuntime.InferenceSession(answers.ToArray());
        CollectionAssert.AreEqual(new[] { "Score" }, one.OutputNames.ToArray());
        CollectionAssert.AreEqual(new[] { "Score", "PredictedLabel", "Probability" }, three.OutputNames.ToArray());
        float[] values = [.. Houses.Draw(60).SelectMany(row => row.Features)];
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(values, [60, 6]);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var results = three.Run(options, ["Features"], [input], ["PredictedLabel"]);
        CollectionAssert.AreEqual(binary.Transform(data).GetColumn<bool>("PredictedLabel").ToArray(), results[0].GetTensorDataAsSpan<bool>().ToArray());
    }

    [TestMethod]
    public void A_column_that_is_read_and_written_cannot_be_exported()
    {
        var data = Patterns.View(context, 3);
        var model = context.Transforms.MergeTokens("Pixels", null, 8, 8).Fit(data);
        using var stream = new MemoryStream();
        StringAssert.Contains(Assert.Throws<NotSupportedException>(() => context.Model.ExportOnnx(model, stream)).Message, "'Pixels'");
    }

    [TestMethod]
    public void The_converter_of_ML_NET_says_what_to_call_instead()
    {
        var (patterns, houses) = (Patterns.View(context, 30), Houses.View(context, 30));
        var conversion = context.Transforms.Conversion;
        using var classifier = conversion.MapValueToKey("Kind")
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Pixels", hiddenSizes: [5], epochs: 1))
            .Append(conversion.MapKeyToValue("PredictedLabel")).Fit(patterns);
        using var binary = context.BinaryClassification.Trainers.PrunedFeedForward("Luxury", hiddenSizes: [5], epochs: 1).Fit(houses);
        using var regressor = context.Regression.Trainers.PrunedFeedForward("Price", hiddenSizes: [5], epochs: 1).Fit(houses);
        using var vae = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", Channels = [4], HiddenSizes = [9], LatentSize = 3, Epochs = 1 }).Fit(patterns);
        var merging = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8, patchSize: 4).Fit(patterns);
        var behind = context.Transforms.NormalizeMinMax("Pixels").Fit(patterns).Append(vae);
        Refused(classifier, patterns, "a PrunedModelTransformer");
        Refused(binary, houses, "a PrunedModelTransformer");
        Refused(regressor, houses, "a PrunedModelTransformer");
        Refused(vae, patterns, "a PrunedVaeTransformer");
        Refused(behind, patterns, "a PrunedVaeTransformer");
        Refused(merging, patterns, "a TokenMergingTransformer");

        void Refused(ITransformer model, IDataView data, string name)
        {
            using var stream = new MemoryStream();
            string message = Assert.ThrowsExactly<NotSupportedException>(() => context.Model.ConvertToOnnx(model, data, stream)).Message;
            StringAssert.Contains(message, $"ConvertToOnnx cannot write {name}");
            StringAssert.Contains(message, "Call mlContext.Model.ExportOnnx(");
            Assert.AreEqual(0, stream.Length);
        }
    }

    [TestMethod]
    public void The_converter_of_ML_NET_writes_pipelines_without_ours_as_before()
    {
        var data = context.Data.LoadFromEnumerable(Patterns.Draw(30).Select(pattern => new Image { Pixels = pattern.Pixels }).ToArray());
        var model = context.Transforms.NormalizeMinMax("Pixels", fixZero: false).Fit(data);
        Assert.IsLessThan(1e-6, Largest(model, data));
        // What ours has computed may be the input of such a pipeline; the converter walks on through the input unless it is cached.
        using var vae = context.Transforms.PrunedVae(new() { InputColumnName = "Pixels", Channels = [4], HiddenSizes = [9], LatentSize = 3, Epochs = 1 }).Fit(data);
        var scored = context.Data.Cache(vae.Transform(data));
        Assert.IsLessThan(1e-6, Largest(context.Transforms.NormalizeMinMax("Pixels", fixZero: false).Fit(scored), scored));

        double Largest(ITransformer model, IDataView data)
        {
            using var stream = new MemoryStream();
            context.Model.ConvertToOnnx(model, data, stream, "Pixels");
            using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(stream.ToArray());
            var expected = model.Transform(data).GetColumn<float[]>("Pixels").ToArray();
            var rows = data.GetColumn<float[]>("Pixels").ToArray();
            return Enumerable.Range(0, rows.Length).Max(row =>
            {
                var inputs = session.InputMetadata.Select(one => Microsoft.ML.OnnxRuntime.NamedOnnxValue.CreateFromTensor(one.Key,
                    new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<float>(one.Key == "Pixels" ? rows[row] : new float[one.Value.Dimensions[^1]], [1, one.Value.Dimensions[^1]])));
                using var results = session.Run([.. inputs], ["Pixels.output"]);
                return results[0].AsEnumerable<float>().Zip(expected[row]).Max(pair => Math.Abs(pair.First - pair.Second));
            });
        }
    }

    [TestMethod]
    public void An_export_into_a_missing_folder_or_onto_one_names_it()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.View(context, 3);
        var model = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8).Fit(data);
        string missing = Assert.ThrowsExactly<DirectoryNotFoundException>(() => context.Model.ExportOnnx(model, folder["models/model.onnx"])).Message;
        StringAssert.Contains(missing, $"there is no folder '{Path.GetFullPath(folder["models"])}'");
        Directory.CreateDirectory(folder["models"]);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => context.Model.ExportOnnx(model, folder["models"])).Message, "it is a folder");
    }

    IDataView WithoutKind() => context.Transforms.DropColumns("Kind").Fit(Patterns.View(context, 60)).Transform(Patterns.View(context, 60));

    void Agrees(ITransformer model, IDataView data, int rows)
    {
        using var folder = new TemporaryFolder();
        var export = context.Model.ExportOnnx(model, folder["model.onnx"], checkWith: data);
        Assert.AreEqual(rows, export.RowsChecked);
        Assert.IsLessThan(1e-4, export.LargestDifference!.Value);
    }

    sealed class Image
    {
        [VectorType(Patterns.Side * Patterns.Side)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Scores
    {
        public float[] Score { get; set; } = [];
    }
}
