using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
public sealed class VaeTests
{
    static VaeBlueprint Small { get; } = new([2, 8, 4], [3, 4], [10, 6], 3);

    [TestMethod]
    public void The_largest_network_has_85_million_parameters()
    {
        Assert.AreEqual(84_755_171, Count(VaeBlueprint.CelebA));
        foreach (var blueprint in new[] { Small, Small with { DecoderHidden = [5], DecoderChannels = [3, 2] }, VaeBlueprint.For(1, 28, 28) })
        {
            using var model = blueprint.Build();
            Assert.AreEqual(Count(blueprint), Peer.Count(model));
        }
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var largest = VaeBlueprint.CelebA.Build();
        Assert.AreEqual(84_755_171, Peer.Count(largest));
        largest.eval();
        CollectionAssert.AreEqual(new long[] { 1, 3, 64, 64 }, largest.call(rand(1, 3, 64, 64)).shape);
    }

    static long Count(VaeBlueprint b)
    {
        var area = b.Image[1] / 4 * (b.Image[2] / 4);
        long total = 0;
        void Dense(IEnumerable<long> sizes)
        {
            foreach (var (from, to) in sizes.Zip(sizes.Skip(1)))
                total += from * to + to;
        }
        total += b.Image[0] * b.Channels[0] * 9 + b.Channels[0] + b.Channels[0] * b.Channels[1] * 9 + b.Channels[1];
        Dense([b.Channels[1] * area, .. b.Hidden.Select(h => (long)h)]);
        total += 2 * (b.Hidden[^1] * b.Latent + b.Latent);
        Dense([b.Latent, .. b.HiddenBack.Select(h => (long)h), b.ChannelsBack[0] * area]);
        return total + b.ChannelsBack[0] * b.ChannelsBack[1] * 16 + b.ChannelsBack[1] + b.ChannelsBack[1] * b.Image[0] * 16 + b.Image[0];
    }

    [TestMethod]
    [DataRow(Activation.Relu, 1.0, 1.0, false)]
    [DataRow(Activation.Silu, 0.5, 4.0, true)]
    public void Loss_gradients_and_reconstructions_equal_PyTorchs(Activation activation, double reconstruction, double divergence, bool uneven)
    {
        var blueprint = Small with { Activation = activation };
        if (uneven)
            blueprint = blueprint with { DecoderHidden = [5, 7, 9], DecoderChannels = [6, 2] };
        random.manual_seed(5);
        using var model = blueprint.Build();
        Peer.Compare(model, blueprint.Image, new VaeObjective(reconstruction, divergence), new()
        {
            ["kind"] = "vae",
            ["activation"] = activation.ToString(),
            ["channels"] = blueprint.Channels,
            ["hidden"] = blueprint.Hidden,
            ["latent"] = blueprint.Latent,
            ["hiddenBack"] = blueprint.HiddenBack,
            ["channelsBack"] = blueprint.ChannelsBack,
            ["reconstruction"] = reconstruction,
            ["divergence"] = divergence,
        }, blueprint.Latent);
    }

    [TestMethod]
    public void It_draws_latents_in_training_and_takes_their_mean_otherwise()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = Small.Build();
        var x = rand(4, 2, 8, 4);
        model.train();
        Assert.IsFalse(model.call(x).equal(model.call(x)).all().item<bool>());
        model.eval();
        var (mean, spread) = model.Encode(x);
        Assert.IsTrue(model.call(x).equal(model.Decode(mean).sigmoid()).all().item<bool>());
        var output = model.Run(x.view(4, -1));
        Assert.IsTrue(output.Mean.equal(mean).all().item<bool>());
        Assert.IsTrue(output.LogVariance.equal(spread).all().item<bool>());
        CollectionAssert.AreEqual(new long[] { 4, 2, 8, 4 }, output.Logits.shape);
    }

    [TestMethod]
    public void What_it_draws_has_the_mean_and_variance_that_it_says()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = new Vae(new VaeBlueprint([1, 2, 2], [1], [1], 1));
        // Down to the latent nothing depends on the input; from there the network is a line, taken above zero.
        var p = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var parameter in p.Values)
            parameter.zero_();
        p["mean.bias"].Fill(20);
        p["logVariance.bias"].Fill(Math.Log(9));
        foreach (var name in new[] { "expansion.linear1.weight", "expansion.linear2.weight", "decoder.deconv1.weight" })
            p[name].Fill(1);
        model.train();
        random.manual_seed(1);
        var drawn = model.Run(zeros(20_000, 1, 2, 2)).Logits.flatten(1).select(1, 0).to(ScalarType.Float64);
        Assert.AreEqual(20, drawn.mean().item<double>(), 0.1);
        Assert.AreEqual(9, drawn.Squared().mean().item<double>() - Math.Pow(drawn.mean().item<double>(), 2), 0.4);
    }

    [TestMethod]
    public void Extreme_logits_have_a_finite_loss()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new[] { 0f, 1, 0, 1 }).view(1, 1, 2, 2);
        var output = new VaeOutput(tensor(new[] { -300f, 300, 300, -300 }).view(1, 1, 2, 2), zeros(1, 2), zeros(1, 2));
        Assert.AreEqual(600, new VaeObjective().RowLosses(output, images).item<float>());
    }

    [TestMethod]
    public void The_divergence_is_that_of_normal_distributions()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new[] { 0f, 1, 0, 1 }).view(1, 1, 2, 2);
        var output = new VaeOutput(images.Plus(-0.5).Times(600), tensor(new[] { 2f, 1 }).view(1, 2), tensor(new[] { 0f, (float)Math.Log(0.5) }).view(1, 2));
        var expected = 0.5 * (4 + (1 + 0.5 - 1 + Math.Log(2)));
        Assert.AreEqual(expected, new VaeObjective().RowLosses(output, images).item<float>(), 1e-6);
        Assert.AreEqual(3 * expected, new VaeObjective(0.1, 3).RowLosses(output, images).item<float>(), 1e-5);
    }

    [TestMethod]
    public void It_learns()
    {
        // Bright above or below.
        var noise = Peer.Flat(Peer.Images(64, Small.Image, 1), 64);
        var rows = new Rows(64, 64, (row, i) => noise[row * 64 + i] * 0.5f + (i / 16 % 2 == row % 2 ? 0.5f : 0), _ => 0) { Shape = Small.Image };
        var blueprint = Small with { Channels = [8, 8], Hidden = [32, 16] };
        var (_, history) = Runs.Train(new TrainingOptions { Epochs = 40, BatchSize = 8, LearningRate = 0.003, Replicas = 1 }, rows, blueprint.Build, new VaeObjective(), validation: rows);
        // The same for all images costs 42.3; to know which of the two kinds an image is makes it 33, and knowing costs 0.7 at least.
        Assert.IsLessThan(37, history.Epochs[^1].Loss);
        Assert.IsLessThan(37, history.Epochs[^1].ValidationLoss!.Value);
    }

    [TestMethod]
    public void Labels_do_not_matter()
    {
        var options = new TrainingOptions { Epochs = 1, BatchSize = 16, Replicas = 1 };
        var with = Runs.Train(options, Peer.Images(32, Small.Image), Small.Build, new VaeObjective());
        var rows = Peer.Images(32, Small.Image);
        var values = Peer.Flat(rows, 32);
        var without = Runs.Train(options, new Rows(32, 64, (row, i) => values[row * 64 + i], _ => 77) { Shape = Small.Image, HasLabels = false }, Small.Build, new VaeObjective());
        Runs.AreSame(with.Parameters, without.Parameters);
    }

    [TestMethod]
    public void Two_replicas_train_as_one_does_where_nothing_is_drawn()
    {
        var options = new TrainingOptions { Epochs = 2, BatchSize = 16, Optimizer = OptimizerKind.Sgd, LearningRate = 0.001 };
        var rows = Peer.Images(40, Small.Image);
        var one = Runs.Train(options with { Replicas = 1 }, rows, Certain, new VaeObjective());
        var two = Runs.Train(options with { Replicas = 2 }, rows, Certain, new VaeObjective());
        Runs.AreClose(one.Parameters, two.Parameters, 1e-5);

        // So small a variance that the noise is lost in rounding.
        static Vae Certain()
        {
            var model = Small.Build();
            using var off = no_grad();
            model.named_parameters().Single(p => p.name == "logVariance.bias").parameter.Fill(-60);
            return model;
        }
    }

    [TestMethod]
    public void Two_replicas_draw_the_same_from_the_same_seed()
    {
        var options = new TrainingOptions { Epochs = 3, BatchSize = 16, Replicas = 2 };
        var rows = Peer.Images(40, Small.Image);
        Runs.AreSame(Runs.Train(options, rows, Small.Build, new VaeObjective()).Parameters, Runs.Train(options, rows, Small.Build, new VaeObjective()).Parameters);
    }

    [TestMethod]
    public void Its_blueprint_comes_back_from_the_model_and_from_JSON()
    {
        foreach (var blueprint in new[] { Small, Small with { Hidden = [7, 6, 5], Activation = Activation.Gelu }, Small with { DecoderHidden = [4], DecoderChannels = [2, 5] } })
        {
            using var model = blueprint.Build();
            Peer.Survives(model, blueprint);
        }
        Assert.AreEqual(Small, Small with { DecoderHidden = [6, 10], DecoderChannels = [4, 3] });
        Assert.AreNotEqual(Small, Small with { DecoderHidden = [6, 9] });
        using var mirror = Small.Build();
        Assert.IsNull(mirror.Blueprint.DecoderHidden);
        Assert.IsNull(mirror.Blueprint.DecoderChannels);
    }

    [TestMethod]
    public void The_blueprint_of_a_pruned_model_builds_what_is_left()
    {
        using var scope = NewDisposeScope();
        using var model = Small.Build();
        var example = rand([2, .. Small.Image]);
        var map = NeuronMap.Discover(model, example, input =>
        {
            var (logits, mean, spread) = model.Run(input);
            return [logits, mean, spread];
        });
        Peer.Shrink(map, example, ("encoder.conv1", 2), ("encoder.conv2", 3), ("encoder.linear1", 8), ("encoder.linear2", 5),
            ("expansion.linear1", 4), ("expansion.linear2", 7), ("expansion.linear3", 2), ("decoder.deconv1", 1));
        Peer.Survives(model, Small with { Channels = [2, 3], Hidden = [8, 5], DecoderHidden = [4, 7], DecoderChannels = [2, 1] });
        model.train();
        CollectionAssert.AreEqual(example.shape, model.call(example).shape);
        Peer.Cut(model, "expansion.linear3.weight", 0, 3);
        Assert.ThrowsExactly<InvalidOperationException>(() => model.Blueprint);
    }

    [TestMethod]
    public void Wrong_values_are_refused()
    {
        Refused(Small with { Image = [1] }, "three dimensions");
        Refused(Small with { Image = [1, 28, 30] }, "multiples of 4");
        Refused(Small with { Channels = [] }, "at least 1");
        Refused(Small with { Hidden = [] }, "at least 1");
        Refused(Small with { Hidden = [3, 0] }, "Size 1 of the hidden layers");
        Refused(Small with { Latent = 0 }, "0 latents");
        Refused(Small with { DecoderHidden = [-3] }, "decoder's hidden");
        Refused(Small with { DecoderChannels = [3] }, "as many");
        Refused(Small with { Activation = (Activation)99 }, "99");
        Assert.ThrowsExactly<InvalidDataException>(() => Blueprint.FromJson("{\"kind\":\"vae\",\"image\":[1,4,4],\"channels\":[1],\"latent\":2}"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VaeObjective(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VaeObjective(1, double.NaN));
    }

    [TestMethod]
    [DataRow(-0.01f)]
    [DataRow(255f)]
    [DataRow(float.NaN)]
    public void Values_outside_0_to_1_are_refused(float value)
    {
        var rows = new Rows(8, 64, (_, i) => i == 5 ? value : 0.5f, _ => 0) { Shape = Small.Image };
        var error = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions { Epochs = 1, BatchSize = 8, Replicas = 1 }, rows, Small.Build, new VaeObjective()));
        StringAssert.Contains(error.Message, "from 0 to 1");
    }

    [TestMethod]
    public void Its_objective_refuses_other_models()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Runs.Train(new TrainingOptions { Epochs = 1, Replicas = 1 }, objective: new VaeObjective()));
        StringAssert.Contains(error.Message, "FeedForward is not a Vae");
    }

    static void Refused(VaeBlueprint blueprint, string why) => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(blueprint.Build).Message, why);
}
