using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Trainers;

/// <summary>Trainers that start from a file of weights.</summary>
[TestClass]
[DoNotParallelize]
public sealed class PretrainedOptionTests
{
    readonly MLContext context = new(seed: 1);

    [TestMethod]
    public void A_transformer_of_timm_is_the_start_of_training_and_is_pruned()
    {
        using var folder = new TemporaryFolder();
        var expected = Python.Json<Reference>("pretrained.py", "timm", folder.Path);
        var data = Rows(expected.Pixels);
        using var still = context.MulticlassClassification.Trainers.PrunedVit(Vit(folder["model.pth"])).Fit(data);
        Near(expected.Normalized, still.Transform(data));
        Assert.IsNull(still.PlanFailure);

        var options = Vit(folder["model.safetensors"]);
        (options.LearningRate, options.Epochs) = (1e-3, 2);
        options.Pruning = new NeuronPruning { Importance = new WeightNorm(), Schedule = Schedule.OneShot(1, 0.5) };
        using var pruned = context.MulticlassClassification.Trainers.PrunedVit(options).Fit(data);
        Assert.AreEqual(20, ((VitBlueprint)Blueprint.Of(pruned.Module)).BlockHidden[0]);
        context.Model.Save(pruned, data.Schema, folder["model.zip"]);
        using var loaded = (PrunedModelTransformer)new MLContext().UsePruning().Model.Load(folder["model.zip"], out _);
        ConvNetPipelineTests.AreSame(pruned.Transform(data), loaded.Transform(data));
        using var continued = context.MulticlassClassification.Trainers.PrunedVit(Vit(folder["model.pth"])).Fit(data, loaded);
        Near([.. pruned.Transform(data).GetColumn<float[]>("Score").SelectMany(row => row.Select(score => Math.Log(score)))], continued.Transform(data));
    }

    [TestMethod]
    public void Options_that_contradict_the_file_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var expected = Python.Json<Reference>("pretrained.py", "timm", folder.Path);
        Refused(o => o.Dim = 48, "Dim is 48", "have 24");
        Refused(o => o.Depth = 3, "Depth is 3", "have 2");
        Refused(o => o.HiddenSize = 24, "HiddenSize is 24", "have 40");
        Refused(o => o.PatchSize = 2, "PatchSize is 2", "have 4");
        Refused(o => o.Heads = 0, "Heads is 0");
        Refused(o => o.Heads = 7, "Heads is 7");
        Refused(o => o.Pretrained = new("none.pth"), "'none.pth', which is not there");
        Refused(o => o.Pretrained = o.Pretrained! with { Std = [1, 0, 1] }, "Std has 0");

        void Refused(Action<PrunedVitTrainer.Options> set, params string[] parts)
        {
            var options = Vit(folder["model.pth"]);
            set(options);
            string message = Assert.Throws<ArgumentException>(() => context.MulticlassClassification.Trainers.PrunedVit(options).Fit(Rows(expected.Pixels))).Message;
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void Networks_of_the_library_start_from_their_own_files()
    {
        using var folder = new TemporaryFolder();
        var data = Patterns.Keys(context, Patterns.View(context, 60));
        using var source = new FeedForward([64, 5, 3]);
        source.SaveSafetensors(folder["dense.safetensors"]);
        using var dense = Dense(folder["dense.safetensors"], 5).Fit(data);
        using var scope = NewDisposeScope();
        Assert.IsTrue(source.parameters().Zip(dense.Module.parameters()).All(pair => pair.First.allclose(pair.Second)));

        var two = Patterns.Keys(context, Patterns.View(context, Patterns.Draw(60).Where(p => p.Kind != "down")));
        using var other = Dense(folder["dense.safetensors"], 5).Fit(two);
        Assert.IsTrue(source.parameters().First().allclose(other.Module.parameters().First()));
        Assert.Contains("layers.linear1.weight: [5, 64] in the file, [6, 64]", Assert.ThrowsExactly<InvalidDataException>(() => Dense(folder["dense.safetensors"], 6).Fit(data)).Message);
    }

    PrunedFeedForwardTrainer Dense(string file, int hidden) => context.MulticlassClassification.Trainers.PrunedFeedForward(new()
    {
        LabelColumnName = "Kind",
        FeatureColumnName = "Pixels",
        HiddenSizes = [hidden],
        Epochs = 1,
        Optimizer = OptimizerKind.Sgd,
        LearningRate = 1e-12,
        Pretrained = new(file),
    });

    static PrunedVitTrainer.Options Vit(string file) => new()
    {
        FeatureColumnName = "Pixels",
        Heads = 3,
        Epochs = 1,
        Optimizer = OptimizerKind.Sgd,
        WeightDecay = 0,
        LearningRate = 1e-12,
        Pretrained = new(file) { Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] },
    };

    /// <summary>The reference's two pictures, and three more so that there are five classes.</summary>
    IDataView Rows(float[] pixels)
    {
        float[][] pictures = [.. pixels.Chunk(pixels.Length / 2)];
        var schema = SchemaDefinition.Create(typeof(Picture));
        schema[nameof(Picture.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, pictures[0].Length);
        var rows = Enumerable.Range(0, 5).Select(i => new Picture { Label = i, Pixels = pictures[i % 2] });
        var data = context.Data.LoadFromEnumerable(rows, schema);
        return context.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
    }

    /// <summary>Compares the probabilities of the first two rows.</summary>
    static void Near(double[] logits, IDataView scored)
    {
        var (rows, classes) = (scored.GetColumn<float[]>("Score").Take(2).ToArray(), 5);
        for (int row = 0; row < rows.Length; row++)
        {
            double sum = logits.Skip(row * classes).Take(classes).Sum(Math.Exp);
            for (int i = 0; i < classes; i++)
                Assert.AreEqual(Math.Exp(logits[(row * classes) + i]) / sum, rows[row][i], 1e-4);
        }
    }

    sealed record Reference(float[] Pixels, double[] Logits, double[] Normalized);

    sealed class Picture
    {
        public int Label { get; set; }

        public float[] Pixels { get; set; } = [];
    }
}
