using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Upstream.Tests;

[TestClass]
public sealed class DisposeScopeTests
{
    [TestMethod]
    public void A_scope_disposes_what_was_made_in_it_and_nothing_else()
    {
        using var before = torch.ones(2);
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = before.neg();
            Assert.IsFalse(inside.IsInvalid);
        }
        Assert.IsTrue(inside.IsInvalid);
        Assert.IsFalse(before.IsInvalid);
    }

    [TestMethod]
    public void A_tensor_moved_outwards_lives_as_long_as_the_outer_scope()
    {
        Tensor kept;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                kept = torch.ones(2).MoveToOuterDisposeScope();
            Assert.IsFalse(kept.IsInvalid);
        }
        Assert.IsTrue(kept.IsInvalid);
    }

    [TestMethod]
    public void A_detached_tensor_outlives_every_scope()
    {
        Tensor kept;
        using (NewDisposeScope())
        using (NewDisposeScope())
            kept = torch.ones(2).DetachFromDisposeScope();
        Assert.AreEqual(2, kept.sum().item<float>());
        kept.Dispose();
    }

    [TestMethod]
    public void Disposing_a_tensor_takes_it_out_of_its_scope()
    {
        using var scope = NewDisposeScope();
        var tensors = Enumerable.Range(0, 100).Select(k => torch.ones(k + 1)).ToArray();
        Assert.AreEqual(100, scope.DisposablesCount);
        foreach (var k in new[] { 99, 0, 50, 1 })
            tensors[k].Dispose();
        Assert.AreEqual(96, scope.DisposablesCount);
        Assert.IsFalse(scope.Contains(tensors[50]));
        Assert.IsTrue(scope.Contains(tensors[98]));
        scope.DisposeEverythingBut(tensors[7]);
        Assert.AreEqual(1, scope.DisposablesCount);
        Assert.AreEqual(8, tensors[7].numel());
        Assert.IsTrue(tensors[98].IsInvalid);
    }

    [TestMethod]
    public void Scopes_may_end_out_of_order()
    {
        var outer = NewDisposeScope();
        var first = torch.ones(1);
        var inner = NewDisposeScope();
        var second = torch.ones(1);
        outer.Dispose();
        Assert.IsTrue(first.IsInvalid);
        Assert.IsFalse(second.IsInvalid);
        inner.Dispose();
        Assert.IsTrue(second.IsInvalid);
        using var free = torch.ones(1);
        Assert.IsFalse(outer.Equals(inner) || free.IsInvalid);
    }

    [TestMethod]
    public void Several_tensors_leave_a_scope_together()
    {
        Tensor a, b, c;
        using (var scope = NewDisposeScope())
        {
            (a, b) = scope.Detach(torch.ones(1), torch.ones(2));
            c = torch.ones(3);
            (_, c) = scope.MoveToOuter(a, c);
        }
        Assert.AreEqual(6, a.numel() + b.numel() + c.numel());
        a.Dispose();
        b.Dispose();
        c.Dispose();
    }

    [TestMethod]
    public void The_statistics_count_births_deaths_and_departures()
    {
        // A thread of its own has counters of its own.
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Count();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        Assert.IsNull(failure, failure?.Message);

        static void Count()
        {
            var statistics = DisposeScopeManager.Statistics;
            statistics.Reset();
            var outside = torch.ones(1);
            using (var scope = NewDisposeScope())
            {
                var inside = torch.ones(1);
                var gone = torch.ones(1);
                gone.Dispose();
                scope.Detach(inside);
                Assert.AreEqual(1, statistics.CreatedOutsideScopeCount);
                Assert.AreEqual(2, statistics.CreatedInScopeCount);
                Assert.AreEqual(1, statistics.DisposedInScopeCount);
                Assert.AreEqual(1, statistics.DetachedFromScopeCount);
                outside.Dispose();
                inside.Dispose();
            }
            Assert.AreEqual(0, statistics.ThreadTotalLiveCount);
        }
    }

    [TestMethod]
    public void A_wrapped_expression_keeps_only_its_result()
    {
        using var outer = NewDisposeScope();
        using var result = WrappedTensorDisposeScope(() => torch.ones(2) - torch.ones(2).neg() * torch.ones(2));
        Assert.AreEqual(1, outer.DisposablesCount);
        Assert.AreEqual(4, result.sum().item<float>());
    }
}
