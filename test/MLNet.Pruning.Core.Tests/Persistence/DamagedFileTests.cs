using System.Text;
using MLNet.Pruning.Comparators;
using MLNet.Pruning.Persistence;
using MLNet.Pruning.Tests.Pruning;
using MLNet.Pruning.Tests.Training;

namespace MLNet.Pruning.Tests.Persistence;

/// <summary>Files whose checksum is right, and whose parts are not what they should be.</summary>
[TestClass]
public sealed class DamagedFileTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    string File1 => Path.Combine(folder, "a.file");

    /// <summary>Puts other bytes in place of a part, under a checksum that fits them.</summary>
    static void Replace(string path, string kind, string part, byte[] content)
    {
        Archive old;
        using (var stream = File.OpenRead(path))
            old = Archive.Read(stream, kind, path);
        Assert.IsTrue(old.Entries.ContainsKey(part), part);
        var archive = new Archive(kind);
        foreach (var (name, bytes) in old.Entries)
            archive.Add(name, name == part ? content : bytes);
        WholeFile.Write(path, archive.Write);
    }

    static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    static byte[] Cut(string path, string kind, string part)
    {
        using var stream = File.OpenRead(path);
        var content = Archive.Read(stream, kind, path)[part];
        return content[..(content.Length / 2)];
    }

    void Named(string part, Action read)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(read);
        StringAssert.Contains(error.Message, File1);
        StringAssert.Contains(error.Message, $"'{part}'");
    }

    static IEnumerable<(string Part, string Content)> BrokenTexts()
    {
        foreach (var part in new[] { "position", "history" })
            foreach (var content in new[] { "", "{", "null", "[]", "7" })
                yield return (part, content);
        yield return ("position", """{"Epoch":1}""");
        yield return ("history", """{"epochs":null}""");
        yield return ("history", """{"model":null}""");
    }

    [TestMethod]
    public void A_damaged_part_of_a_checkpoint_is_named_with_its_file()
    {
        var options = new TrainingOptions
        {
            Epochs = 2,
            BatchSize = 20,
            Checkpoint = new CheckpointOptions(File1),
            Hooks = [new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.OneShot(1, 0.5) }.Begin()],
        };
        Runs.Train(options);
        var good = File.ReadAllBytes(File1);
        const string optimizer = "optimizer:layers.linear1.weight", hook = "hook:neuron pruning";
        var cuts = new[] { optimizer, hook, "random" }.Select(part => (Part: part, Content: Cut(File1, "checkpoint", part)));
        var rubbish = new[] { optimizer, hook }.Select(part => (Part: part, Content: Enumerable.Repeat((byte)0x7f, 64).ToArray()));
        (string, byte[])[] cases = [.. BrokenTexts().Select(t => (t.Part, Text(t.Content))), .. cuts, .. rubbish, ("random", new byte[Cut(File1, "checkpoint", "random").Length * 2])];
        foreach (var (part, content) in cases)
        {
            File.WriteAllBytes(File1, good);
            Replace(File1, "checkpoint", part, content);
            Named(part, () => Runs.Train(options with { Hooks = [new NeuronPruning { Importance = FixedScores.WeightSums, Schedule = Schedule.OneShot(1, 0.5) }.Begin()] }));
        }
    }

    [TestMethod]
    [DataRow("{")]
    [DataRow("null")]
    [DataRow("""{"kind":"feed-forward"}""")]
    [DataRow("""{"kind":"feed-forward","sizes":[12,0,3]}""")]
    [DataRow("""{"kind":"feed-forward","sizes":[2147483647,2147483647,2147483647]}""")]
    [DataRow("""{"kind":"conv-net"}""")]
    [DataRow("""{"kind":"vae"}""")]
    [DataRow("""{"kind":"vit"}""")]
    [DataRow("""{"kind":"module"}""")]
    [DataRow("""{"kind":"module","name":"mine","shape":[3],"sizes":{"weight":null}}""")]
    [DataRow("""{"kind":"unheard of"}""")]
    public void A_damaged_blueprint_is_named_with_its_file(string blueprint)
    {
        using (var model = Runs.Small.Build())
            ModelFile.Save(File1, Runs.Small, model);
        Replace(File1, "model", "blueprint", Text(blueprint));
        Named("blueprint", () => ModelFile.Load(File1).Model.Dispose());
    }

    [TestMethod]
    public void A_blueprint_that_claims_more_weights_than_its_file_has_is_refused_before_it_is_built()
    {
        using (var model = Runs.Small.Build())
            ModelFile.Save(File1, Runs.Small, model);
        Replace(File1, "model", "blueprint", Text("""{"kind":"feed-forward","sizes":[100000,1000000,3]}"""));
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(File1).Model.Dispose());
        StringAssert.Contains(failure.Message, File1);
        StringAssert.Contains(failure.Message, "100003000000 weights");
    }

    [TestMethod]
    public void A_blueprint_counts_the_weights_that_its_module_has()
    {
        Blueprint[] blueprints =
        [
            new FeedForwardBlueprint([6, 5, 4]), new ConvNetBlueprint([3, 8, 8], [5, 4], [7], 2), new ConvNetBlueprint([1, 8, 8], [5], [], 2),
            new VaeBlueprint([3, 8, 8], [5, 4], [7, 6], 3, DecoderHidden: [9], DecoderChannels: [3, 2]),
            new VitBlueprint([3, 8, 8], 4, 5, Dim: 6, Heads: [1, 2], HeadSize: 3, Hidden: [7, 8]),
        ];
        foreach (var blueprint in blueprints)
        {
            using var module = blueprint.Build();
            Assert.AreEqual(module.parameters().Where(p => p.dim() > 1).Sum(p => p.NumberOfElements), (long)blueprint.WeightCount, $"{blueprint}");
        }
    }

    [TestMethod]
    public void A_damaged_part_of_a_compressed_model_is_named_with_its_file()
    {
        using (var model = Runs.Small.Build())
            new PruneQuantizeCode().Run(new TrainingTask { Model = model, Examples = Rows.Blobs(20, 12, 3), Objective = new CrossEntropy(3) }).Save(File1);
        var good = File.ReadAllBytes(File1);
        const string layer = "layer:layers.linear1.weight";
        foreach (var (part, content) in new[] { ("blueprint", Text("{")), ("blueprint", Text("null")), (layer, Cut(File1, "compressed model", layer)), (layer, []), (layer, Enumerable.Repeat((byte)0x7f, 64).ToArray()) })
        {
            File.WriteAllBytes(File1, good);
            Replace(File1, "compressed model", part, content);
            Named(part, () => CompressedModel.Load(File1));
        }
    }

    [TestMethod]
    public void A_damaged_mask_is_named_with_its_file()
    {
        new WeightMasks([new("a", [3], [true, false, true])]).Save(File1);
        var good = File.ReadAllBytes(File1);
        foreach (var content in new byte[][] { [], [1, 2, 3], [255, 255, 255, 127, 0, 0, 0, 0] })
        {
            File.WriteAllBytes(File1, good);
            Replace(File1, "weight mask", "mask:a", content);
            Named("mask:a", () => WeightMasks.Load(File1));
        }
        var nameless = new Archive("weight mask");
        nameless.Add("mask:", new WeightMask("a", [1], [true]).ToBytes());
        WholeFile.Write(File1, nameless.Write);
        Named("mask:", () => WeightMasks.Load(File1));
    }

    [TestMethod]
    [DataRow("{")]
    [DataRow("null")]
    [DataRow("""{"runs":null}""")]
    [DataRow("""{"runs":[{"kind":"Dynamic","seed":1,"merged":false,"history":null}]}""")]
    public void A_damaged_result_of_a_study_is_no_bare_json_error(string json) => Assert.ThrowsExactly<InvalidDataException>(() => BurdenResult.FromJson(json));
}
