using MLNet.Pruning.Plans;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

/// <summary>Transformers that PyTorch wrote with the names of timm, torchvision and Hugging Face.</summary>
[TestClass]
public sealed class PretrainedVitTests
{
    const int Heads = 3;

    static readonly double[] Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225];

    readonly string folder = Directory.CreateTempSubdirectory("mlprune-pretrained").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    [TestMethod]
    [DataRow("timm", "model.pth", VitPooling.ClassToken)]
    [DataRow("timm", "model.safetensors", VitPooling.ClassToken)]
    [DataRow("mean", "model.pth", VitPooling.Mean)]
    [DataRow("scaled", "model.pth", VitPooling.ClassToken)]
    [DataRow("torchvision", "model.pth", VitPooling.ClassToken)]
    [DataRow("huggingface", "model.safetensors", VitPooling.ClassToken)]
    public void A_published_transformer_gives_the_logits_of_PyTorch(string kind, string file, VitPooling pooling)
    {
        var expected = Written(kind);
        var weights = new PretrainedWeights(At(file));
        var blueprint = VitBlueprint.OfPretrained(weights, heads: Heads);
        Assert.AreEqual(
            VitBlueprint.For([3, 16, 16], 4, 5, 24, 2, Heads, 40) with { Pooling = pooling, NormEpsilon = kind == "huggingface" ? 1e-12 : 1e-6 }, blueprint);
        using var vit = blueprint.Build();
        var match = weights.LoadInto(vit);
        Assert.IsTrue(match.IsWhole, string.Join(", ", match.Missing.Concat(match.Unexpected).Concat(match.Mismatched)));
        Near(expected.Logits, Logits(vit, expected.Pixels));
    }

    [TestMethod]
    public void The_epsilon_of_its_norms_is_needed_and_reaches_plans_files_and_ONNX()
    {
        var expected = Written("timm");
        var weights = new PretrainedWeights(At("model.pth"));
        var blueprint = VitBlueprint.OfPretrained(weights, heads: Heads);
        using var other = (blueprint with { NormEpsilon = 1e-5 }).Build();
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => weights.LoadInto(other)).Message, "NormEpsilon is 1E-05; wanted 1E-06");
        (weights with { Strict = false }).LoadInto(other);
        Assert.IsGreaterThan(1e-3, Logits(other, expected.Pixels).Zip(expected.Logits).Max(pair => Math.Abs(pair.First - pair.Second)));

        using var vit = blueprint.Build();
        weights.LoadInto(vit);
        ModelFile.Save(At("vit.model"), vit.Blueprint, vit);
        Assert.AreEqual(blueprint, ModelFile.Load(At("vit.model")).Blueprint);
        foreach (var plan in (ScoringPlan[])[NetworkPlans.Compile(vit, ScoringOutput.Logits), ScoringPlan.Load(At("vit.model"), ScoringOutput.Logits)])
        {
            var scores = new float[expected.Logits.Length];
            plan.Score(expected.Pixels, scores);
            Near(expected.Logits, scores);
        }
        OnnxFile.Write(At("vit.onnx"), vit);
        using var session = new InferenceSession(At("vit.onnx"));
        using var input = OrtValue.CreateTensorValueFromMemory(expected.Pixels, [2, 3 * 16 * 16]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["Features"], [input], ["Score"]);
        using var scope = NewDisposeScope();
        Near([.. tensor(expected.Logits).reshape(2, -1).softmax(1).flatten().data<double>()], results[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [TestMethod]
    [DataRow("larger", 24)]
    [DataRow("smaller", 8)]
    public void Positions_are_resampled_for_images_of_another_size_as_timm_does(string kind, int side)
    {
        var expected = Written(kind);
        var weights = new PretrainedWeights(At("model.pth"));
        using var vit = VitBlueprint.OfPretrained(weights, image: [3, side, side], heads: Heads).Build();
        Assert.IsTrue(weights.LoadInto(vit).IsWhole);
        Near(expected.Logits, Logits(vit, expected.Pixels));
    }

    [TestMethod]
    public void Mean_and_deviation_become_part_of_the_embedding()
    {
        var expected = Written("timm");
        var weights = new PretrainedWeights(At("model.pth")) { Mean = Mean, Std = Std };
        using var vit = VitBlueprint.OfPretrained(weights, heads: Heads).Build();
        weights.LoadInto(vit);
        Near(expected.Normalized, Logits(vit, expected.Pixels));
        Assert.Contains("Mean has 2 numbers", Assert.ThrowsExactly<ArgumentException>(() => (weights with { Mean = [0, 1] }).LoadInto(vit)).Message);
        using var dense = new FeedForward([2, 2]);
        Assert.Contains("only a Vit", Assert.ThrowsExactly<ArgumentException>(() => weights.LoadInto(dense)).Message);
    }

    [TestMethod]
    public void The_last_layer_of_other_classes_starts_at_random_and_is_listed()
    {
        Written("timm");
        var weights = new PretrainedWeights(At("model.pth"));
        using var vit = VitBlueprint.OfPretrained(weights, classes: 7, heads: Heads).Build();
        var match = weights.LoadInto(vit);
        Assert.HasCount(2, match.Mismatched);
        Assert.Contains("logits.weight: [5, 24] in the file, [7, 24] in the module", match.Mismatched[0]);
        Assert.IsEmpty(match.Missing);
        Assert.HasCount(3 + (2 * 12) + 2 + 1, match.Loaded);
    }

    [TestMethod]
    public void What_a_Vit_does_not_compute_is_refused_by_name_or_listed()
    {
        Written("registers");
        var weights = new PretrainedWeights(At("model.pth"));
        using var vit = VitBlueprint.OfPretrained(weights, heads: Heads).Build();
        Assert.Contains("reg_token", Assert.ThrowsExactly<InvalidDataException>(() => weights.LoadInto(vit)).Message);
        CollectionAssert.AreEqual(new[] { "reg_token" }, (weights with { Strict = false }).LoadInto(vit).Unexpected.ToArray());
    }

    [TestMethod]
    public void A_wrong_number_of_heads_another_pooling_and_another_network_are_refused()
    {
        Written("timm");
        var weights = new PretrainedWeights(At("model.pth"));
        Assert.Contains("Heads is 0", Assert.ThrowsExactly<ArgumentException>(() => VitBlueprint.OfPretrained(weights)).Message);
        Assert.Contains("Heads is 5", Assert.ThrowsExactly<ArgumentException>(() => VitBlueprint.OfPretrained(weights, heads: 5)).Message);
        Assert.Contains("1 channels", Assert.ThrowsExactly<ArgumentException>(() => VitBlueprint.OfPretrained(weights, image: [1, 16, 16], heads: Heads)).Message);
        using var mean = (VitBlueprint.OfPretrained(weights, heads: Heads) with { Pooling = VitPooling.Mean }).Build();
        Assert.Contains("ClassToken", Assert.ThrowsExactly<InvalidDataException>(() => weights.LoadInto(mean)).Message);
        using var dense = new FeedForward([2, 2]);
        dense.SavePth(At("dense.pth"));
        var other = new PretrainedWeights(At("dense.pth"));
        Assert.Contains("vision transformer", Assert.ThrowsExactly<InvalidDataException>(() => VitBlueprint.OfPretrained(other)).Message);
        Assert.Contains("it lacks", Assert.ThrowsExactly<InvalidDataException>(() => other.LoadInto(mean)).Message);
        Assert.Contains("not there", Assert.ThrowsExactly<ArgumentException>(() => new PretrainedWeights(At("none.pth")).LoadInto(dense)).Message);
    }

    [TestMethod]
    public void The_names_of_the_library_itself_are_read_too_and_renamed_at_will()
    {
        var blueprint = VitBlueprint.For([3, 8, 8], 4, 4, 8, 1, 2, 8);
        using var first = blueprint.Build();
        using var second = blueprint.Build();
        using var third = blueprint.Build();
        first.SaveSafetensors(At("own.safetensors"));
        Assert.IsTrue(new PretrainedWeights(At("own.safetensors")).LoadInto(second).IsWhole);
        var pixels = Enumerable.Range(0, 2 * 192).Select(i => MathF.Sin(i)).ToArray();
        CollectionAssert.AreEqual(Logits(first, pixels), Logits(second, pixels));
        var renamed = new PretrainedWeights(At("own.safetensors")) { Rename = name => name.StartsWith("logits.", StringComparison.Ordinal) ? null : name };
        CollectionAssert.AreEqual(new[] { "logits.weight", "logits.bias" }, renamed.LoadInto(third).Missing.ToArray());
    }

    Reference Written(string kind) => Python.Json<Reference>("pretrained.py", kind, folder);

    string At(string name) => Path.Combine(folder, name);

    static float[] Logits(Vit vit, float[] pixels)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        vit.eval();
        return [.. vit.call(tensor(pixels).reshape(2, -1)).flatten().data<float>()];
    }

    static void Near(double[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (var i = 0; i < found.Length; i++)
            Assert.AreEqual(expected[i], found[i], 1e-4);
    }

    sealed record Reference(float[] Pixels, double[] Logits, double[] Normalized);
}
