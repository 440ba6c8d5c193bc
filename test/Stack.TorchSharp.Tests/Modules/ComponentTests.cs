using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Stack.TorchSharp.Tests.Modules;

[TestClass]
public sealed class ComponentTests
{
    [TestMethod]
    public void Fields_become_components_under_their_names()
    {
        using var block = new Block();
        CollectionAssert.AreEquivalent(
            new[] { "first.weight", "first.bias", "rest.norm.weight", "rest.norm.bias", "rest.second.weight", "rest.second.bias", "scale" },
            block.named_parameters().Select(p => p.name).ToList());
        CollectionAssert.AreEquivalent(
            new[] { "shift", "rest.norm.running_mean", "rest.norm.running_var", "rest.norm.num_batches_tracked" },
            block.named_buffers().Select(b => b.name).ToList());
        CollectionAssert.AreEqual(new[] { "first", "activation", "rest" }, block.named_children().Select(c => c.name).ToList());
        CollectionAssert.AreEqual(new[] { "first", "activation", "rest", "rest.norm", "rest.second" }, block.named_modules().Select(m => m.name).ToList());
        Assert.AreEqual(7, block.parameters().Count());
        Assert.AreEqual(1, block.parameters(false).Count());
        Assert.AreEqual(5, block.modules().Count());
        Assert.AreEqual("Block", block.GetName());
    }

    [TestMethod]
    public void Containers_name_what_they_hold_by_place_or_key()
    {
        using var tower = new Tower();
        var names = tower.named_parameters().Select(p => p.name).ToList();
        CollectionAssert.IsSubsetOf(new[] { "blocks.0.first.weight", "blocks.1.scale", "named.left.bias", "named.right.weight", "loose.0", "loose.1" }, names);
        CollectionAssert.DoesNotContain(names, "named.right.bias");
        Assert.AreEqual(7 * 2 + 3 + 2, names.Count);
    }

    [TestMethod]
    public void The_state_lists_parameters_before_buffers()
    {
        using var norm = BatchNorm1d(3);
        CollectionAssert.AreEqual(new[] { "weight", "bias", "running_mean", "running_var", "num_batches_tracked" }, norm.state_dict().Keys.ToList());
        using var stack = Sequential(BatchNorm1d(3), Linear(3, 2));
        CollectionAssert.AreEqual(
            new[] { "0.weight", "0.bias", "1.weight", "1.bias", "0.running_mean", "0.running_var", "0.num_batches_tracked" },
            stack.state_dict().Keys.ToList());
    }

    [TestMethod]
    public void A_component_is_found_by_its_path()
    {
        using var block = new Block();
        Assert.IsTrue(block.has_parameter("rest.second.weight"));
        Assert.IsFalse(block.has_parameter("rest.third.weight"));
        Assert.IsTrue(block.has_buffer("rest.norm.running_mean"));
        Assert.IsFalse(block.has_buffer("scale"));
        Assert.AreSame(block.scale, block.get_parameter("scale"));
        Assert.AreSame(block.shift, block.get_buffer("shift"));
        Assert.IsNull(block.get_parameter("rest.second.nothing"));
    }

    [TestMethod]
    public void A_name_is_registered_once()
    {
        using var block = new Block();
        using var extra = Linear(2, 2);
        using var tensor = zeros(2);
        Assert.ThrowsExactly<InvalidOperationException>(() => block.register_module("first", extra));
        Assert.ThrowsExactly<InvalidOperationException>(() => block.register_parameter("scale", block.scale));
        Assert.ThrowsExactly<InvalidOperationException>(() => block.register_buffer("shift", tensor));
        Assert.ThrowsExactly<ArgumentException>(() => block.register_module("with.dot", extra));
        Assert.ThrowsExactly<ArgumentException>(() => block.register_module("", extra));
        block.register_module("extra", extra);
        Assert.IsTrue(block.has_parameter("extra.weight"));
    }

    [TestMethod]
    public void Training_and_evaluating_reach_every_module()
    {
        using var block = new Block();
        Assert.IsTrue(block.training);
        block.eval();
        // A sequence does not change its own flag in 0.99.6.
        Assert.IsTrue(block.modules().All(module => !module.training || module is Sequential));
        Assert.IsFalse(block.training);
        block.train();
        Assert.IsTrue(block.modules().All(module => module.training));
    }

    [TestMethod]
    public void Apply_visits_children_before_their_parent()
    {
        using var block = new Block();
        var visited = new List<Type>();
        block.apply(module => visited.Add(module.GetType()));
        CollectionAssert.AreEqual(
            new[] { typeof(Linear), typeof(Tanh), typeof(BatchNorm1d), typeof(Linear), typeof(Sequential), typeof(Block) }, visited);
    }

    [TestMethod]
    public void A_shared_parameter_is_listed_once()
    {
        using var layer = Linear(2, 2);
        using var twice = Sequential(layer, ReLU(), layer);
        CollectionAssert.AreEqual(new[] { "0.weight", "0.bias" }, twice.named_parameters().Select(p => p.name).ToList());
    }

    [TestMethod]
    public void Sequential_can_be_indexed_sliced_and_appended()
    {
        using var scope = NewDisposeScope();
        var stack = Sequential(("a", Linear(2, 3)), ("b", ReLU()), ("c", Linear(3, 1)));
        Assert.AreEqual(3, stack.Count);
        Assert.IsInstanceOfType<Linear>(stack[2]);
        Assert.AreEqual(2, stack[1..].Count);
        Assert.AreEqual(1, stack[(0, 1)].Count);
        Assert.AreEqual(2, stack[(null, 2)].Count);
        stack.append("d", Sigmoid()).append(Tanh());
        CollectionAssert.AreEqual(new[] { "a", "b", "c", "d", "4" }, stack.named_children().Select(c => c.name).ToList());
        var x = randn(4, 2);
        var expected = ((Linear)stack[2]).call(((Linear)stack[0]).call(x).relu()).sigmoid().tanh();
        Assert.IsTrue(stack.call(x).allclose(expected));
    }

    [TestMethod]
    public void An_empty_sequence_passes_its_input_on()
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 2);
        var y = Sequential().call(x);
        Assert.AreNotSame(x, y);
        Assert.IsTrue(y.Equals(x));
    }

    [TestMethod]
    public void A_weight_can_be_replaced()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(3, 2);
        layer.weight = Parameter(ones(4, 3));
        layer.bias = Parameter(zeros(4));
        CollectionAssert.AreEqual(new long[] { 4 }, layer.call(ones(3)).shape);
        Assert.AreEqual(12, layer.parameters().First().numel());
        Assert.IsTrue(layer.weight!.Equals(layer.parameters().First()));
    }

    [TestMethod]
    public void Moving_to_another_precision_replaces_the_fields_too()
    {
        using var scope = NewDisposeScope();
        var block = new Block().to(float64);
        Assert.IsTrue(block.parameters().All(p => p.dtype == float64));
        Assert.AreEqual(float64, block.scale.dtype);
        Assert.AreEqual(float64, block.first.weight!.dtype);
        Assert.AreEqual(float64, block.get_buffer("rest.norm.running_mean")!.dtype);
        block.eval();
        Assert.AreEqual(float64, block.call(randn(5, 4, float64)).dtype);
    }
}
