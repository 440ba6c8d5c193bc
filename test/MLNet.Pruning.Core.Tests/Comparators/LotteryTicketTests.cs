using MLNet.Pruning.Comparators;
using MLNet.Pruning.Tests.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass, DoNotParallelize]
public sealed class LotteryTicketTests
{
    static readonly string[] names = ["layers.linear1.weight", "layers.linear2.weight", "layers.linear3.weight"];

    static (nn.Module Model, TrainingTask Task) Make()
    {
        random.manual_seed(3);
        var model = new FeedForward([12, 30, 20, 3]);
        return (model, new() { Model = model, Examples = Rows.Blobs(200, 12, 3), Objective = new CrossEntropy(3) });
    }

    static readonly TrainingOptions training = new() { Epochs = 6, BatchSize = 32, LearningRate = 0.01, Replicas = 1, Seed = 2 };

    /// <summary>The weights when a run begins and when it ends.</summary>
    sealed class Ends(List<float[][]> begins, List<float[][]> ends) : ITrainingHook
    {
        public void Started(TrainingRun run) => begins.Add(Now(run));

        public void Ended(TrainingRun run) => ends.Add(Now(run));

        static float[][] Now(TrainingRun run) => [.. names.Select(name => run.Model.get_parameter(name)!.detach().data<float>().ToArray())];
    }

    [TestMethod]
    public void Each_round_removes_the_smallest_of_all_layers_and_begins_at_the_stored_weights()
    {
        var (model, task) = Make();
        using var _ = model;
        var (begins, ends, rounds) = (new List<float[][]>(), new List<float[][]>(), new List<int>());
        var ticket = new LotteryTicket
        {
            Sparsity = 0.75,
            Rounds = 2,
            Rewind = 2,
            Training = training,
            EachRound = (round, options) =>
            {
                rounds.Add(round);
                return options with { Hooks = [.. options.Hooks, new Ends(begins, ends)] };
            },
        }.Run(task);
        CollectionAssert.AreEqual(new[] { -1, 0, 1, 2 }, rounds);
        CollectionAssert.AreEqual(new[] { 2, 4, 4, 4 }, ticket.Histories.Select(h => h.Epochs.Count).ToArray());
        var stored = begins[1].SelectMany(w => w).ToArray();
        CollectionAssert.AreEqual(ends[0].SelectMany(w => w).ToArray(), stored);
        const int all = 12 * 30 + 30 * 20 + 20 * 3;
        var kept = Enumerable.Range(0, all).ToHashSet();
        for (var round = 1; round <= 2; round++)
        {
            // Half of what is left goes twice: 510 of 1,020, then 255.
            var trained = ends[round].SelectMany(w => w).ToArray();
            kept = [.. kept.OrderByDescending(i => Math.Abs(trained[i])).Take(all >> round)];
            var begun = begins[round + 1].SelectMany(w => w).ToArray();
            for (var i = 0; i < all; i++)
                Assert.AreEqual(kept.Contains(i) ? stored[i] : 0, begun[i], $"round {round}, weight {i}");
        }
        var final = names.SelectMany(name => model.get_parameter(name)!.detach().data<float>().ToArray()).ToArray();
        for (var i = 0; i < all; i++)
            if (!kept.Contains(i))
                Assert.AreEqual(0, final[i]);
        Assert.AreEqual(255, ticket.Masks.ActiveCount);
        Assert.IsGreaterThan(0.9, ticket.Histories[^1].Epochs[^1].Accuracy!.Value);
    }

    [TestMethod]
    public void Wrong_settings_are_named()
    {
        var (model, task) = Make();
        using var _ = model;
        Refused(new() { Training = training, Rewind = 6 }, "Rewind is 6");
        Refused(new() { Training = training, Sparsity = 1 }, "Sparsity is 1");
        Refused(new() { Training = training, Rounds = 0 }, "Rounds is 0");

        void Refused(LotteryTicket ticket, string part) => StringAssert.Contains(Assert.Throws<ArgumentException>(() => ticket.Run(task)).Message, part);
    }
}
