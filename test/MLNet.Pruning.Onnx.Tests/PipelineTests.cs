using System.Text.Json;
using MLNet.Pruning.Tests;
using MLNet.Pruning.Tests.Trainers;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;

namespace MLNet.Pruning.Onnx.Tests;

/// <summary>Pipelines of saved models, exported and scored again.</summary>
[TestClass]
public sealed class PipelineTests
{
    readonly MLContext context = new MLContext(seed: 1).UsePruning();

    ITransformer Load(string name) => context.Model.Load(Path.Combine(AppContext.BaseDirectory, "Models", $"{name}.zip"), out _);

    [TestMethod]
    [DataRow("feedforward")]
    [DataRow("convnet")]
    [DataRow("vit")]
    [DataRow("vae")]
    public void An_export_is_held_against_the_model_where_it_is_made(string name)
    {
        using var folder = new TemporaryFolder();
        var export = context.Model.ExportOnnx(Load(name), folder["model.onnx"], checkWith: Patterns.View(context, 1_200, seed: 5));
        Assert.AreEqual(1_000, export.RowsChecked);
        Assert.IsLessThan(1e-5, export.LargestDifference!.Value / (name == "vae" ? 100 : 1));
        Assert.AreEqual(new FileInfo(folder["model.onnx"]).Length, export.Bytes);
        using var stream = new MemoryStream();
        Assert.IsNull(context.Model.ExportOnnx(Load(name), stream).LargestDifference);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder["model.onnx"]), stream.ToArray());
    }

    [TestMethod]
    public void Labels_come_as_text_and_stand_in_the_metadata()
    {
        using var stream = new MemoryStream();
        var model = Load("feedforward");
        context.Model.ExportOnnx(model, stream);
        using var session = new InferenceSession(stream.ToArray());
        var patterns = Patterns.Draw(30, seed: 4);
        float[] values = [.. patterns.SelectMany(pattern => pattern.Pixels)];
        using var input = OrtValue.CreateTensorValueFromMemory(values, [30, 64]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["Pixels"], [input], ["PredictedLabel"]);
        var mapped = model.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(model.Transform(Patterns.View(context, 1))));
        string[] expected = [.. mapped.Transform(Patterns.View(context, patterns)).GetColumn<ReadOnlyMemory<char>>("PredictedLabel").Select(text => text.ToString())];
        CollectionAssert.AreEqual(expected, results[0].GetStringTensorAsArray());
        var metadata = session.ModelMetadata.CustomMetadataMap;
        CollectionAssert.AreEquivalent(new[] { "across", "down", "plain" }, JsonSerializer.Deserialize<string[]>(metadata["labels"]));
        Assert.IsLessThanOrEqualTo(long.Parse(metadata["weights"]), long.Parse(metadata["active_weights"]));
    }

    [TestMethod]
    [DataRow(28, 28, 7, 0.5, 1, false)]
    [DataRow(12, 15, 3, 7.0, 3, false)]
    [DataRow(10, 11, 4, 0.25, 2, true)]
    [DataRow(9, 9, 3, 0.0, 1, false)]
    public void Merging_alone_merges_the_same_patches(int height, int width, int patch, double merge, int channels, bool pad)
    {
        var random = new Random(3);
        // Plain areas, so that many patches are equally similar or empty.
        Pattern[] images = [.. Enumerable.Range(0, 50).Select(i => new Pattern
        {
            Pixels = [.. Enumerable.Range(0, channels * height * width).Select(p => (p / patch + i) % 3 == 0 ? 0 : i % 5 == 0 ? random.NextSingle() : (p + i) / 7 % 4 * 0.25f)],
        })];
        var data = Patterns.View(context, images);
        var estimator = context.Transforms.MergeTokens(new()
        {
            OutputColumnName = "Tokens",
            InputColumnName = "Pixels",
            ImageHeight = height,
            ImageWidth = width,
            ImageChannels = channels,
            PatchSize = patch,
            Merge = merge,
            Pad = pad,
        });
        var model = estimator.Fit(data);
        using var stream = new MemoryStream();
        var export = context.Model.ExportOnnx(model, stream, checkWith: data);
        Assert.IsLessThan(1e-6, export.LargestDifference!.Value);
        using var session = new InferenceSession(stream.ToArray());
        using var input = OrtValue.CreateTensorValueFromMemory([.. images.SelectMany(image => image.Pixels)], [images.Length, images[0].Pixels.Length]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["Pixels"], [input], ["Tokens.Sources"]);
        int[] expected = [.. model.Transform(data).GetColumn<int[]>("Tokens.Sources").SelectMany(row => row)];
        CollectionAssert.AreEqual(expected, results[0].GetTensorDataAsSpan<int>().ToArray());
    }

    [TestMethod]
    public void An_exported_file_scores_in_a_pipeline_of_ML_NET()
    {
        using var folder = new TemporaryFolder();
        var model = Load("vit");
        context.Model.ExportOnnx(model, folder["model.onnx"]);
        var data = Patterns.View(context, 20, seed: 6);
        var applied = context.Transforms.ApplyOnnxModel(["Score"], ["Pixels"], folder["model.onnx"]).Fit(data).Transform(data);
        var (found, expected) = (applied.GetColumn<float[]>("Score").ToArray(), model.Transform(data).GetColumn<float[]>("Score").ToArray());
        for (int row = 0; row < 20; row++)
            for (int i = 0; i < 3; i++)
                Assert.AreEqual(expected[row][i], found[row][i], 1e-5);
    }

    [TestMethod]
    public void A_step_that_cannot_be_exported_is_refused_by_name()
    {
        var data = Patterns.View(context, 3);
        var model = context.Transforms.NormalizeMinMax("Pixels").Fit(data).Append(Load("feedforward"));
        using var stream = new MemoryStream();
        StringAssert.Contains(Assert.Throws<NotSupportedException>(() => context.Model.ExportOnnx(model, stream)).Message, "NormalizingTransformer");
        Assert.AreEqual(0, stream.Length);
    }
}
