using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class LeftAloneTests
{
    [TestMethod]
    public void A_position_embedding_that_is_added_keeps_the_neurons_it_is_added_to()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("head", functional.relu(n.Call("hidden", n.Call("position", n.Call("embed", x))))),
            ("embed", Linear(3, 8)), ("position", new Added(1, 4, 8)), ("hidden", Linear(8, 6)), ("head", Linear(6, 2)));
        var map = NeuronMap.Discover(model, randn(2, 4, 3));
        Assert.AreEqual("hidden", map.Groups.Single().Name);
        Assert.AreEqual("position.offset of Added reaches it, and its entries cannot be told apart by neuron", Reason(map, "embed"));
    }

    [TestMethod]
    public void One_number_for_all_neurons_keeps_none()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("b", n.Call("shift", n.Call("a", x))), ("a", Linear(3, 5)), ("shift", new Added(1)), ("b", Linear(5, 2)));
        Assert.AreEqual("a", NeuronMap.Discover(model, randn(2, 3)).Groups.Single().Name);
    }

    [TestMethod]
    public void Queries_and_keys_are_mixed_by_attention()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("head", n.Call("attention", n.Call("embed", x))), ("embed", Linear(3, 8)), ("attention", new Attention(8)), ("head", Linear(8, 2)));
        var map = NeuronMap.Discover(model, randn(2, 4, 3));
        CollectionAssert.AreEqual(new[]
        {
            "embed: 8 neurons: embed [out], attention.query [in], attention.key [in], attention.value [in]",
            "attention.projection: 8 neurons: attention.projection [out], head [in]",
        }, Checks.Lines(map));
        Assert.AreEqual("its neurons are mixed before attention.projection reads them, so they can only go all together", Reason(map, "attention.query"));
        Checks.Halved(model, randn(2, 4, 3), readers: true);
    }

    [TestMethod]
    public void A_reshape_with_sizes_written_in_it_is_found_by_trying()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("b", n.Call("a", x).view(x.shape[0], 2, 3).flatten(1).relu()), ("a", Linear(4, 6)), ("b", Linear(6, 2)));
        var before = model.state_dict().ToDictionary(s => s.Key, s => s.Value.clone());
        var map = NeuronMap.Discover(model, randn(5, 4));
        Assert.IsEmpty(map.Groups);
        StringAssert.StartsWith(Reason(map, "a"), "removing one of its neurons fails: ");
        StringAssert.Contains(Reason(map, "a"), "shape");
        foreach (var (name, value) in model.state_dict())
            Assert.IsTrue(before[name].equal(value).all().item<bool>(), name);
    }

    [TestMethod]
    public void What_only_changes_the_outputs_shape_is_found_by_trying()
    {
        using var scope = NewDisposeScope();
        // The rows of the output are as many as a's neurons: no number of a reaches it, but their count does.
        using var model = new Net((n, x) => n.Call("b", n.Call("a", x)).expand(n.Part<nn.Module>("a").get_parameter("weight")!.shape[0], 2), ("a", Linear(4, 6)), ("b", Linear(6, 2)));
        var map = NeuronMap.Discover(model, randn(1, 4));
        Assert.AreEqual("removing one of its neurons fails: without it, an output of the network has shape [5, 2] instead of [6, 2]", Reason(map, "a"));
    }

    [TestMethod]
    public void What_is_halved_wherever_its_middle_lies_is_found_by_trying()
    {
        using var scope = NewDisposeScope();
        // Without the last neuron of each half, the halves are the same ones; without two of the first, they are not.
        using var model = new Net((n, x) =>
        {
            var halves = functional.relu(n.Call("a", x)).chunk(2, 1);
            return n.Call("b", halves[0]).Plus(n.Call("c", halves[1]));
        }, ("a", Linear(4, 8)), ("b", Linear(4, 2)), ("c", Linear(4, 2)));
        var map = NeuronMap.Discover(Checks.Filled(model), randn(3, 4));
        Assert.IsEmpty(map.Groups);
        CollectionAssert.IsSubsetOf(new[] { "a", "a#2" }, map.Skipped.Select(s => s.Name).ToArray());
        StringAssert.StartsWith(Reason(map, "a#2"), "removing some of its neurons fails: ");
    }

    [TestMethod]
    public void Every_layer_of_what_stays_is_named()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("c", (functional.relu(n.Call("a", x)).unsqueeze(2) * functional.relu(n.Call("b", x)).unsqueeze(1)).flatten(1)),
            ("a", Linear(4, 3)), ("b", Linear(4, 5)), ("c", Linear(15, 2)));
        var map = NeuronMap.Discover(model, randn(2, 4));
        Assert.AreEqual("its neurons can only go all together", Reason(map, "a"));
        Assert.AreEqual("it loses neurons together with a, which is left alone", Reason(map, "b"));
        using var heads = new Net((n, x) => n.Call("head", n.Call("q", x).mul(n.Call("k", x)).view(x.shape[0], 4, 3).flatten(1)), ("q", Linear(5, 12)), ("k", Linear(5, 12)), ("head", Linear(12, 2)));
        map = NeuronMap.Discover(heads, randn(2, 5));
        StringAssert.StartsWith(Reason(map, "q"), "removing one of its neurons fails: ");
        Assert.AreEqual("it loses neurons together with q, which is left alone", Reason(map, "k"));
    }

    [TestMethod]
    public void Layers_called_past_their_hooks_are_named()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("c", n.Part<Module<Tensor, Tensor>>("b").forward(n.Call("a", x))), ("a", Linear(4, 6)), ("b", Linear(6, 5)), ("c", Linear(5, 2)));
        var map = NeuronMap.Discover(model, randn(2, 4));
        Assert.IsEmpty(map.Groups);
        StringAssert.Contains(Reason(map, "a"), "b reaches it, but is not called through its hooks");
        Assert.AreEqual("it is not called through its hooks while the example runs", Reason(map, "b"));
    }

    [TestMethod]
    public void A_residual_onto_the_networks_input_stays()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("b", x.Plus(n.Call("a", x))), ("a", Linear(4, 4)), ("b", Linear(4, 2)));
        Assert.AreEqual("the network's input reaches it", Reason(NeuronMap.Discover(model, randn(2, 4)), "a"));
    }

    [TestMethod]
    public void Part_of_a_layer_may_stay()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) =>
        {
            var h = n.Call("a", x);
            return n.Call("b", cat([h.narrow(1, 0, 2).Plus(x.narrow(1, 0, 2)), h.narrow(1, 2, h.shape[1] - 2)], 1));
        }, ("a", Linear(4, 6)), ("b", Linear(6, 2)));
        var map = NeuronMap.Discover(Checks.Filled(model), randn(2, 4));
        Assert.AreEqual("a: 4 neurons: a [out], b [in]", Checks.Lines(map).Single());
        Assert.AreEqual("2 of its 6 neurons: the network's input reaches it", Reason(map, "a"));
        CollectionAssert.AreEqual(new[] { 2 }, map.Groups[0].Members[0].Indices[0].ToArray());
        Checks.Halved(model, randn(2, 4));
    }

    [TestMethod]
    public void A_model_that_computes_nan_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("b", n.Call("a", x).log()), ("a", Linear(4, 6)), ("b", Linear(6, 2)));
        Assert.ThrowsExactly<InvalidOperationException>(() => NeuronMap.Discover(model, randn(8, 4)));
    }

    [TestMethod]
    public void Layers_that_cannot_be_pruned_are_named_with_the_reason()
    {
        Named("lstm", "this LSTM reads its own outputs at the next step, so that its neurons cannot be removed one by one", new LSTMLayer(nn.LSTM(6, 6, batchFirst: true)), "recurrent.lstm");
        Named("gru", "this GRU reads its own outputs at the next step", new GRULayer(nn.GRU(6, 6, batchFirst: true)), "recurrent.gru");
        Named("encoder", "this TransformerEncoderLayer is computed by LibTorch as a whole, so that its neurons cannot be removed one by one; attention that is built of linear layers can be pruned", TransformerEncoderLayer(6, 2, 12), "recurrent");
        Named("attention", "this MultiheadAttention is computed by LibTorch as a whole", new AttentionLayer(MultiheadAttention(6, 2)), "recurrent.attention");
        Named("cube", "layers of type Conv3d are not followed, so that their neurons cannot be removed", new Cube(), "recurrent.cube");

        static void Named(string what, string reason, Module<Tensor, Tensor> layer, string path)
        {
            using var scope = NewDisposeScope();
            using var model = new Net((n, x) => n.Call("head", functional.relu(n.Call("hidden", n.Call("recurrent", n.Call("embed", x))))),
                ("embed", Linear(3, 6)), ("recurrent", layer), ("hidden", Linear(6, 5)), ("head", Linear(5, 2)));
            var map = NeuronMap.Discover(model, randn(2, 4, 3));
            StringAssert.Contains(Reason(map, path), reason, what);
            StringAssert.Contains(map.ToString(), $"left alone: {path}: {reason}");
            Assert.AreEqual("hidden", map.Groups.Single().Name, what);
        }
    }

    [TestMethod]
    public void A_grouped_convolution_says_that_its_channels_go_by_the_group()
    {
        using var scope = NewDisposeScope();
        using var model = new Net((n, x) => n.Call("head", functional.relu(n.Call("grouped", functional.relu(n.Call("first", x)))).mean([2, 3])),
            ("first", Conv2d(3, 8, 3)), ("grouped", Conv2d(8, 8, 3, groups: 2)), ("head", Linear(8, 2)));
        var map = NeuronMap.Discover(model, randn(2, 3, 9, 9));
        Assert.AreEqual("first: 2 neurons: first [out, 4 each], grouped [out, 4 each, by the group], grouped [in, 4 each, by the group], head [in, 4 each]", Checks.Lines(map).Single());
    }

    internal sealed class LSTMLayer : Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.LSTM lstm;

        public LSTMLayer(TorchSharp.Modules.LSTM lstm) : base(nameof(LSTMLayer))
        {
            this.lstm = lstm;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => lstm.call(input, null).Item1;
    }

    sealed class GRULayer : Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.GRU gru;

        public GRULayer(TorchSharp.Modules.GRU gru) : base(nameof(GRULayer))
        {
            this.gru = gru;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => gru.call(input).Item1;
    }

    sealed class AttentionLayer : Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.MultiheadAttention attention;

        public AttentionLayer(TorchSharp.Modules.MultiheadAttention attention) : base(nameof(AttentionLayer))
        {
            this.attention = attention;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var x = input.transpose(0, 1);
            return attention.call(x, x, x, null, false, null).Item1.transpose(0, 1);
        }
    }

    sealed class Cube : Module<Tensor, Tensor>
    {
        readonly TorchSharp.Modules.Conv3d cube = Conv3d(1, 2, 1);

        public Cube() : base(nameof(Cube)) => RegisterComponents();

        public override Tensor forward(Tensor input) => cube.call(input.unsqueeze(0).unsqueeze(0)).select(1, 0).squeeze(0);
    }

    static string Reason(NeuronMap map, string name) => map.Skipped.Single(s => s.Name == name).Reason;
}
