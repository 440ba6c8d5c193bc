using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class RemovalTests
{
    [TestMethod]
    public void Parameters_are_counted_as_by_hand()
    {
        using var scope = NewDisposeScope();
        using var model = new FeedForward([784, 50, 30, 10]);
        var map = NeuronMap.Discover(model, randn(1, 784));
        var removal = map.Remove([new(map.Groups[0], [.. Enumerable.Range(0, 35)]), new(map.Groups[1], [.. Enumerable.Range(9, 21)])]);
        Assert.AreEqual(784 * 50 + 50 + 50 * 30 + 30 + 30 * 10 + 10, removal.ParametersBefore);
        Assert.AreEqual(784 * 15 + 15 + 15 * 9 + 9 + 9 * 10 + 10, removal.ParametersAfter);
        Assert.AreEqual(removal.ParametersAfter, Checks.Count(model));
        Assert.AreEqual((50, 15), (removal.Groups[0].Before, removal.Groups[0].After));
    }

    [TestMethod]
    public void The_surviving_weights_are_the_ones_that_were_there()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("conv", Conv2d(2, 4, 3)), ("bn", BatchNorm2d(4)), ("flat", Flatten()), ("fc", Linear(16, 3))));
        var before = model.state_dict().ToDictionary(s => s.Key, s => s.Value.detach().clone());
        var objects = model.parameters().ToArray();
        var map = NeuronMap.Discover(model, randn(1, 2, 4, 4));
        map.Remove([new(map["conv"], [1, 2])]);
        var channels = tensor(new long[] { 0, 3 });
        var pixels = tensor(new long[] { 0, 1, 2, 3, 12, 13, 14, 15 });
        foreach (var (name, value) in model.state_dict())
        {
            var expected = before[name].Dimensions == 0 || name == "fc.bias" ? before[name] : name == "fc.weight" ? before[name].index_select(1, pixels) : before[name].index_select(0, channels);
            Assert.IsTrue(expected.equal(value).all().item<bool>(), name);
        }
        var after = model.parameters().ToArray();
        for (var i = 0; i < objects.Length; i++)
            Assert.AreSame(objects[i], after[i]);
        Assert.IsTrue(after.All(p => p.requires_grad));
    }

    [TestMethod]
    public void Mode_type_and_frozen_parameters_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        using var model = Sequential(("a", Conv2d(2, 6, 3, dtype: ScalarType.Float64)), ("depth", Conv2d(6, 6, 3, groups: 6, dtype: ScalarType.Float64)), ("norm", GroupNorm(6, 6, dtype: ScalarType.Float64)),
            ("flat", Flatten()), ("ln", LayerNorm(24, dtype: ScalarType.Float64)), ("fc", Linear(24, 2, dtype: ScalarType.Float64)));
        // TorchSharp leaves a new group norm's memory as it finds it.
        init.ones_(model.get_parameter("norm.weight")!);
        init.zeros_(model.get_parameter("norm.bias")!);
        model.get_parameter("depth.weight")!.requires_grad = false;
        model.train();
        var names = model.named_parameters().Select(p => p.name).ToArray();
        var x = randn([2, 2, 6, 6], dtype: ScalarType.Float64);
        var map = NeuronMap.Discover(model, x);
        var removal = map.Remove([new(map["a"], [0, 4])], verify: x);
        Assert.IsLessThan(1e-12, removal.Difference!.Value);
        CollectionAssert.AreEqual(names, model.named_parameters().Select(p => p.name).ToArray());
        Assert.IsTrue(model.named_modules().All(m => m.module.training));
        Assert.IsTrue(model.parameters().All(p => p.dtype == ScalarType.Float64));
        CollectionAssert.AreEqual(new[] { "depth.weight" }, model.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => p.name).ToArray());
    }

    [TestMethod]
    public void A_layer_that_had_to_be_made_anew_is_still_the_same_object_with_its_hooks()
    {
        using var scope = NewDisposeScope();
        using var depth = Conv2d(6, 6, 3, groups: 6, padding: 1);
        var calls = 0;
        var hook = depth.register_forward_hook((_, _, output) =>
        {
            calls++;
            return output;
        });
        using var model = Sequential(("a", Conv2d(1, 6, 1)), ("depth", depth), ("b", Conv2d(6, 2, 1)));
        var x = randn(1, 1, 5, 5);
        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map["a"], [3])], verify: x);
        calls = 0;
        model.call(x);
        Assert.AreEqual(1, calls);
        hook.remove();
        CollectionAssert.AreEqual(new long[] { 5, 1, 3, 3 }, depth.weight!.shape);
        // Both the parameter that the model lists and the one that the layer computes with.
        using (no_grad())
            model.get_parameter("depth.weight")!.zero_();
        using (no_grad())
            Assert.AreEqual(0, (depth.call(randn(1, 5, 4, 4)) - depth.bias!.view(1, 5, 1, 1)).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(3, 1, 0, 1, PaddingModes.Zeros)]
    [DataRow(3, 2, 1, 1, PaddingModes.Zeros)]
    [DataRow(5, 1, 4, 2, PaddingModes.Zeros)]
    [DataRow(3, 1, 2, 1, PaddingModes.Reflect)]
    [DataRow(3, 1, 2, 1, PaddingModes.Replicate)]
    [DataRow(4, 3, 1, 1, PaddingModes.Circular)]
    public void Convolutions_in_groups_keep_their_settings(int kernel, int stride, int padding, int dilation, PaddingModes mode)
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 6, 1)), ("depth", Conv2d(6, 12, kernel, stride, padding, dilation, mode, 6)), ("b", Conv2d(12, 2, 1))));
        Checks.Halved(model, randn(2, 1, 11, 13), readers: false);
        using var line = Checks.Filled(Sequential(("a", Conv1d(1, 6, 1)), ("depth", Conv1d(6, 12, kernel, stride, padding, dilation, mode, 6)), ("b", Conv1d(12, 2, 1))));
        Checks.Halved(line, randn(2, 1, 17), readers: false);
    }

    [TestMethod]
    public void Same_padding_and_transposed_convolutions_in_groups_keep_their_settings()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Conv2d(1, 6, 1)), ("depth", Conv2d(6, 6, 4, Padding.Same, groups: 6)), ("b", Conv2d(6, 2, 1))));
        Checks.Halved(model, randn(2, 1, 9, 8), readers: false);
        using var up = Checks.Filled(Sequential(("a", Conv2d(1, 6, 1)), ("up", ConvTranspose2d(6, 12, 3, 2, 1, 1, 1, PaddingModes.Zeros, 3)), ("b", Conv2d(12, 2, 1))));
        Assert.AreEqual("a: 3 neurons: a [out, 2 each], up [out, 4 each, by the group], up [in, 2 each, by the group], b [in, 4 each]", Checks.Lines(NeuronMap.Discover(up, randn(1, 1, 5, 5))).Single());
        Checks.Halved(up, randn(2, 1, 5, 6), readers: false);
    }

    [TestMethod]
    public void Removing_in_steps_is_removing_at_once()
    {
        using var scope = NewDisposeScope();
        using var steps = Checks.Filled(new FeedForward([5, 8, 6, 2]));
        using var once = new FeedForward([5, 8, 6, 2]);
        once.load_state_dict(steps.state_dict());
        var x = randn(3, 5);
        var first = NeuronMap.Discover(steps, x);
        first.Remove([new(first.Groups[0], [0, 3])], verify: x);
        first.Remove([new(first.Groups[0], [2]), new(first.Groups[1], [5])], verify: x); // 2 is what was 4: without 0 and 3, 1 2 4 5 ... are left.
        var second = NeuronMap.Discover(once, x);
        second.Remove([new(second.Groups[0], [0, 3, 4]), new(second.Groups[1], [5])], verify: x);
        foreach (var ((name, a), (_, b)) in steps.named_parameters().Zip(once.named_parameters()))
            Assert.IsTrue(a.equal(b).all().item<bool>(), name);
    }

    [TestMethod]
    public void Selections_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = new FeedForward([5, 4, 2]);
        using var twin = new FeedForward([5, 4, 2]);
        var map = NeuronMap.Discover(model, randn(1, 5));
        var group = map.Groups[0];
        Assert.ThrowsExactly<ArgumentException>(() => map.Remove([new(group, [0, 1, 2, 3])]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => map.Remove([new(group, [4])]));
        Assert.ThrowsExactly<ArgumentException>(() => map.Remove([new(group, [1, 1])]));
        Assert.ThrowsExactly<ArgumentException>(() => map.Remove([new(group, [1]), new(group, [2])]));
        Assert.ThrowsExactly<ArgumentException>(() => map.Remove([new(NeuronMap.Discover(twin, randn(1, 5)).Groups[0], [1])]));
        Assert.ThrowsExactly<KeyNotFoundException>(() => map["nowhere"]);
        Assert.AreEqual(4, group.Size);
        Assert.AreEqual(5 * 4 + 4 + 4 * 2 + 2, Checks.Count(model));
    }

    [TestMethod]
    public void A_mask_is_gone_when_it_is_disposed_of()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new FeedForward([5, 4, 2]));
        var x = randn(3, 5);
        var map = NeuronMap.Discover(model, x);
        var before = Checks.Evaluated(model, x);
        using (map.Mask(new NeuronSelection(map.Groups[0], [0, 2])))
            Assert.IsFalse(before.allclose(Checks.Evaluated(model, x)));
        Assert.IsTrue(before.equal(Checks.Evaluated(model, x)).all().item<bool>());
    }

    [TestMethod]
    public void Large_layers_keep_the_weights_of_what_is_left()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(Sequential(("a", Linear(700, 610)), ("b", Linear(610, 520)), ("c", Linear(520, 2))));
        var weight = model.get_parameter("b.weight")!.detach().clone();
        var x = randn(2, 700);
        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map["a"], [0, 17, 18, 609]), new(map["b"], [.. Enumerable.Range(0, 260).Select(n => 2 * n + 1)])], verify: x);
        var rows = tensor(Enumerable.Range(0, 260).Select(n => 2L * n).ToArray());
        var columns = tensor(Enumerable.Range(0, 610).Where(n => n is not (0 or 17 or 18 or 609)).Select(n => (long)n).ToArray());
        Assert.IsTrue(weight.index_select(0, rows).index_select(1, columns).equal(model.get_parameter("b.weight")!).all().item<bool>());
    }

    [TestMethod]
    public void Graphs_of_earlier_steps_do_not_stand_in_the_way()
    {
        using var scope = NewDisposeScope();
        using var model = Checks.Filled(new FeedForward([3, 5, 2]));
        var x = randn(4, 3);
        var loss = model.call(x).Squared().sum();
        loss.backward();
        var map = NeuronMap.Discover(model, x);
        map.Remove([new(map.Groups[0], [0])]);
        var again = model.call(x).Squared().sum();
        again.backward();
        CollectionAssert.AreEqual(new long[] { 4, 3 }, model.get_parameter("layers.linear1.weight")!.grad!.shape);
        Assert.IsGreaterThan(0, loss.item<float>());
    }
}
