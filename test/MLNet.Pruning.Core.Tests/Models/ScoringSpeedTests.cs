using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Models;

[TestClass]
[DoNotParallelize] // it counts tensors
public sealed class ScoringSpeedTests
{
    /// <summary>Notes who was called with how many rows.</summary>
    sealed class Noting(string who, List<(string Who, long Rows)> calls) : nn.Module<Tensor, Tensor>(nameof(Noting))
    {
        public override Tensor forward(Tensor input)
        {
            calls.Add((who, input.shape[0]));
            return input.Times(2);
        }
    }

    [TestMethod]
    public void Models_take_turns_with_whole_batches_and_single_rows()
    {
        var calls = new List<(string Who, long Rows)>();
        using var first = new Noting("first", calls);
        using var second = new Noting("second", calls);
        var speeds = ScoringSpeed.Measure([first, second], [3], batch: 7, turns: 3);
        var runs = calls.Where((c, i) => i == 0 || c != calls[i - 1]).ToArray();
        (string, long)[] turn = [("first", 7), ("first", 1), ("second", 7), ("second", 1)];
        CollectionAssert.AreEqual(turn.Concat(turn).Concat(turn).ToArray(), runs);
        foreach (var speed in speeds)
            Assert.IsTrue(speed.RowsPerSecond is > 0 and < double.PositiveInfinity && speed.Latency is > 0 and < 1);
        Assert.HasCount(2, speeds);
    }

    [TestMethod]
    public void Measuring_leaves_no_tensor_and_restores_the_threads()
    {
        using var model = (nn.Module<Tensor, Tensor>)new FeedForwardBlueprint([8, 4, 2]).Build();
        ScoringSpeed.Measure([model], [8], batch: 4, turns: 1);
        var (tensors, threads) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, get_num_threads());
        ScoringSpeed.Measure([model], [8], batch: 4, turns: 2);
        Assert.AreEqual(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.AreEqual(threads, get_num_threads());
    }

    [TestMethod]
    public void A_batch_of_no_rows_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ScoringSpeed.Measure([], [8], batch: 0));
}
