using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Native;

namespace MLNet.Pruning.Offline.TorchSharp.Tests;

// The count of live tensors is the process's: nothing else may make any meanwhile.
[TestClass]
[DoNotParallelize]
public sealed class MemoryTests
{
    static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    [TestMethod]
    public void Scoped_work_leaves_no_native_tensor_behind()
    {
        using var weights = torch.randn(new long[] { 8, 8 }, requires_grad: true);
        Step(weights);
        Settle();
        var before = Bridge.prt_live();
        for (var step = 0; step < 200; step++)
            Step(weights);
        Assert.AreEqual(before, Bridge.prt_live());

        static void Step(torch.Tensor weights)
        {
            using var scope = torch.NewDisposeScope();
            var x = torch.randn(4, 8);
            var loss = (x.matmul(weights).relu().softmax(1) - torch.ones(4, 8)).pow(2).sum();
            loss.backward();
            var (values, order) = x.sort(1);
            var parts = values.chunk(2, 1);
            parts[0][.., 0] = order[.., 0].to(torch.float32);
            weights.grad!.zero_();
            _ = x.unique(return_counts: true);
            _ = x.data<float>().ToArray();
            _ = x.str();
            x.add_(1).relu_();
        }
    }

    [TestMethod]
    public void Failures_leave_nothing_behind_either()
    {
        using var a = torch.ones(2, 3);
        var before = Bridge.prt_live();
        for (var k = 0; k < 20; k++)
        {
            Assert.ThrowsExactly<ExternalException>(() => a.matmul(a));
            Assert.ThrowsExactly<ExternalException>(() => a[5]);
            Assert.ThrowsExactly<ExternalException>(() => torch.cat([a, a.t()]));
        }
        Settle();
        Assert.AreEqual(before, Bridge.prt_live());
    }

    [TestMethod]
    public void Forgotten_tensors_of_other_threads_are_finalized()
    {
        Settle();
        var before = Bridge.prt_live();
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() => Litter(500))).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Settle();
        Assert.AreEqual(before, Bridge.prt_live());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Litter(int count)
    {
        for (var k = 0; k < count; k++)
            _ = torch.ones(4) + k;
        // A scope that nobody ends: its thread does, and with it the last reference.
        _ = torch.NewDisposeScope();
        _ = torch.ones(4);
    }

    [TestMethod]
    public void An_array_under_a_tensor_is_let_go_with_the_last_view()
    {
        var (array, view) = Share();
        Settle();
        Assert.IsTrue(array.IsAlive);
        Assert.AreEqual(10, view.sum().ToSingle());
        view.Dispose();
        Settle();
        Assert.IsFalse(array.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static (WeakReference, torch.Tensor) Share()
    {
        var array = new float[] { 1, 2, 3, 4 };
        using var whole = torch.from_array(array);
        return (new WeakReference(array), whole.view(2, 2));
    }

    [TestMethod]
    public void Decoupled_handles_are_no_longer_counted_here()
    {
        var tensor = torch.ones(1);
        var handle = tensor.DecoupleFromNativeHandle();
        Assert.IsTrue(tensor.IsInvalid);
        using var again = torch.Tensor.UnsafeCreateTensor(handle);
        Assert.AreEqual(1, again.item<float>());
    }
}
