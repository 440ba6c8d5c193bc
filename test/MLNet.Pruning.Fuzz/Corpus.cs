using System.IO.Compression;
using System.Text;
using MLNet.Pruning.Comparators;
using MLNet.Pruning.Tokens;
using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace MLNet.Pruning.Fuzz;

/// <summary>Writes small valid files for every reader, from which fuzzing starts.</summary>
static class Corpus
{
    public static void Write(string folder)
    {
        foreach (var reader in Readers.All)
            Directory.CreateDirectory(Path.Combine(folder, reader.Name));
        Networks(folder);
        Pipelines(folder);
        Arrays(folder);
        DataSets(folder);
    }

    static void Networks(string folder)
    {
        random.manual_seed(1);
        Blueprint[] blueprints =
        [
            new FeedForwardBlueprint([6, 5, 4, 3]),
            new ConvNetBlueprint([1, 4, 4], [2], [3], 2, BatchNorm: true),
            new VaeBlueprint([1, 4, 4], [2], [3], 2),
            new VitBlueprint([1, 4, 4], 2, 2, Dim: 4, Heads: [2], HeadSize: 2, Hidden: [3], Merge: 0.5, LayerMerges: [0.5]),
        ];
        foreach (var blueprint in blueprints)
        {
            using var model = blueprint.Build();
            string name = blueprint.GetType().Name.Replace("Blueprint", "", StringComparison.Ordinal);
            foreach (string reader in (string[])["model", "plan"])
                ModelFile.Save(Path.Combine(folder, reader, name), blueprint, model);
        }
        using var module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 2));
        ModelFile.Save(Path.Combine(folder, "plan", "Module"), new ModuleBlueprint("module", [1, 4, 4]), module);
        Readers.Run(Path.Combine(folder, "checkpoint", "pruned"), resume: false);
        using var network = new FeedForward([6, 5, 4, 3]);
        network.SaveSafetensors(Path.Combine(folder, "safetensors", "float"));
        network.SaveSafetensors(Path.Combine(folder, "safetensors", "half"), ScalarType.Float16, new Dictionary<string, string> { ["a"] = "b" });
        network.SavePth(Path.Combine(folder, "pth", "float"));
    }

    static void Pipelines(string folder)
    {
        var context = new MLContext(seed: 1).UsePruning();
        var rows = context.Data.LoadFromEnumerable(Enumerable.Range(0, 12).Select(i => new Row
        {
            Label = i % 2 == 0 ? "even" : "odd",
            Pixels = [.. Enumerable.Range(0, 16).Select(j => (float)((i + j) % 5) / 4)],
        }));
        var keys = context.Transforms.Conversion.MapValueToKey("Label");
        var classifier = keys.Append(context.MulticlassClassification.Trainers.PrunedFeedForward(
            new PrunedFeedForwardTrainer.Options { FeatureColumnName = "Pixels", HiddenSizes = [3], Epochs = 1, Seed = 1 })).Fit(rows);
        var merging = context.Transforms.MergeTokens("Tokens", "Pixels", 4, 4, patchSize: 2);
        var merged = merging.Append(keys).Append(context.MulticlassClassification.Trainers.PrunedVit(new PrunedVitTrainer.Options
        {
            FeatureColumnName = "Tokens",
            Dim = 4,
            Depth = 1,
            Heads = 2,
            HiddenSize = 3,
            Epochs = 1,
            Seed = 1,
        })).Fit(rows);
        var autoencoder = context.Transforms.PrunedVae(new PrunedVaeEstimator.Options
        {
            InputColumnName = "Pixels",
            ImageHeight = 4,
            ImageWidth = 4,
            Channels = [2],
            HiddenSizes = [3],
            LatentSize = 2,
            Epochs = 1,
            Seed = 1,
        }).Fit(rows);
        context.Model.Save(classifier, rows.Schema, Path.Combine(folder, "zip", "classifier"));
        context.Model.Save(merged, rows.Schema, Path.Combine(folder, "zip", "merged"));
        Save("classifier", "classifier", classifier.LastTransformer.WriteTo);
        Save("classifier", "vit", merged.LastTransformer.WriteTo);
        Save("plan", "classifier", classifier.LastTransformer.WriteTo);
        Save("autoencoder", "vae", autoencoder.WriteTo);
        Save("plan", "autoencoder", autoencoder.WriteTo);
        Save("merging", "tokens", stream => TokenMergingFile.Write(stream, new("Tokens", "Pixels", new PatchGrid(4, 4, 1, 2), 2)));

        void Save(string reader, string name, Action<Stream> write)
        {
            using var stream = File.Create(Path.Combine(folder, reader, name));
            write(stream);
        }
    }

    static void Arrays(string folder)
    {
        new WeightMasks([new("a", [3, 5], [.. Enumerable.Range(0, 15).Select(i => i % 3 == 0)]), new("b", [2], [true, false])])
            .Save(Path.Combine(folder, "masks", "two"));
        using var model = new FeedForward([6, 5, 4, 3]);
        var compressed = new PruneQuantizeCode().Run(new TrainingTask
        {
            Model = model,
            Examples = new ArrayExamples([.. Enumerable.Range(0, 96).Select(i => MathF.Sin(i))], [6], [.. Enumerable.Range(0, 16).Select(i => i % 3)]),
            Objective = new CrossEntropy(3),
        });
        compressed.Save(Path.Combine(folder, "compressed", "network"));
    }

    static void DataSets(string folder)
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, .. Enumerable.Range(0, 18).Select(i => (byte)i)];
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3];
        byte[] record = [7, .. Enumerable.Range(0, 3072).Select(i => (byte)(i / 96))];
        Put("idx", "images", images);
        Put("idx", "images.gz", Zipped(images));
        Put("idx-labels", "labels", labels);
        Put("idx-labels", "labels.gz", Zipped(labels));
        Put("cifar", "batch.gz", Zipped(record));
        Put("cifar", "batch", record);
        Put("attributes", "two", "2\nMale Smiling Young\n000001.jpg -1  1  1\n000002.jpg  1 -1 -1\n"u8);
        Put("partition", "three", "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n"u8);
        byte[] pixels = [.. Enumerable.Range(0, 5 * 4 * 3).Select(i => (byte)(i * 4))];
        Put("png", "colour", new Picture(5, 4, 3, pixels).ToPng());
        Put("png", "grey", new Picture(10, 6, 1, pixels).ToPng());
        Put("jpeg", "sequential", Convert.FromBase64String(Tests.SmallJpegs.Sequential));
        Put("jpeg", "progressive", Convert.FromBase64String(Tests.SmallJpegs.Progressive));
        Put("jpeg", "restarting", Convert.FromBase64String(Tests.SmallJpegs.Restarting));
        var history = new TrainingHistory { Steps = [new(1, 1, 0.5, 0.1)] };
        Put("history", "step", Encoding.UTF8.GetBytes(history.ToJson()));
        Put("study", "empty", Encoding.UTF8.GetBytes("""{"runs":[]}"""));
        Put("recipe", "digits", """
            seed: 1
            data:
              train: { type: SynthesizeDigits, count: 20, seed: 1 }
              validation: 0.1 # comment
            transforms:
              - { type: MapValueToKey, outputColumnName: Label }
              - { type: MergeTokens, outputColumnName: Tokens, inputColumnName: "Pixels", patchSize: 7 }
            trainer: { type: PrunedVit, featureColumnName: Tokens, pruning: { type: WeightPruning, sparsity: 0.8 } }
            """u8);
        Put("recipe", "json", """
            {"data": {"train": {"type": "LoadMnist", "directory": "d"}}, "trainer": {"type": "PrunedFeedForward", "hiddenSizes": [3, 4],
            "pruning": {"type": "NeuronPruning", "schedule": {"type": "Stepwise", "maturity": 4, "every": 1, "amount": 0.25, "target": 0.7}}}}
            """u8);

        void Put(string reader, string name, ReadOnlySpan<byte> bytes) => File.WriteAllBytes(Path.Combine(folder, reader, name), bytes);
    }

    static byte[] Zipped(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize))
            zip.Write(bytes);
        return packed.ToArray();
    }

    sealed class Row
    {
        public string Label { get; set; } = "";

        [VectorType(16)]
        public float[] Pixels { get; set; } = [];
    }
}
