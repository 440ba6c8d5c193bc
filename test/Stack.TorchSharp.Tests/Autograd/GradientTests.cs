using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Stack.TorchSharp.Tests.Autograd;

[TestClass]
public sealed class GradientTests
{
    [TestMethod]
    public void Gradients_agree_with_finite_differences()
    {
        using var scope = NewDisposeScope();
        var values = new[] { 0.3, -1.2, 0.7, 2.0, -0.4, 1.1 };
        var x = torch.tensor(values, [2, 3], requires_grad: true);
        Loss(x).backward();
        var gradient = autograd.grad([Loss(x)], [x])[0].data<double>().ToArray();
        const double h = 1e-6;
        for (var k = 0; k < values.Length; k++)
        {
            var (up, down) = ((double[])values.Clone(), (double[])values.Clone());
            up[k] += h;
            down[k] -= h;
            var slope = (Loss(torch.tensor(up, [2, 3])).ToDouble() - Loss(torch.tensor(down, [2, 3])).ToDouble()) / (2 * h);
            Assert.AreEqual(slope, gradient[k], 1e-7);
        }

        static Tensor Loss(Tensor x) => (x.softmax(1) * x.exp()).sum() + x.matmul(x.t()).tanh().mean() + x.pow(2).sum().sqrt();
    }

    [TestMethod]
    public void No_grad_records_nothing_and_ends_with_its_scope()
    {
        using var scope = NewDisposeScope();
        var x = torch.ones(2, requires_grad: true);
        using (torch.no_grad())
        {
            Assert.IsFalse(is_grad_enabled());
            Assert.IsFalse((x * 2).requires_grad);
            using (torch.enable_grad())
                Assert.IsTrue((x * 2).requires_grad);
            Assert.IsFalse(is_grad_enabled());
        }
        Assert.IsTrue(is_grad_enabled());
        Assert.IsTrue((x * 2).requires_grad);
        using (torch.set_grad_enabled(false))
            Assert.IsFalse((x * 2).requires_grad);
    }

    [TestMethod]
    public void Only_leaves_that_ask_for_it_take_gradients()
    {
        using var scope = NewDisposeScope();
        var x = torch.ones(3, requires_grad: true);
        var y = x * 2;
        Assert.IsTrue(x.is_leaf);
        Assert.IsFalse(y.is_leaf);
        Assert.IsTrue(y.requires_grad);
        Assert.IsFalse(y.detach().requires_grad);
        Assert.IsFalse(torch.ones(3).requires_grad);
        Assert.IsTrue(torch.ones(3).requires_grad_().requires_grad);
    }

    [TestMethod]
    public void A_graph_is_used_up_unless_it_is_kept()
    {
        using var scope = NewDisposeScope();
        var x = torch.ones(3, requires_grad: true);
        var y = x.exp().sum();
        autograd.backward(y, retain_graph: true);
        autograd.backward(y);
        Assert.ThrowsExactly<ExternalException>(() => autograd.backward(y));
    }

    [TestMethod]
    public void Second_derivatives_come_from_a_graph_of_the_first()
    {
        using var scope = NewDisposeScope();
        var x = torch.tensor(new[] { 2.0, -1.0 }, requires_grad: true);
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0];
        var second = autograd.grad([first.sum()], [x])[0];
        CollectionAssert.AreEqual(new[] { 12.0, -6.0 }, second.data<double>().ToArray());
    }

    [TestMethod]
    public void A_tensor_of_values_needs_a_direction_to_go_backward()
    {
        using var scope = NewDisposeScope();
        var x = torch.tensor(new[] { 1.0, 2.0 }, requires_grad: true);
        Assert.ThrowsExactly<ExternalException>((x * 3).backward);
        var gradient = autograd.grad([x * 3], [x], [torch.tensor(new[] { 1.0, 10.0 })])[0];
        CollectionAssert.AreEqual(new[] { 3.0, 30.0 }, gradient.data<double>().ToArray());
    }

    [TestMethod]
    public void Gradients_flow_through_indexing_and_in_place_changes()
    {
        using var scope = NewDisposeScope();
        var x = torch.tensor(new[] { 1.0, 2.0, 3.0 }, requires_grad: true);
        var y = x * 1;
        y[1] = torch.tensor(5.0);
        y.mul_(2);
        var gradient = autograd.grad([(y * y).sum() + x[2]], [x])[0];
        CollectionAssert.AreEqual(new[] { 8.0, 0.0, 25.0 }, gradient.data<double>().ToArray());
    }
}
