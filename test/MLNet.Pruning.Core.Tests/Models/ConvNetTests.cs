using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class ConvNetTests
{
    static ConvNetBlueprint Small { get; } = new([2, 9, 8], [3, 4], [6, 5], 2);

    [TestMethod]
    public void The_papers_network_has_the_papers_sizes()
    {
        using var model = ConvNetBlueprint.Cifar().Build();
        Assert.AreEqual((3 * 16 + 16 * 32) * 9 + 16 + 32 + 2048 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10, Peer.Count(model));
        var shapes = model.named_parameters().ToDictionary(p => p.name, p => string.Join(',', p.parameter.shape));
        Assert.AreEqual("16,3,3,3", shapes["features.conv1.weight"]);
        Assert.AreEqual("256,2048", shapes["classifier.linear1.weight"]);
        Assert.AreEqual("10,128", shapes["classifier.logits.weight"]);
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new long[] { 2, 10 }, model.call(rand(2, 3, 32, 32)).shape);
        CollectionAssert.AreEqual(new[] { "conv1", "pool1", "active1", "conv2", "pool2", "active2" }, model.named_modules().Where(m => m.name.StartsWith("features.", StringComparison.Ordinal)).Select(m => m.name[9..]).ToArray());
    }

    [TestMethod]
    [DataRow(Activation.Relu, false, 2)]
    [DataRow(Activation.Gelu, true, 2)]
    [DataRow(Activation.Tanh, true, 0)]
    public void Loss_gradients_and_outputs_equal_PyTorchs(Activation activation, bool batchNorm, int hidden)
    {
        var blueprint = Small with { Activation = activation, BatchNorm = batchNorm, Hidden = [.. Small.Hidden.Take(hidden)] };
        random.manual_seed(4);
        using var model = blueprint.Build();
        Peer.Compare(model, blueprint.Image, new CrossEntropy(2), new()
        {
            ["kind"] = "conv-net",
            ["activation"] = activation.ToString(),
            ["channels"] = blueprint.Channels,
            ["hidden"] = blueprint.Hidden,
            ["classes"] = 2,
            ["batchNorm"] = batchNorm,
        });
    }

    [TestMethod]
    public void Rows_may_be_flat()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Build();
        var x = rand(3, 2, 9, 8);
        Assert.IsTrue(model.call(x).equal(model.call(x.view(3, -1))).all().item<bool>());
    }

    [TestMethod]
    public void Dropout_leaves_out_hidden_neurons_in_training_alone()
    {
        using var scope = NewDisposeScope();
        using var model = (Small with { Dropout = 0.5, Hidden = [64] }).Build();
        var x = rand(1, 2, 9, 8);
        model.eval();
        Assert.IsTrue(model.call(x).equal(model.call(x)).all().item<bool>());
        model.train();
        Assert.IsFalse(model.call(x).equal(model.call(x)).all().item<bool>());
    }

    [TestMethod]
    public void It_learns()
    {
        var rows = Peer.Images(64, Small.Image);
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 12, BatchSize = 16, LearningRate = 0.01, Replicas = 1 }, rows, (Small with { BatchNorm = true }).Build, new CrossEntropy(2));
        Assert.IsLessThan(0.2 * history.Epochs[0].Loss, history.Epochs[^1].Loss);
    }

    [TestMethod]
    public void Two_replicas_train_as_one_does()
    {
        var options = new TrainingOptions { Epochs = 2, BatchSize = 16, Optimizer = OptimizerKind.Sgd, LearningRate = 0.05 };
        var rows = Peer.Images(40, Small.Image);
        var one = Runs.Train(options with { Replicas = 1 }, rows, Small.Build, new CrossEntropy(2));
        var two = Runs.Train(options with { Replicas = 2 }, rows, Small.Build, new CrossEntropy(2));
        Runs.AreClose(one.Parameters, two.Parameters, 1e-5);
    }

    [TestMethod]
    public void Its_blueprint_comes_back_from_the_model_and_from_JSON()
    {
        foreach (var blueprint in new[] { Small, Small with { BatchNorm = true, Dropout = 0.25, Activation = Activation.Silu }, Small with { Hidden = [] } })
        {
            using var model = blueprint.Build();
            Peer.Survives(model, blueprint);
        }
        Assert.AreNotEqual(Small, Small with { Channels = [3, 5] });
        Assert.AreNotEqual(Small, Small with { Image = [2, 8, 8] });
    }

    [TestMethod]
    public void The_blueprint_of_a_pruned_model_builds_what_is_left()
    {
        using var scope = NewDisposeScope();
        foreach (var blueprint in new[] { Small, Small with { BatchNorm = true }, Small with { Dropout = 0.5 } })
        {
            using var model = blueprint.Build();
            var example = rand([2, .. blueprint.Image]);
            Peer.Shrink(NeuronMap.Discover(model, example), example, ("features.conv1", 2), ("features.conv2", 3), ("classifier.linear1", 4), ("classifier.linear2", 1));
            Peer.Survives(model, blueprint with { Channels = [2, 3], Hidden = [4, 1] });
        }
    }

    [TestMethod]
    public void A_model_that_lost_a_part_of_a_channel_has_no_blueprint()
    {
        using var model = Small.Build();
        Peer.Cut(model, "classifier.linear1.weight", 1, 15);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Blueprint.Of(model)).Message, "classifier.linear1");
    }

    [TestMethod]
    public void Wrong_values_are_refused()
    {
        Refused(Small with { Image = [3, 32] }, "three dimensions");
        Refused(Small with { Image = [3, 0, 32] }, "[3, 0, 32]");
        Refused(Small with { Image = [3, 3, 32] }, "too small for 2 blocks");
        Refused(Small with { Channels = [] }, "at least 1");
        Refused(Small with { Channels = [3, -1] }, "Size 1 of the convolutions is -1");
        Refused(Small with { Channels = Enumerable.Repeat(1, 70).ToArray() }, "too small");
        Refused(Small with { Image = [3, 1 << 20, 1 << 20] }, "too many");
        Refused(Small with { Hidden = [0] }, "Size 0 of the hidden layers");
        Refused(Small with { Hidden = null! }, "hidden");
        Refused(Small with { Classes = 0 }, "0 classes");
        Refused(Small with { Activation = (Activation)99 }, "99");
        Refused(Small with { Dropout = 1 }, "Dropout");
        Refused(Small with { Dropout = double.NaN }, "Dropout");
        foreach (var bad in new[] { "{\"kind\":\"conv-net\"}", "{\"kind\":\"conv-net\",\"image\":[3,4,4],\"channels\":[1,1,1],\"hidden\":[],\"classes\":2}" })
            Assert.ThrowsExactly<InvalidDataException>(() => Blueprint.FromJson(bad), bad);
        using var other = nn.Linear(1, 1);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Blueprint.Of(other)).Message, "Linear");
    }

    static void Refused(ConvNetBlueprint blueprint, string why) => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(blueprint.Build).Message, why);
}
