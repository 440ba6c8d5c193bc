using System.Text.Json;
using MLNet.Pruning.Comparators;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass, DoNotParallelize]
public sealed class DdpgAgentTests
{
    [TestMethod]
    public void Updates_are_those_of_PyTorch()
    {
        var settings = new DdpgAgent { HiddenSize = 8, BatchSize = 5, ReplaySize = 5, Discount = 0.9, TargetRate = 0.1, ActorLearningRate = 0.002, CriticLearningRate = 0.01, Seed = 3 };
        var made = new List<TorchSharp.Modules.Sequential>();
        using var policy = new DdpgPolicy(settings, bounded =>
        {
            made.Add(DdpgPolicy.Layers(bounded ? 3 : 4, 8, bounded, settings.Seed));
            return made[^1];
        });
        var (actor, critic, criticTarget) = (made[0], made[2], made[3]);
        var random = new Random(1);
        var batch = Enumerable.Range(0, 5).Select(i => new Transition(State(), random.NextSingle(), random.NextSingle() - 0.5f, i % 2 == 0 ? State() : null)).ToArray();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(new
            {
                actor = Values(actor),
                critic = Values(critic),
                actorRate = settings.ActorLearningRate,
                criticRate = settings.CriticLearningRate,
                discount = settings.Discount,
                tau = settings.TargetRate,
                updates = 20,
                states = batch.Select(t => t.State),
                actions = batch.Select(t => t.Action),
                rewards = batch.Select(t => t.Reward),
                next = batch.Select(t => t.Next ?? [0, 0, 0]),
                last = batch.Select(t => t.Next is null ? 1f : 0f),
            }));
            var expected = Python.Json<double[][]>("ddpg.py", file);
            for (var i = 0; i < 20; i++)
                policy.Learn(batch);
            foreach (var (network, wanted) in new[] { actor, critic, criticTarget }.Zip(expected))
            {
                var values = network.named_parameters().SelectMany(p => p.parameter.detach().data<float>().ToArray()).ToArray();
                Assert.HasCount(wanted.Length, values);
                for (var i = 0; i < values.Length; i++)
                    Assert.AreEqual(wanted[i], values[i], 2e-5, $"{i}");
            }
        }
        finally
        {
            File.Delete(file);
        }

        float[] State() => [random.NextSingle(), random.NextSingle(), random.NextSingle()];
    }

    static readonly DdpgAgent quick = new()
    {
        WarmUp = 40,
        Episodes = 120,
        HiddenSize = 32,
        ActorLearningRate = 1e-3,
        NoiseDecay = 0.97,
        CostWeight = 0.3,
        Seed = 1,
    };

    [TestMethod]
    public void The_agent_learns_rates_that_bring_more_and_removes_by_the_Taylor_expansion()
    {
        using var problem = new RedundantLayer();
        var result = problem.Run(quick);
        Assert.HasCount(161, result.Episodes);
        // Better than chance: what it tries in the end brings more than random rates did.
        var (early, late) = (result.Episodes.Take(40).Average(e => e.Reward), result.Episodes.TakeLast(20).Average(e => e.Reward));
        Assert.IsGreaterThan(early + 0.05, late);
        var first = result.Groups[0];
        Assert.IsGreaterThanOrEqualTo(15, first.Removed.Count);
        Assert.IsTrue(first.Removed.All(n => n is >= 3 and < 21), "only neurons that do nothing");
        Assert.AreEqual(24 - first.Removed.Count, problem.Map.Groups[0].Size);
        Assert.AreEqual(result.Best.Accuracy, problem.Accuracy(), 1e-6);
    }

    [TestMethod]
    public void The_rewards_of_a_walk_are_changes_of_accuracy_and_of_cost()
    {
        using var problem = new RedundantLayer();
        using var example = zeros(1, 10);
        double[] accuracies = [0.9, 0.8, 0.5];
        var measured = 0;
        var search = new FilterSearch(problem.Map, problem.Model, example, () => accuracies[measured++], [[.. Enumerable.Range(0, 24).Select(n => (double)n)], [.. Enumerable.Range(0, 12).Select(n => (double)n)]], 0.4, 1, 0.9, null);
        var rewards = new List<double>();
        var episode = search.Try(_ => 0.5, (_, ratio, reward) => rewards.Add(reward));
        // 10-24-12-4 has 576 multiplications; 12 first neurons save 12 * (10 + 12), 6 second ones then 6 * (12 + 4).
        var (all, first, second) = (10.0 * 24 + 24 * 12 + 12 * 4, 10 * 12 + 12 * 12 + 12 * 4.0, 10 * 12 + 12 * 6 + 6 * 4.0);
        Assert.AreEqual(0.8 - 0.9 + 0.4 * (all - first) / all, rewards[0], 1e-12);
        Assert.AreEqual(0.5 - 0.8 + 0.4 * (first - second) / all, rewards[1], 1e-12);
        Assert.AreEqual(0.5 - 0.4 * second / all, episode.Reward, 1e-12);
    }

    [TestMethod]
    [DataRow(0.25)]
    [DataRow(0.5)]
    [DataRow(0.75)]
    public void A_fraction_of_all_neurons_bounds_every_choice_so_that_it_is_met(double fraction)
    {
        using var problem = new RedundantLayer();
        var result = problem.Run(quick with { WarmUp = 20, Episodes = 5, BatchSize = 8, NeuronFraction = fraction, MaximumRatio = 0.8 });
        foreach (var episode in result.Episodes)
        {
            Assert.AreEqual((int)(fraction * 36), episode.Ratios[0] * 24 + episode.Ratios[1] * 12, 1e-6);
            Assert.IsTrue(episode.Ratios.All(r => r is >= 0 and <= 0.8));
        }
        if (fraction < 0.75)
            Assert.IsGreaterThan(3, result.Episodes.Select(e => e.Ratios[0]).Distinct().Count());
        Assert.AreEqual(36 - (int)(fraction * 36), problem.Map.Groups.Sum(g => g.Size));
    }

    [TestMethod]
    public void The_same_seed_finds_the_same_and_wrong_settings_are_named()
    {
        FilterSearchResult Run(int seed)
        {
            using var problem = new RedundantLayer();
            return problem.Run(quick with { WarmUp = 5, Episodes = 15, BatchSize = 8, Seed = seed });
        }
        var (one, same, other) = (Run(4), Run(4), Run(5));
        CollectionAssert.AreEqual(one.Episodes.Select(e => e.Reward).ToArray(), same.Episodes.Select(e => e.Reward).ToArray());
        CollectionAssert.AreNotEqual(one.Episodes.Select(e => e.Reward).ToArray(), other.Episodes.Select(e => e.Reward).ToArray());
        using var refused = new RedundantLayer();
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => refused.Run(quick with { ReplaySize = 8 })).Message, "ReplaySize is 8");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => refused.Run(quick with { NoiseDecay = 0 })).Message, "NoiseDecay is 0");
        Assert.AreEqual(24, refused.Map.Groups[0].Size);
    }

    static Dictionary<string, object> Values(nn.Module network) => network.named_parameters().ToDictionary(p => p.name,
        p => (object)new { shape = p.parameter.shape, values = p.parameter.detach().contiguous().data<float>().ToArray() });
}
