using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MLNet.Pruning.Upstream.Tests;

[TestClass]
public sealed class ScalarTests
{
    static readonly Scalar seven = 7;
    static Scalar? held;

    [TestMethod]
    public void A_scalar_that_is_held_survives_collections()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.0);
        using Scalar three = 3.0;
        for (var i = 0; i < 100; i++)
        {
            Collect();
            Assert.AreEqual(20, x.mul(three).add(x, seven).item<double>());
        }
    }

    [TestMethod]
    public void A_scalar_that_nothing_holds_is_freed_by_its_finalizer()
    {
        var scalar = Forgotten();
        Collect();
        Assert.IsFalse(scalar.TryGetTarget(out _));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference<Scalar> Forgotten()
        {
            held = 3.0;
            var forgotten = new WeakReference<Scalar>(held);
            held = null;
            return forgotten;
        }
    }

    [TestMethod]
    public void Scalars_keep_the_kind_of_their_number()
    {
        using Scalar whole = 2, fraction = 2.0;
        using var scope = NewDisposeScope();
        Assert.AreEqual(ScalarType.Int64, ones(1, ScalarType.Int64).mul(whole).dtype);
        Assert.AreEqual(ScalarType.Float32, ones(1, ScalarType.Int64).mul(fraction).dtype);
        Assert.AreEqual(ScalarType.Float32, ones(1, ScalarType.Float32).mul(fraction).dtype);
    }

    /// <summary>The training loop counts in place of the norm, which then does not find its counter.</summary>
    [TestMethod]
    public void A_batch_norm_without_its_counters_field_normalises_alike_and_keeps_the_buffer()
    {
        using var scope = NewDisposeScope();
        var (norm, other) = (nn.BatchNorm1d(3), nn.BatchNorm1d(3));
        var count = norm.num_batches_tracked!;
        var field = typeof(NormBase).GetField("_num_batches_tracked", BindingFlags.Instance | BindingFlags.NonPublic)!;
        field.SetValue(norm, null);
        var x = randn(5, 3);
        Assert.IsTrue(norm.call(x).equal(other.call(x)).all().item<bool>());
        Assert.IsTrue(norm.running_var!.equal(other.running_var!).all().item<bool>());
        Assert.AreEqual(0, count.item<long>());
        CollectionAssert.AreEquivalent(other.state_dict().Keys.ToArray(), norm.state_dict().Keys.ToArray());
        field.SetValue(norm, count);
        norm.call(x);
        Assert.AreEqual(1, count.item<long>());
    }

    static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
