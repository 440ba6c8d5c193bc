using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Stack.TorchSharp.Tests.Optim;

[TestClass]
public sealed class ClippingTests
{
    // A step of rate one over parameters that start at zero leaves the negative gradient in them.
    static double[] AfterClipping(Action<Parameter[]> clip)
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(zeros(2, float64)), new(zeros(1, float64)), new(zeros(1, float64))];
        (parameters[0] * tensor(new[] { 3.0, -4.0 })).sum().backward();
        (parameters[1] * 12).sum().backward();
        clip(parameters);
        using var optimizer = optim.SGD(parameters, 1);
        optimizer.step();
        return [.. parameters.SelectMany(p => (-p).data<double>().ToArray())];
    }

    [TestMethod]
    public void Clipping_by_norm_scales_all_gradients_together()
    {
        var norm = 0.0;
        var clipped = AfterClipping(p => norm = nn.utils.clip_grad_norm_(p, 6.5));
        Assert.AreEqual(13, norm, 1e-12);
        foreach (var (wanted, found) in ((double[])[1.5, -2, 6, 0]).Zip(clipped))
            Assert.AreEqual(wanted, found, 1e-6);
    }

    [TestMethod]
    public void A_norm_below_the_limit_changes_nothing()
    {
        var clipped = AfterClipping(p => Assert.AreEqual(13, nn.utils.clip_grad_norm_(p, 20), 1e-12));
        CollectionAssert.AreEqual(new double[] { 3, -4, 12, 0 }, clipped.Select(v => v + 0).ToArray());
    }

    [TestMethod]
    public void Other_norms_can_be_asked_for()
    {
        AfterClipping(p => Assert.AreEqual(12, nn.utils.clip_grad_norm_(p, 20, double.PositiveInfinity), 1e-12));
        AfterClipping(p => Assert.AreEqual(19, nn.utils.clip_grad_norm_(p, 20, 1), 1e-12));
    }

    [TestMethod]
    public void Clipping_by_value_bounds_each_gradient()
    {
        var clipped = AfterClipping(p => nn.utils.clip_grad_value_(p, 3.5));
        CollectionAssert.AreEqual(new double[] { 3, -3.5, 3.5, 0 }, clipped.Select(v => v + 0).ToArray());
    }

    [TestMethod]
    public void Parameters_go_into_a_vector_and_back()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 3, dtype: float64);
        var vector = nn.utils.parameters_to_vector(layer.parameters());
        CollectionAssert.AreEqual(new long[] { 9 }, vector.shape);
        Assert.IsTrue(vector[..6].view(3, 2).Equals(layer.weight!));
        nn.utils.vector_to_parameters(arange(9, float64), layer.parameters());
        Assert.AreEqual(5.0, layer.weight![2, 1].item<double>());
        Assert.AreEqual(8.0, layer.bias![2].item<double>());
    }
}
