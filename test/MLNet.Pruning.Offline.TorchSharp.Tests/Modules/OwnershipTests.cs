using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Offline.TorchSharp.Tests.Modules;

[TestClass]
public sealed class OwnershipTests
{
    [TestMethod]
    public void Layers_made_in_a_dispose_scope_outlive_it()
    {
        Module<Tensor, Tensor> layers;
        using (NewDisposeScope())
            layers = Sequential(Linear(2, 3), BatchNorm1d(3), Conv1d(1, 1, 1), LayerNorm(3), GroupNorm(1, 2), Embedding(2, 2), InstanceNorm1d(2, affine: true));
        Assert.IsTrue(layers.parameters().All(parameter => !parameter.IsInvalid));
        Assert.IsTrue(layers.buffers().All(buffer => !buffer.IsInvalid));
        layers.Dispose();
    }

    [TestMethod]
    public void A_moved_module_has_leaves_and_its_gradients_still()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 2);
        layer.call(ones(2)).sum().backward();
        layer.to(float64);
        foreach (var parameter in layer.parameters())
        {
            Assert.IsTrue(parameter.requires_grad && parameter.is_leaf);
            Assert.AreEqual(float64, parameter.grad!.dtype);
            Assert.IsTrue(parameter.grad!.eq(1).all().item<bool>());
        }
        Assert.AreSame(layer.weight, layer.parameters().First());
    }

    [TestMethod]
    public void A_module_goes_to_floating_types_only()
    {
        using var layer = Linear(2, 2);
        Assert.ThrowsExactly<ArgumentException>(() => layer.to(int64));
        Assert.ThrowsExactly<InvalidOperationException>(() => layer.cuda());
    }

    [TestMethod]
    public void A_parameter_takes_over_the_tensor_it_is_made_of()
    {
        using var scope = NewDisposeScope();
        var data = ones(2);
        var before = scope.DisposablesCount;
        var parameter = new Parameter(data);
        Assert.IsTrue(data.IsInvalid);
        Assert.AreEqual(before, scope.DisposablesCount);
        Assert.IsTrue(scope.Contains(parameter));
    }

    [TestMethod]
    public void Zeroing_a_module_lets_its_gradients_go_and_zeroing_an_optimizer_keeps_them_as_zeros()
    {
        using var scope = NewDisposeScope();
        var layer = Linear(2, 2);
        using var optimizer = optim.SGD(layer.parameters(), 0.1);
        layer.call(ones(2)).sum().backward();
        optimizer.zero_grad();
        Assert.IsTrue(layer.parameters().All(p => p.grad!.eq(0).all().item<bool>()));
        layer.zero_grad();
        Assert.IsTrue(layer.parameters().All(p => p.grad is null));
    }

    [TestMethod]
    public void Half_precision_and_sparse_gradients_step_through_the_lists_of_tensors()
    {
        using var scope = NewDisposeScope();
        var half = new Parameter(ones(4, ScalarType.BFloat16));
        using var adam = optim.Adam([half], 0.25);
        (half * 2).sum().backward();
        adam.step();
        Assert.AreEqual(0.75f, half.to(float32)[0].item<float>(), 0.01f);

        var embedding = Embedding(4, 2, sparse: true);
        var before = embedding.weight!.detach().clone();
        using var sgd = optim.SGD(embedding.parameters(), 0.5);
        embedding.call(tensor(new long[] { 1, 1, 3 })).sum().backward();
        sgd.step();
        CollectionAssert.AreEqual(new float[] { 0, 0, 1, 1, 0, 0, 0.5f, 0.5f }, (before - embedding.weight!).data<float>().Select(v => MathF.Round(v, 5)).ToArray());
    }

    [TestMethod]
    public void Several_threads_give_the_steps_of_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var start = randn(400, 500);
        var gradient = randn(400, 500);
        var threads = get_num_threads();
        try
        {
            var results = new[] { 1, 2 }.Select(count =>
            {
                set_num_threads(count);
                var p = new Parameter(start.clone());
                using var adam = optim.AdamW([p], weight_decay: 0.1);
                (p * gradient).sum().backward();
                adam.step();
                return p.detach();
            }).ToList();
            Assert.IsTrue(results[0].Equals(results[1]));
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}
