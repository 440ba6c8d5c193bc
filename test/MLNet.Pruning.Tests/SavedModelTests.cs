using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class SavedModelTests
{
    [TestMethod]
    public void A_saved_pipeline_predicts_the_same_after_loading()
    {
        using var folder = new TemporaryFolder();
        var (expected, names) = TrainAndSave(folder["model.zip"]);

        var context = new MLContext().UsePruning();
        var loaded = context.Model.Load(folder["model.zip"], out var schema);
        Assert.IsNotNull(schema.GetColumnOrNull("Petals"));
        var scored = loaded.Transform(Flowers.View(context, 30, seed: 5));
        AssertSame(expected, [.. scored.GetColumn<float[]>("Score")]);
        CollectionAssert.AreEqual(names, scored.GetColumn<string>("PredictedKind").ToArray());

        using var engine = context.Model.CreatePredictionEngine<Flower, FlowerGuess>(loaded);
        Assert.AreEqual(names[4], engine.Predict(Flowers.Pick(30, seed: 5)[4]).PredictedKind);
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Saving_what_was_loaded_gives_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var (expected, _) = TrainAndSave(folder["first.zip"]);
        var context = new MLContext().UsePruning();
        var first = context.Model.Load(folder["first.zip"], out var schema);
        context.Model.Save(first, schema, folder["second.zip"]);
        var second = new MLContext().UsePruning().UsePruning().Model.Load(folder["second.zip"], out _);
        AssertSame(expected, [.. second.Transform(Flowers.View(context, 30, seed: 5)).GetColumn<float[]>("Score")]);
    }

    [TestMethod]
    public void A_context_that_made_a_trainer_loads_without_being_told()
    {
        using var folder = new TemporaryFolder();
        TrainAndSave(folder["model.zip"]);
        var context = new MLContext();
        FeedForwardPipelineTests.Trainer(context);
        Assert.IsNotNull(context.Model.Load(folder["model.zip"], out _));
    }

    [TestMethod]
    public void A_model_alone_goes_through_a_stream()
    {
        var context = new MLContext(seed: 1);
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 120));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [8, 5], epochs: 2).Fit(keys);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        using var again = PrunedModelTransformer.ReadFrom(context, stream);
        Assert.AreEqual(stream.Length, stream.Position);
        AssertSame([.. model.Transform(keys).GetColumn<float[]>("Score")], [.. again.Transform(keys).GetColumn<float[]>("Score")]);
        Assert.AreEqual(model.Transform(keys).Schema.ToString(), again.Transform(keys).Schema.ToString());
        Assert.AreEqual("Petals", again.FeatureColumnName);
    }

    [TestMethod]
    public void The_file_is_the_same_on_every_stack()
    {
        // Weights set by hand, so that the bytes depend on the format alone.
        var context = new MLContext(seed: 1);
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 120));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [2], epochs: 1).Fit(keys);
        foreach (var (_, parameter) in model.Module.named_parameters())
        {
            using var off = TorchSharp.torch.no_grad();
            using TorchSharp.Scalar quarter = 0.25;
            parameter.fill_(quarter);
        }
        Assert.AreEqual("930C5DCAD3F5969C29C26AB5D8E889590987BE06C728DC4207E1D94A243570B3", Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(ModelBytes.WithoutHistory(model))));
    }

    [TestMethod]
    public void A_model_cut_short_or_damaged_anywhere_is_refused()
    {
        var context = new MLContext(seed: 1);
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 120));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [2], epochs: 1).Fit(keys);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        byte[] whole = stream.ToArray();
        for (int length = 0; length < whole.Length; length += 13)
            AssertRefused(context, whole[..length]);
        for (int position = 0; position < whole.Length; position += 7)
        {
            byte[] damaged = [.. whole];
            damaged[position] ^= 0x40;
            AssertRefused(context, damaged);
        }
    }

    [TestMethod]
    public void Another_version_is_named()
    {
        var context = new MLContext(seed: 1);
        var keys = FeedForwardPipelineTests.Keys(context, Flowers.View(context, 120));
        using var model = context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Petals", [2], epochs: 1).Fit(keys);
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        byte[] later = stream.ToArray();
        later[8] = 9;
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => PrunedModelTransformer.ReadFrom(context, new MemoryStream(later)));
        StringAssert.Contains(failure.Message, "version 9");
        StringAssert.Contains(failure.Message, "version 1");
    }

    [TestMethod]
    public void A_damaged_model_inside_a_pipeline_says_what_is_wrong()
    {
        using var folder = new TemporaryFolder();
        TrainAndSave(folder["model.zip"]);
        Damage(folder["model.zip"], "Model.pruned", content => content.SetLength(content.Length - 10));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => new MLContext().UsePruning().Model.Load(folder["model.zip"], out _));
        StringAssert.Contains(failure.Message, "truncated");
    }

    [TestMethod]
    public void A_loader_of_rows_saved_with_the_model_leaves_the_message_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var loader = context.Data.CreateTextLoader([new("Kind", DataKind.String, 0), new("Petals", DataKind.Single, 1, 4)]);
        using var model = FeedForwardPipelineTests.Pipeline(context).Fit(Flowers.View(context, 90));
        context.Model.Save(model, loader, folder["model.zip"]);
        Assert.IsNotNull(new MLContext().UsePruning().Model.Load(folder["model.zip"], out _));
        Damage(folder["model.zip"], "Model.pruned", content => content.SetLength(content.Length - 10));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => new MLContext().UsePruning().Model.Load(folder["model.zip"], out _));
        StringAssert.Contains(failure.Message, "truncated");
    }

    [TestMethod]
    public void A_context_that_was_not_told_says_so_by_the_model_it_cannot_load()
    {
        using var folder = new TemporaryFolder();
        TrainAndSave(folder["model.zip"]);
        var failure = Assert.Throws<Exception>(() => new MLContext().Model.Load(folder["model.zip"], out _));
        // ML.NET's own words, which docs/models.md explains: none of this library's code has run by then.
        Assert.AreEqual("Error during class instantiation", failure.Message);
        StringAssert.Contains(failure.GetBaseException().Message, "Couldn't load model");
    }

    [TestMethod]
    [DataRow("MLNet.Pruning.Classifier")]
    [DataRow("MLNet.Pruning.Tokens")]
    public void A_model_of_a_version_to_come_is_refused_by_its_header(string loader)
    {
        using var folder = new TemporaryFolder();
        var context = new MLContext(seed: 1);
        var data = Trainers.Patterns.Keys(context, Trainers.Patterns.View(context, 30));
        using var model = context.Transforms.MergeTokens("Tokens", "Pixels", 8, 8)
            .Append(context.MulticlassClassification.Trainers.PrunedFeedForward("Kind", "Tokens", [2], epochs: 1)).Fit(data);
        context.Model.Save(model, data.Schema, folder["model.zip"]);
        // ML.NET's ModelHeader: the loader's name at 0x50; the versions that wrote and can read at 0x48 and 0x4C.
        Damage(folder["model.zip"], "Model.key", content =>
        {
            var header = new byte[0x68];
            content.ReadExactly(header);
            if (System.Text.Encoding.ASCII.GetString(header.AsSpan(0x50, loader.Length)) != loader)
                return;
            content.Position = 0x48;
            content.Write([9, 0, 1, 0, 2, 0, 1, 0]);
        });
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => new MLContext().UsePruning().Model.Load(folder["model.zip"], out _));
        StringAssert.Contains(failure.Message, loader);
        StringAssert.Contains(failure.Message, "version 1.2");
        StringAssert.Contains(failure.Message, "up to 1.1");
    }

    [TestMethod]
    public void After_its_disposal_a_model_says_so_whoever_asks()
    {
        var context = new MLContext(seed: 1);
        var train = Flowers.View(context, 90);
        var model = FeedForwardPipelineTests.Pipeline(context).Append(context.Transforms.Conversion.MapKeyToValue("PredictedKind", "PredictedLabel")).Fit(train);
        using var engine = context.Model.CreatePredictionEngine<Flower, FlowerGuess>(model);
        model.Dispose();
        Action[] uses =
        [
            () => engine.Predict(Flowers.Pick(1)[0]),
            () => _ = model.Transform(train).GetColumn<float[]>("Score").First(),
            () => model.Transform(train).Preview(1),
            () => context.Model.Save(model, train.Schema, new MemoryStream()),
            () => context.Model.CreatePredictionEngine<Flower, FlowerGuess>(model).Predict(Flowers.Pick(1)[0]),
        ];
        foreach (var use in uses)
            StringAssert.Contains(Assert.ThrowsExactly<ObjectDisposedException>(use).Message, nameof(PrunedModelTransformer));
    }

    static (float[][] Scores, string[] Names) TrainAndSave(string path)
    {
        var context = new MLContext(seed: 1);
        var train = Flowers.View(context, 300);
        using var model = FeedForwardPipelineTests.Pipeline(context).Append(context.Transforms.Conversion.MapKeyToValue("PredictedKind", "PredictedLabel")).Fit(train);
        context.Model.Save(model, train.Schema, path);
        var scored = model.Transform(Flowers.View(context, 30, seed: 5));
        return ([.. scored.GetColumn<float[]>("Score")], [.. scored.GetColumn<string>("PredictedKind")]);
    }

    static void Damage(string file, string name, Action<Stream> change)
    {
        using var zip = System.IO.Compression.ZipFile.Open(file, System.IO.Compression.ZipArchiveMode.Update);
        foreach (var entry in zip.Entries.Where(entry => entry.FullName.Replace('\\', '/').EndsWith("/" + name, StringComparison.Ordinal)).ToArray())
        {
            using var content = entry.Open();
            change(content);
        }
    }

    static void AssertRefused(MLContext context, byte[] bytes) =>
        Assert.ThrowsExactly<InvalidDataException>(() => PrunedModelTransformer.ReadFrom(context, new MemoryStream(bytes)));

    static void AssertSame(float[][] expected, float[][] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int row = 0; row < expected.Length; row++)
            CollectionAssert.AreEqual(expected[row], found[row]);
    }
}
