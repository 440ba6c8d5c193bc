using MLNet.Pruning.Tests.Training;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
public sealed class MaskFileTests
{
    readonly string folder = Directory.CreateTempSubdirectory("mlprune").FullName;

    [TestCleanup]
    public void Clean() => Directory.Delete(folder, true);

    static WeightMasks Some() => new([
        new("layers.linear1.weight", [9, 12], [.. Enumerable.Range(0, 108).Select(i => i % 3 == 0)]),
        new("layers.linear2.weight", [7, 9], [.. Enumerable.Range(0, 63).Select(i => i % 5 != 0)])]);

    [TestMethod]
    public void Masks_come_back_as_they_were_saved()
    {
        var path = Path.Combine(folder, "masks");
        Some().Save(path);
        using var model = Runs.Small.Build();
        var back = WeightMasks.Load(path, model);
        foreach (var mask in Some().Masks)
        {
            CollectionAssert.AreEqual(mask.Active.ToArray(), back[mask.Name].Active.ToArray());
            CollectionAssert.AreEqual(mask.Shape.ToArray(), back[mask.Name].Shape.ToArray());
        }
        Assert.AreEqual((171L, 36 + 50L), (back.Count, back.ActiveCount));
        Assert.AreEqual(1 - 86 / 171.0, back.Sparsity, 1e-15);
        back.Apply(model);
        CollectionAssert.AreEqual(back.Masks[1].Active.ToArray(), WeightMasks.Of(model, ["*2.weight"]).Masks[0].Active.ToArray());
    }

    [TestMethod]
    public void Masks_of_another_model_are_refused_in_words()
    {
        var path = Path.Combine(folder, "masks");
        Some().Save(path);
        using var other = new FeedForwardBlueprint([12, 9, 8, 3]).Build();
        var shape = Assert.ThrowsExactly<InvalidDataException>(() => WeightMasks.Load(path, other));
        StringAssert.Contains(shape.Message, $"Mask file '{path}' is of another model: the mask of 'layers.linear2.weight' has shape [7, 9], the parameter [8, 9].");
        using var flat = new FeedForwardBlueprint([12, 3]).Build();
        var name = Assert.ThrowsExactly<InvalidDataException>(() => WeightMasks.Load(path, flat));
        StringAssert.Contains(name.Message, "the mask of 'layers.linear1.weight' has shape [9, 12], the parameter [3, 12]");
        var run = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions { Epochs = 1, Hooks = [new WeightPruning { Fixed = Some() }.Begin()] }, build: () => TorchSharp.torch.nn.Sequential(("a", TorchSharp.torch.nn.Linear(12, 3)))));
        StringAssert.Contains(run.Message, "there is a mask for 'layers.linear1.weight', and this one has 'a.weight', 'a.bias'");
    }

    [TestMethod]
    public void Damaged_files_and_other_files_are_refused()
    {
        using var stream = new MemoryStream();
        Some().Save(stream);
        var bytes = stream.ToArray();
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var damaged = i % 2 == 0 ? bytes[..random.Next(bytes.Length)] : bytes.ToArray();
            if (i % 2 == 1)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Assert.ThrowsExactly<InvalidDataException>(() => WeightMasks.Load(new MemoryStream(damaged)));
        }
        Assert.ThrowsExactly<ArgumentException>(() => new WeightMasks([]));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new WeightMask("a", [2, 3], new bool[5])).Message, "5 values");
    }
}
