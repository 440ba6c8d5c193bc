using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class DiscoveryTests
{
    [TestMethod]
    public void Hidden_layers_of_a_chain_are_groups_and_the_output_is_not()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new FeedForward([7, 5, 4, 3]));
        var map = NeuronMap.Discover(model, randn(2, 7));
        CollectionAssert.AreEqual(new[]
        {
            "layers.linear1: 5 neurons: layers.linear1 [out], layers.linear2 [in]",
            "layers.linear2: 4 neurons: layers.linear2 [out], layers.linear3 [in]",
        }, Checks.Lines(map));
        Assert.AreEqual("layers.linear3: it reaches the network's output", map.Skipped.Single().ToString());
    }

    [TestMethod]
    public void A_channel_owns_all_its_pixels_once_it_is_flattened()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("conv1", Conv2d(1, 6, 3, padding: 1)), ("bn1", BatchNorm2d(6)), ("relu1", ReLU()), ("pool1", MaxPool2d(2)),
            ("drop", Dropout(0.5)), ("flat", Flatten()), ("fc", Linear(6 * 16, 3))));
        var map = NeuronMap.Discover(model, randn(2, 1, 8, 8));
        Assert.AreEqual("conv1: 6 neurons: conv1 [out], bn1, fc [in, 16 each]", Checks.Lines(map).Single());
        CollectionAssert.AreEqual(Enumerable.Range(32, 16).ToArray(), map.Groups[0].Consumers.Single().Indices[2].ToArray());
        Checks.Halved(model, randn(2, 1, 8, 8));
        CollectionAssert.AreEqual(new long[] { 2, 1, 3, 3 }, model.get_parameter("conv1.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 3, 32 }, model.get_parameter("fc.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 2 }, model.get_buffer("bn1.running_var")!.shape);
    }

    [TestMethod]
    public void Residual_blocks_unite_all_that_is_added()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("stem", Conv2d(3, 8, 3, padding: 1, bias: false)), ("bn", BatchNorm2d(8)), ("relu", ReLU()),
            ("block1", new Residual(8, 8, 1)), ("block2", new Residual(8, 12, 2)), ("block3", new Residual(12, 12, 1)),
            ("pool", AdaptiveAvgPool2d(1)), ("flat", Flatten()), ("fc", Linear(12, 4))));
        var map = NeuronMap.Discover(model, randn(1, 3, 8, 8));
        CollectionAssert.AreEqual(new[]
        {
            "stem: 8 neurons: stem [out], block1.conv2 [out], bn, block1.conv1 [in], block1.bn2, block2.conv1 [in], block2.downsample.0 [in]",
            "block1.conv1: 8 neurons: block1.conv1 [out], block1.bn1, block1.conv2 [in]",
            "block2.conv1: 12 neurons: block2.conv1 [out], block2.bn1, block2.conv2 [in]",
            "block2.conv2: 12 neurons: block2.conv2 [out], block2.downsample.0 [out], block3.conv2 [out], block2.bn2, block2.downsample.1, block3.conv1 [in], block3.bn2, fc [in]",
            "block3.conv1: 12 neurons: block3.conv1 [out], block3.bn1, block3.conv2 [in]",
        }, Checks.Lines(map));
        Checks.Halved(model, randn(3, 3, 8, 8));
    }

    [TestMethod]
    public void Concatenated_layers_keep_their_places_in_the_reader()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) =>
        {
            var a = functional.relu(n.Call("a", x));
            var b = functional.relu(n.Call("b", a));
            var c = functional.relu(n.Call("c", cat([a, b], 1)));
            return n.Call("last", n.Call("bn", cat([a, b, c], 1)).mean([2, 3]));
        }, ("a", Conv2d(1, 4, 3, padding: 1)), ("b", Conv2d(4, 5, 3, padding: 1)), ("c", Conv2d(9, 6, 3, padding: 1)), ("bn", BatchNorm2d(15)), ("last", Linear(15, 2))));
        var map = NeuronMap.Discover(model, randn(1, 1, 6, 6));
        CollectionAssert.AreEqual(new[]
        {
            "a: 4 neurons: a [out], b [in], c [in], bn, last [in]",
            "b: 5 neurons: b [out], c [in], bn, last [in]",
            "c: 6 neurons: c [out], bn, last [in]",
        }, Checks.Lines(map));
        CollectionAssert.AreEqual(new[] { 9 + 3 }, map["c"].Consumers.Single().Indices[3].ToArray());
        map.Remove([new(map["a"], [1]), new(map["b"], [0, 4])]);
        // 3 of a, 3 of b and 6 of c are left, so that c's fourth is the last layer's tenth.
        CollectionAssert.AreEqual(new[] { 9 }, map["c"].Consumers.Single().Indices[3].ToArray());
        Assert.AreEqual(3, map["b"].Size);
        Checks.Halved(model, randn(2, 1, 6, 6));
    }

    [TestMethod]
    public void A_sum_of_layers_that_stand_at_different_offsets_is_followed_neuron_by_neuron()
    {
        using var scope = NewDisposeScope();
        // Feature f of the sum is a's f or b's f - 3, and c's f: the marks of namesakes do not agree.
        using var model = Checks.Filled(new Net((n, x) => n.Call("last", functional.relu(cat([n.Call("a", x), n.Call("b", x)], 1).Plus(n.Call("c", x)))),
            ("a", Linear(4, 3)), ("b", Linear(4, 5)), ("c", Linear(4, 8)), ("last", Linear(8, 2))));
        var map = NeuronMap.Discover(model, randn(2, 4));
        CollectionAssert.AreEqual(new[] { "a: 3 neurons: a [out], c [out], last [in]", "b: 5 neurons: b [out], c [out], last [in]" }, Checks.Lines(map));
        CollectionAssert.AreEqual(new[] { 5 }, map["b"].Producers.Single(p => p.Path == "c").Indices[2].ToArray());
        Checks.Halved(model, randn(2, 4));
    }

    [TestMethod]
    public void Gates_pair_the_neurons_that_are_multiplied()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) =>
        {
            var parts = n.Call("gated", x).chunk(2, -1);
            return n.Call("last", parts[0] * parts[1].sigmoid());
        }, ("gated", Linear(4, 14)), ("last", Linear(7, 2))));
        var map = NeuronMap.Discover(model, randn(2, 4));
        Assert.AreEqual("gated: 7 neurons: gated [out, 2 each], last [in]", Checks.Lines(map).Single());
        CollectionAssert.AreEqual(new[] { 3, 10 }, map.Groups[0].Producers.Single().Indices[3].ToArray());
        Checks.Halved(model, randn(2, 4));
    }

    [TestMethod]
    public void The_mlp_of_a_transformer_and_its_residual_stream_are_two_groups()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) =>
        {
            x = n.Call("embed", x);
            x = x.Plus(n.Call("fc2", functional.gelu(n.Call("fc1", n.Call("norm1", x)))));
            return n.Call("head", n.Call("norm2", x).mean([1]));
        }, ("embed", Linear(5, 8)), ("norm1", LayerNorm(8)), ("fc1", Linear(8, 16)), ("fc2", Linear(16, 8)), ("norm2", LayerNorm(8, 1e-3)), ("head", Linear(8, 3))));
        var map = NeuronMap.Discover(model, randn(2, 6, 5));
        CollectionAssert.AreEqual(new[]
        {
            "embed: 8 neurons: embed [out], fc2 [out], norm1, fc1 [in], norm2, head [in]",
            "fc1: 16 neurons: fc1 [out], fc2 [in]",
        }, Checks.Lines(map));
        // The reference that zeroes readers has no part for norms, which go by what is left.
        Checks.Halved(model, randn(2, 6, 5), readers: false);
        CollectionAssert.AreEqual(new long[] { 3, 3 }, model.get_parameter("head.weight")!.shape);
    }

    [TestMethod]
    public void A_layer_norm_goes_by_the_features_that_are_left()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Linear(3, 5)), ("norm", LayerNorm(5, 0.07)), ("b", Linear(5, 2))));
        var x = randn(4, 3);
        var p = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());
        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map["a"], [1, 3])], verify: x);
        var left = tensor(new long[] { 0, 2, 4 });
        var h = x.matmul(p["a.weight"].t()).Plus(p["a.bias"]).index_select(1, left);
        var mean = h.mean([1], true);
        var spread = ((h - mean) * (h - mean)).mean([1], true);
        var normed = ((h - mean) / spread.Plus(0.07).sqrt() * p["norm.weight"].index_select(0, left)).Plus(p["norm.bias"].index_select(0, left));
        Checks.Same(normed.matmul(p["b.weight"].index_select(1, left).t()).Plus(p["b.bias"]), Checks.Evaluated(model, x), 1e-5);
    }

    [TestMethod]
    public void A_shared_layer_unites_what_it_reads_and_is_one_group()
    {
        using var scope = NewDisposeScope();
        using var shared = Linear(6, 6);
        using var model = Checks.Filled(new Net((n, x) => n.Call("last", functional.relu(n.Call("shared", functional.relu(n.Call("shared", functional.relu(n.Call("first", x))))))),
            ("first", Linear(3, 6)), ("shared", shared), ("last", Linear(6, 2))));
        var map = NeuronMap.Discover(model, randn(2, 3));
        Assert.AreEqual("first: 6 neurons: first [out], shared [out], shared [in], last [in]", Checks.Lines(map).Single());
        Checks.Halved(model, randn(2, 3));
    }

    [TestMethod]
    public void Depthwise_convolutions_pass_their_channels_on()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("point1", Conv2d(2, 6, 1)), ("depth", Conv2d(6, 6, 3, stride: 2, padding: 1, groups: 6)), ("bn", BatchNorm2d(6)), ("relu", ReLU6()),
            ("point2", Conv2d(6, 4, 1)), ("pool", AdaptiveAvgPool2d(1)), ("flat", Flatten()), ("fc", Linear(4, 2))));
        var map = NeuronMap.Discover(model, randn(1, 2, 9, 7));
        Assert.AreEqual("point1: 6 neurons: point1 [out], depth [out], depth [in], bn, point2 [in]", Checks.Lines(map)[0]);
        Checks.Halved(model, randn(2, 2, 9, 7));
        CollectionAssert.AreEqual(new long[] { 2, 1, 3, 3 }, model.get_parameter("depth.weight")!.shape);
    }

    [TestMethod]
    public void A_convolution_in_groups_loses_whole_groups()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 12, 3)), ("b", Conv2d(12, 8, (3, 2), padding: (2, 0), dilation: (2, 1), groups: 4)), ("c", Conv2d(8, 3, 1)), ("flat", Flatten()), ("fc", Linear(3 * 8 * 7, 2))));
        var x = randn(2, 1, 10, 10);
        var map = NeuronMap.Discover(model, x);
        Assert.AreEqual("a: 4 neurons: a [out, 3 each], b [out, 2 each, by the group], b [in, 3 each, by the group], c [in, 2 each]", Checks.Lines(map)[0]);
        Checks.Halved(model, x, readers: false);
    }

    [TestMethod]
    public void A_group_norm_loses_whole_groups_of_channels()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 8, 3)), ("norm", GroupNorm(4, 8, 0.01)), ("relu", ReLU()), ("b", Conv2d(8, 6, 3)), ("one", GroupNorm(1, 6)), ("flat", Flatten()), ("fc", Linear(24, 2))));
        var x = randn(2, 1, 6, 6);
        CollectionAssert.AreEqual(new[] { "a: 4 neurons: a [out, 2 each], norm [2 each], b [in, 2 each]", "b: 6 neurons: b [out], one, fc [in, 4 each]" }, Checks.Lines(NeuronMap.Discover(model, x)));
        Checks.Halved(model, x, readers: false);
    }

    [TestMethod]
    public void Decoders_of_transposed_convolutions_are_followed()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) => n.Call("up2", functional.relu(n.Call("bn", n.Call("up1", functional.relu(n.Call("fc", x)).view(x.shape[0], -1, 4, 4))))).sigmoid(),
            ("fc", Linear(5, 6 * 16)), ("up1", ConvTranspose2d(6, 4, 3, 2, 1, 1)), ("bn", BatchNorm2d(4)), ("up2", ConvTranspose2d(4, 1, 2, 2))));
        var map = NeuronMap.Discover(model, randn(2, 5));
        CollectionAssert.AreEqual(new[] { "fc: 6 neurons: fc [out, 16 each], up1 [in]", "up1: 4 neurons: up1 [out], bn, up2 [in]" }, Checks.Lines(map));
        Checks.Halved(model, randn(2, 5));
    }

    [TestMethod]
    public void Embeddings_instance_norms_and_one_dimensional_convolutions_shrink()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) => n.Call("fc", n.Call("norm", n.Call("conv", n.Call("embed", x).transpose(1, 2))).relu().mean([2])),
            ("embed", Embedding(10, 6)), ("conv", Conv1d(6, 8, 3, padding: 1)), ("norm", InstanceNorm1d(8, affine: true)), ("fc", Linear(8, 2))));
        var x = randint(0, 10, [3, 7], dtype: ScalarType.Int64);
        CollectionAssert.AreEqual(new[] { "embed: 6 neurons: embed [out], conv [in]", "conv: 8 neurons: conv [out], norm, fc [in]" }, Checks.Lines(NeuronMap.Discover(model, x)));
        Checks.Halved(model, x);
        CollectionAssert.AreEqual(new long[] { 10, 2 }, model.get_parameter("embed.weight")!.shape);
    }

    [TestMethod]
    public void Tied_weights_shrink_once_and_stay_tied()
    {
        using var scope = NewDisposeScope();
        using var embed = Embedding(11, 6);
        using var decoder = Linear(6, 11, false);
        decoder.weight = embed.weight!;
        using var model = new Net((n, x) => n.Call("decoder", functional.relu(n.Call("hidden", n.Call("embed", x)))), ("embed", embed), ("hidden", Linear(6, 6)), ("decoder", decoder));
        var x = randint(0, 11, [2, 5], dtype: ScalarType.Int64);
        var map = NeuronMap.Discover(model, x);
        Assert.AreEqual("embed: 6 neurons: embed [out], hidden [out], hidden [in], decoder [in]", Checks.Lines(map).Single());
        var removal = map.Remove([new(map["embed"], [0, 5])], verify: x);
        Assert.AreEqual(11 * 6 + 42, removal.ParametersBefore);
        Assert.AreEqual(11 * 4 + 20, removal.ParametersAfter);
        using (no_grad())
            embed.weight!.Fill(3);
        Assert.AreEqual(3, decoder.weight!.min().item<float>());
    }

    [TestMethod]
    public void Neurons_that_other_layers_read_form_a_group_of_their_own()
    {
        using var scope = NewDisposeScope();
        // However many are left, b reads its first ones and c the others: of one group, all that b reads might go.
        using var model = Checks.Filled(new Net((n, x) =>
        {
            var (h, first) = (functional.relu(n.Call("a", x)), n.Part<nn.Module>("b").get_parameter("weight")!.shape[1]);
            return n.Call("b", h.narrow(1, 0, first)).Plus(n.Call("c", h.narrow(1, first, h.shape[1] - first)));
        }, ("a", Linear(4, 7)), ("b", Linear(3, 2)), ("c", Linear(4, 2))));
        CollectionAssert.AreEqual(new[] { "a: 3 neurons: a [out], b [in]", "a#2: 4 neurons: a [out], c [in]" }, Checks.Lines(NeuronMap.Discover(model, randn(2, 4))));
        Checks.Halved(model, randn(2, 4));
    }

    [TestMethod]
    [DataRow(3)]
    [DataRow(5)]
    [DataRow(8)]
    public void Heads_of_attention_are_neurons_where_the_model_takes_any_number_of_them(int width)
    {
        using var scope = NewDisposeScope();
        // Queries, keys and values of one layer. Most widths are no power of two, nor do remainders tell such heads apart.
        using var model = Checks.Filled(new Net((n, x) =>
        {
            var parts = n.Call("qkv", x).view(x.shape[0], x.shape[1], 3, -1, width).permute(2, 0, 3, 1, 4);
            var weights = parts[0].matmul(parts[1].transpose(-2, -1)).Over(Math.Sqrt(width)).softmax(-1);
            return n.Call("projection", weights.matmul(parts[2]).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)).mean([1]);
        }, ("qkv", Linear(6, 12 * width)), ("projection", Linear(4 * width, 3))));
        var map = NeuronMap.Discover(model, randn(2, 7, 6));
        Assert.AreEqual($"qkv: 4 neurons: qkv [out, {3 * width} each], projection [in, {width} each]", Checks.Lines(map).Single());
        CollectionAssert.AreEqual(Enumerable.Range(0, 3).SelectMany(part => Enumerable.Range((4 * part + 1) * width, width)).ToArray(), map.Groups[0].Producers.Single().Indices[1].ToArray());
        Checks.Halved(model, randn(2, 7, 6));
    }

    [TestMethod]
    public void Kernels_larger_than_their_images_shrink()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(2, 6, 3, 2, 1)), ("wide", Conv2d(6, 6, 7, padding: 3, groups: 6)), ("b", Conv2d(6, 8, 3, 2, 1)), ("c", Conv2d(8, 6, 3, padding: 1)),
            ("up", ConvTranspose2d(6, 5, 4, 2, 1)), ("d", Conv2d(5, 2, 3, padding: 2, dilation: 2))));
        CollectionAssert.AreEqual(new[] { "a", "b", "c", "up" }, NeuronMap.Discover(model, randn(2, 2, 4, 3)).Groups.Select(g => g.Name).ToArray());
        Checks.Halved(model, randn(2, 2, 4, 3));
    }

    [TestMethod]
    public void Discovery_leaves_no_trace()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Linear(3, 5)), ("bn", BatchNorm1d(5)), ("drop", Dropout(0.5)), ("b", Linear(5, 2))));
        model.train();
        var before = model.state_dict().ToDictionary(s => s.Key, s => s.Value.clone());
        using var state = get_rng_state();
        NeuronMap.Discover(model, randn(2, 3).mul_(Scalars.Zero));
        foreach (var (name, value) in model.state_dict())
            Assert.IsTrue(before[name].equal(value).all().item<bool>(), name);
        Assert.IsTrue(model.training && model.named_modules().All(m => m.module.training));
        set_rng_state(state);
        var expected = rand(3);
        set_rng_state(state);
        NeuronMap.Discover(model, zeros(2, 3));
        Assert.IsTrue(expected.equal(rand(3)).all().item<bool>());
    }

    [TestMethod]
    public void Any_signature_will_do_and_all_outputs_count()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) => n.Call("decode", functional.relu(n.Call("mean", functional.relu(n.Call("encode", x))))),
            ("encode", Linear(4, 6)), ("mean", Linear(6, 3)), ("decode", Linear(3, 4))));
        var x = randn(2, 4);
        Assert.HasCount(2, NeuronMap.Discover(model, x).Groups);
        var map = NeuronMap.Discover(model, x, input =>
        {
            var mean = model.Call("mean", functional.relu(model.Call("encode", input)));
            return [model.Call("decode", functional.relu(mean)), mean];
        });
        Assert.AreEqual("encode", map.Groups.Single().Name);
        Assert.IsTrue(map.Skipped.Any(s => s is { Name: "mean", Reason: "it reaches the network's output" }));
    }

    [TestMethod]
    public void Groups_can_be_had_for_another_instance()
    {
        using var scope = NewDisposeScope();
        using var first = Checks.Filled(new FeedForward([4, 6, 2]));
        using var second = Checks.Filled(new FeedForward([4, 6, 2]), 2);
        var x = randn(3, 4);
        var map = NeuronMap.Discover(first, x);
        var other = map.For(second, input => [second.call(input)]);
        other.Remove([new(other.Groups[0], [2])], verify: x);
        Assert.AreEqual(5, other.Groups[0].Size);
        Assert.AreEqual(6, map.Groups[0].Size);
        CollectionAssert.AreEqual(new long[] { 6, 4 }, first.get_parameter("layers.linear1.weight")!.shape);
        CollectionAssert.AreEqual(new long[] { 5, 4 }, second.get_parameter("layers.linear1.weight")!.shape);
    }

    [TestMethod]
    public void A_model_with_dispose_scopes_of_its_own_is_followed()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) =>
        {
            using var inner = NewDisposeScope();
            return n.Call("b", functional.relu(n.Call("a", x))).MoveToOuterDisposeScope();
        }, ("a", Linear(4, 6)), ("b", Linear(6, 2))));
        Checks.Halved(model, randn(2, 4));
    }

    [TestMethod]
    public void An_image_without_a_batch_will_do()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new Net((n, x) => n.Call("b", functional.relu(n.Call("a", x))), ("a", Conv2d(2, 6, 3)), ("b", Conv2d(6, 1, 3))));
        Assert.AreEqual("a: 6 neurons: a [out], b [in]", Checks.Lines(NeuronMap.Discover(model, randn(2, 9, 9))).Single());
    }

    [TestMethod]
    public void Discovery_and_removal_leave_no_tensors_behind()
    {
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 8, 3)), ("norm", BatchNorm2d(8)), ("flat", Flatten()), ("fc", Linear(128, 2))));
        using var x = randn(1, 1, 6, 6);
        Round();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Round();
        Round();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Round()
        {
            using var scope = NewDisposeScope();
            var map = NeuronMap.Discover(model, x);
            using (map.Mask(new NeuronSelection(map.Groups[0], [0])))
                Checks.Evaluated(model, x);
            map.Remove([new(map.Groups[0], [0])], verify: x);
        }
    }
}
