using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Upstream.Tests;

[TestClass]
public sealed class HookTests
{
    [TestMethod]
    public void Hooks_run_around_the_module_in_the_order_they_came()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 2);
        var order = new List<string>();
        layer.register_forward_hook((_, _, y) => { order.Add("after 1"); return y; });
        layer.register_forward_pre_hook((_, x) => { order.Add("before 1"); return x; });
        layer.register_forward_hook((_, _, y) => { order.Add("after 2"); return y; });
        layer.register_forward_pre_hook((_, x) => { order.Add("before 2"); return x; });
        layer.call(ones(2));
        CollectionAssert.AreEqual(new[] { "before 1", "before 2", "after 1", "after 2" }, order);
    }

    [TestMethod]
    public void Hooks_can_change_what_goes_in_and_comes_out()
    {
        using var scope = NewDisposeScope();
        var layer = ReLU();
        layer.register_forward_pre_hook((_, x) => x - ones_like(x));
        layer.register_forward_hook((_, x, y) => y * y - x);
        var y = layer.call(tensor(new double[] { 0.5, 3 }));
        CollectionAssert.AreEqual(new double[] { 0.5, 2 }, y.data<double>().ToArray());
    }

    [TestMethod]
    public void A_hook_that_returns_nothing_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var layer = ReLU();
        var seen = 0;
        layer.register_forward_pre_hook((_, _) => { seen++; return null!; });
        layer.register_forward_hook((_, _, _) => { seen++; return null!; });
        Assert.AreEqual(3f, layer.call(tensor(3f)).item<float>());
        Assert.AreEqual(2, seen);
    }

    [TestMethod]
    public void A_removed_hook_is_silent()
    {
        using var scope = NewDisposeScope();
        var layer = ReLU();
        var seen = 0;
        var before = layer.register_forward_pre_hook((_, x) => { seen++; return x; });
        var after = layer.register_forward_hook((_, _, y) => { seen += 10; return y; });
        layer.call(ones(1));
        before.remove();
        layer.call(ones(1));
        after.remove();
        layer.call(ones(1));
        Assert.AreEqual(21, seen);
    }

    [TestMethod]
    public void Hooks_of_inner_modules_run_too()
    {
        using var scope = NewDisposeScope();
        var inner = Linear(2, 2);
        var stack = Sequential(inner, ReLU());
        var shapes = new List<string>();
        inner.register_forward_hook((module, x, y) =>
        {
            Assert.AreSame(inner, module);
            shapes.Add($"{x.shape[0]}x{y.shape[1]}");
            return y;
        });
        stack.call(ones(5, 2));
        CollectionAssert.AreEqual(new[] { "5x2" }, shapes);
    }

    [TestMethod]
    public void Modules_of_two_inputs_have_hooks()
    {
        using var scope = NewDisposeScope();
        var product = new Product();
        product.register_forward_pre_hook((_, left, right) => (left * left, right));
        product.register_forward_hook((_, left, _, y) => y - left);
        Assert.AreEqual(12f, product.call(tensor(2f), tensor(4f)).item<float>());
    }

    [TestMethod]
    public void Forward_itself_calls_no_hooks()
    {
        using var scope = NewDisposeScope();
        var layer = ReLU();
        layer.register_forward_hook((_, _, y) => y * y);
        Assert.AreEqual(3f, layer.forward(tensor(3f)).item<float>());
    }
}
