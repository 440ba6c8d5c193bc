using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace MLNet.Pruning.Upstream.Tests;

[TestClass]
public sealed class LifetimeTests
{
    [TestMethod]
    public void A_disposed_module_has_disposed_its_tensors()
    {
        var block = new Block();
        var tensors = block.parameters().Cast<Tensor>().Concat(block.buffers()).ToList();
        Assert.AreEqual(11, tensors.Count);
        block.Dispose();
        Assert.IsTrue(tensors.All(tensor => tensor.IsInvalid));
        block.Dispose();
    }

    [TestMethod]
    public void Sequential_disposes_what_passes_between_its_steps()
    {
        using var scope = NewDisposeScope();
        var stack = Sequential(Linear(2, 3), ReLU(), Flatten(), Identity(), Dropout(0.5), Linear(3, 1));
        var x = randn(4, 2);
        var before = scope.DisposablesCount;
        var y = stack.call(x);
        Assert.AreEqual(before + 1, scope.DisposablesCount);
        Assert.IsFalse(x.IsInvalid);
        y.Dispose();
    }

    [TestMethod]
    public void A_thousand_training_steps_leave_no_tensor_behind()
    {
        using var outer = NewDisposeScope();
        manual_seed(1);
        var model = Sequential(Linear(6, 8), BatchNorm1d(8), ReLU(), Dropout(0.2), Linear(8, 3));
        var optimizer = optim.Adam(model.parameters(), amsgrad: true);
        var scheduler = optim.lr_scheduler.StepLR(optimizer, 10);
        var loss = CrossEntropyLoss();
        var (x, y) = (randn(16, 6), randint(0, 3, new long[] { 16 }));
        Step();
        var (alive, kept) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, outer.DisposablesCount);
        for (var step = 0; step < 1000; step++)
            Step();
        Assert.AreEqual(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.AreEqual(kept, outer.DisposablesCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            loss.call(model.call(x), y).backward();
            nn.utils.clip_grad_norm_(model.parameters(), 1.0);
            optimizer.step();
            scheduler.step();
        }
    }
}
