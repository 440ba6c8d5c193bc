using MLNet.Pruning.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class FeedForwardTests
{
    [TestMethod]
    public void It_computes_what_its_layers_compute()
    {
        using var scope = NewDisposeScope();
        using var model = new FeedForward([4, 3, 2], Activation.Tanh);
        var p = model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        CollectionAssert.AreEqual(new[] { "layers.linear1.weight", "layers.linear1.bias", "layers.linear2.weight", "layers.linear2.bias" }, model.named_parameters().Select(p => p.name).ToArray());
        var x = Scalars.Range(8, CPU).to(ScalarType.Float32).view(2, 4).Times(0.1f);
        var expected = x.matmul(p["layers.linear1.weight"].t()).Plus(p["layers.linear1.bias"]).tanh().matmul(p["layers.linear2.weight"].t()).Plus(p["layers.linear2.bias"]);
        Assert.IsTrue(expected.allclose(model.call(x), atol: 1e-6));
        Assert.IsTrue(expected.allclose(model.call(x.view(2, 2, 2)), atol: 1e-6));
    }

    [TestMethod]
    [DataRow(Activation.Relu, -1.0, 0.0)]
    [DataRow(Activation.LeakyRelu, -1.0, -0.01)]
    [DataRow(Activation.Gelu, -1.0, -0.15865525)]
    [DataRow(Activation.Silu, -1.0, -0.26894142)]
    [DataRow(Activation.Tanh, -1.0, -0.76159416)]
    [DataRow(Activation.Sigmoid, -1.0, 0.26894142)]
    public void Activations_have_their_values(Activation activation, double input, double expected)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = new FeedForward([1, 1, 1], activation);
        foreach (var (name, parameter) in model.named_parameters())
            parameter.Fill(name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
        Assert.AreEqual(expected, model.call(tensor(new[] { (float)input }).view(1, 1)).item<float>(), 1e-6);
    }

    [TestMethod]
    public void Wrong_sizes_are_refused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new FeedForward([4])).Message, "at least two sizes");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new FeedForward([4, 0, 2])).Message, "Size 1");
        Assert.ThrowsExactly<ArgumentException>(() => new FeedForward([4, 2], (Activation)77));
    }

    [TestMethod]
    public void A_blueprint_comes_back_from_its_JSON()
    {
        Blueprint blueprint = new FeedForwardBlueprint([784, 50, 30, 10], Activation.Gelu);
        Assert.AreEqual(blueprint, Blueprint.FromJson(blueprint.ToJson()));
        StringAssert.Contains(blueprint.ToJson(), "feed-forward");
        foreach (var bad in new[] { "", "{}", "null", "{\"kind\":\"nothing\"}", "{\"kind\":\"feed-forward\",\"sizes\":[1]}", "{\"kind\":\"feed-forward\"}" })
            Assert.ThrowsExactly<InvalidDataException>(() => Blueprint.FromJson(bad), bad);
    }

    [TestMethod]
    public void A_saved_model_is_the_same_when_loaded()
    {
        using var scope = NewDisposeScope();
        var blueprint = new FeedForwardBlueprint([5, 4, 3]);
        using var model = blueprint.Build();
        using var stream = new MemoryStream();
        ModelFile.Save(stream, blueprint, model);
        stream.Position = 0;
        var (plan, loaded) = ModelFile.Load(stream);
        Assert.AreEqual(blueprint, plan);
        Runs.AreSame(Runs.Values(model), Runs.Values(loaded));
        Assert.AreEqual(stream.Length, stream.Position);
        loaded.Dispose();
    }

    [TestMethod]
    public void The_blueprint_of_a_pruned_model_builds_what_is_left()
    {
        using var model = new FeedForward([6, 5, 4, 3], Activation.Tanh);
        Peer.Survives(model, new FeedForwardBlueprint([6, 5, 4, 3], Activation.Tanh));
        using var scope = NewDisposeScope();
        var example = rand(2, 6);
        Peer.Shrink(NeuronMap.Discover(model, example), example, ("layers.linear1", 2), ("layers.linear2", 3));
        Peer.Survives(model, new FeedForwardBlueprint([6, 2, 3, 3], Activation.Tanh));
    }

    [TestMethod]
    public void A_damaged_model_file_is_refused_wherever_it_is_damaged()
    {
        var blueprint = new FeedForwardBlueprint([3, 2]);
        using var model = blueprint.Build();
        using var stream = new MemoryStream();
        ModelFile.Save(stream, blueprint, model);
        var good = stream.ToArray();
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 0x41;
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(new MemoryStream(bad)), $"byte {i}");
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(new MemoryStream(good[..i])), $"length {i}");
        }
    }

    [TestMethod]
    public void Saving_over_a_file_leaves_it_whole_when_saving_fails()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model.mlp");
        var blueprint = new FeedForwardBlueprint([3, 2]);
        using var model = blueprint.Build();
        ModelFile.Save(path, blueprint, model);
        var before = File.ReadAllBytes(path);
        using var bad = nn.Linear(2, 2).to(ScalarType.ComplexFloat32);
        Assert.ThrowsExactly<NotSupportedException>(() => ModelFile.Save(path, blueprint, bad));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFiles(Path.GetDirectoryName(path)!));
        Directory.Delete(Path.GetDirectoryName(path)!, true);
    }
}
