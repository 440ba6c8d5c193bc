using MLNet.Pruning.Comparators;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Comparators;

[TestClass]
[DoNotParallelize]
public sealed class ReinforceAgentTests
{
    [TestMethod]
    public void The_agent_learns_which_layer_is_redundant_and_removes_that()
    {
        using var problem = new RedundantLayer();
        var result = problem.Run(new ReinforceAgent() { Episodes = 300, CostWeight = 0.3, Seed = 1 });
        Assert.AreEqual(1, result.AccuracyBefore);
        var (first, second) = (result.Groups[0], result.Groups[1]);
        Assert.IsGreaterThan(second.Ratio + 0.2, first.Ratio);
        Assert.IsGreaterThanOrEqualTo(15, first.Removed.Count);
        Assert.IsTrue(first.Removed.All(n => n is >= 3 and < 21), "only neurons that do nothing");

        // Better than chance: what it tries in the end brings more than what it tried at first.
        var (early, late) = (result.Episodes.Take(40).Average(e => e.Reward), result.Episodes.TakeLast(40).Average(e => e.Reward));
        Assert.IsGreaterThan(early + 0.05, late);

        // What was promised is what is left.
        Assert.AreEqual(result.Best.Accuracy, problem.Accuracy(), 1e-6);
        Assert.AreEqual(24 - first.Removed.Count, problem.Map.Groups[0].Size);
        var sizes = problem.Model.Blueprint.Sizes;
        Assert.AreEqual((double)sizes.Zip(sizes.Skip(1), (a, b) => a * b).Sum() / (10 * 24 + 24 * 12 + 12 * 4), result.Best.RemainingCost, 1e-12);
        Assert.AreEqual(result.Best.Accuracy - 0.3 * result.Best.RemainingCost, result.Best.Reward, 1e-12);
        Assert.AreEqual(result.Episodes.Max(e => e.Reward), result.Best.Reward);
    }

    [TestMethod]
    public void The_same_seed_finds_the_same_and_leaves_the_random_numbers_of_others_alone()
    {
        IReadOnlyList<FilterEpisode> Curve(int seed)
        {
            using var problem = new RedundantLayer();
            random.manual_seed(99);
            var expected = rand(1).item<float>();
            random.manual_seed(99);
            var curve = problem.Run(new ReinforceAgent() { Episodes = 20, Seed = seed }).Episodes;
            Assert.AreEqual(expected, rand(1).item<float>());
            return curve;
        }
        var (first, second, other) = (Curve(4), Curve(4), Curve(5));
        Assert.HasCount(21, first);
        for (var e = 0; e < first.Count; e++)
        {
            Assert.AreEqual(first[e].Reward, second[e].Reward);
            CollectionAssert.AreEqual(first[e].Ratios.ToArray(), second[e].Ratios.ToArray());
        }
        CollectionAssert.AreNotEqual(first.Select(e => e.Ratios[0]).ToArray(), other.Select(e => e.Ratios[0]).ToArray());
    }

    [TestMethod]
    public void The_costs_of_a_convolutional_network_are_those_measured_after_removal()
    {
        using var model = new ConvNetBlueprint([2, 12, 12], [6, 8], [10], 3).Build();
        using var example = rand(2, 2, 12, 12);
        var map = NeuronMap.Discover(model, example);
        var costs = GroupCosts.Measure(model, example, map);
        // Convolutions: outputs x positions x inputs x taps.
        Assert.AreEqual(6 * 144 * 2 * 9 + 8 * 36 * 6 * 9 + 72 * 10 + 10 * 3, costs.Multiplications);
        NeuronSelection[] gone = [new(map["features.conv1"], [0, 5]), new(map["features.conv2"], [1]), new(map["classifier.linear1"], [2, 3, 4])];
        var left = costs.Remaining(gone);
        map.Remove(gone);
        Assert.AreEqual(GroupCosts.Measure(model, example, map).Multiplications / costs.Multiplications, left, 1e-12);
        Assert.AreEqual((4 * 144 * 2 * 9 + 7 * 36 * 4 * 9 + 63 * 7 + 7 * 3) / costs.Multiplications, left, 1e-12);
    }

    [TestMethod]
    public void The_smallest_neurons_of_transposed_convolutions_in_groups_go_first()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Conv2d(1, 6, 1)), ("t", nn.ConvTranspose2d(6, 6, 2, 1, 0, 0, 1, TorchSharp.PaddingModes.Zeros, 3)), ("out", nn.Conv2d(6, 1, 1)));
        using (no_grad())
        {
            foreach (var (_, parameter) in model.named_parameters())
                parameter.Fill(0.1);
            model.get_parameter("t.weight")!.narrow(0, 0, 2).Fill(0.01); // Of [in, out / groups]: the first group.
        }
        var example = ones(1, 1, 4, 4);
        var result = new ReinforceAgent { Episodes = 8, CostWeight = 1, MinimumNeurons = 2 }.Run(NeuronMap.Discover(model, example), model, example, () => 0.5);
        CollectionAssert.AreEqual(new[] { 0 }, result.Groups.Single().Removed.ToArray());
    }

    [TestMethod]
    public void Importance_of_ones_own_decides_which_neurons_go_and_the_minimum_holds()
    {
        using var problem = new RedundantLayer();
        var result = problem.Run(new ReinforceAgent() { Episodes = 3, EpisodesPerUpdate = 2, CostWeight = 100, MinimumNeurons = 9, MaximumRatio = 0.99, Importance = group => [.. Enumerable.Range(0, group.Size).Select(n => (double)n)] });
        foreach (var group in result.Groups)
            CollectionAssert.AreEqual(Enumerable.Range(0, group.Removed.Count).ToArray(), group.Removed.ToArray());
        Assert.IsTrue(problem.Map.Groups.All(group => group.Size >= 9));
    }

    [TestMethod]
    public void Wrong_settings_and_measures_are_named_and_nothing_is_removed()
    {
        using var problem = new RedundantLayer();
        Refused(new() { Episodes = 0 }, "Episodes is 0");
        Refused(new() { MaximumRatio = 1 }, "MaximumRatio is 1");
        Refused(new() { FinalExploration = 2 }, "FinalExploration is 2");
        Refused(new() { CostWeight = -1 }, "CostWeight is -1");
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => new ReinforceAgent().Run(problem.Map, problem.Model, problem.Example, () => double.NaN)).Message, "NaN");
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => problem.Run(new ReinforceAgent() { Importance = _ => [1] })).Message, "1 scores for the 24 neurons");
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => new ReinforceAgent().Run(problem.Map, problem.Model, problem.Example, problem.Accuracy, cancellation: source.Token));
        Assert.AreEqual(24, problem.Map.Groups[0].Size);
        Assert.AreEqual(1, problem.Accuracy());

        void Refused(ReinforceAgent agent, string part) => StringAssert.Contains(Assert.Throws<ArgumentException>(() => problem.Run(agent)).Message, part);
    }
}
