using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary><c>Tensor.set_</c>: how replicas share parameters, how all parameters lie in one vector, and how a layer shrinks in place.</summary>
[TestClass]
public sealed class SetTests
{
    [TestMethod]
    public void A_parameter_stays_the_same_object_in_its_layer_and_computes_with_the_new_memory()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(3, 2, hasBias: false);
        var weight = layer.weight!;
        using (no_grad())
            weight.set_(tensor(new float[,] { { 1, 2, 3 } }));
        Assert.AreSame(weight, layer.weight);
        Assert.IsTrue(weight.requires_grad);
        Assert.AreEqual(14f, layer.call(tensor(new float[] { 1, 2, 3 })).item<float>());
    }

    [TestMethod]
    public void Tensors_set_to_parts_of_a_vector_share_its_memory()
    {
        using var scope = NewDisposeScope();
        var vector = tensor(new float[] { 0, 1, 2, 3, 4, 5 });
        var layer = Linear(2, 2, hasBias: false);
        using (no_grad())
        {
            layer.weight!.set_(vector.narrow(0, 2, 4).view(2, 2));
            vector.zero_();
        }
        Assert.AreEqual(0f, layer.weight!.abs().sum().item<float>());
    }

    [TestMethod]
    public void Gradients_add_up_in_the_memory_that_they_were_set_to()
    {
        using var scope = NewDisposeScope();
        var gradients = torch.zeros(4);
        var layer = Linear(4, 1, hasBias: false);
        layer.weight!.grad = torch.zeros(1, 4);
        layer.weight!.grad!.set_(gradients.view(1, 4));
        for (var i = 0; i < 2; i++)
            layer.call(torch.ones(4)).sum().backward();
        CollectionAssert.AreEqual(new float[] { 2, 2, 2, 2 }, gradients.data<float>().ToArray());
    }

    [TestMethod]
    public void Setting_takes_the_new_shape_and_strides()
    {
        using var scope = NewDisposeScope();
        var table = torch.ones(4, 4);
        var part = torch.zeros(1);
        part.set_(table.narrow(1, 0, 2));
        CollectionAssert.AreEqual(new long[] { 4, 2 }, part.shape);
        CollectionAssert.AreEqual(new long[] { 4, 1 }, part.stride());
    }
}
