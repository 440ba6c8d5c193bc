using FsCheck;
using FsCheck.Fluent;
using Rank = MLNet.Pruning.Ranking;

namespace MLNet.Pruning.Tests.Neurons;

[TestClass]
public sealed class RankingTests
{
    [TestMethod]
    public void The_most_important_neuron_has_rank_one_and_the_lower_index_wins_a_tie()
    {
        double[] importance = [0.2, 0.5, 0.2, 0.9, 0.5];
        CollectionAssert.AreEqual(new[] { 3, 1, 4, 0, 2 }, Rank.BestFirst(importance));
        CollectionAssert.AreEqual(new[] { 4, 2, 5, 1, 3 }, Rank.Ranks(importance));
    }

    [TestMethod]
    public void The_bottom_is_what_ranks_last_in_ascending_order()
    {
        double[] importance = [0.2, 0.5, 0.2, 0.9, 0.1];
        CollectionAssert.AreEqual(Array.Empty<int>(), Rank.Bottom(importance, 0));
        CollectionAssert.AreEqual(new[] { 2, 4 }, Rank.Bottom(importance, 2));
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 4 }, Rank.Bottom(importance, 4));
    }

    [TestMethod]
    public void The_last_neuron_of_a_group_cannot_go()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Rank.Bottom([0.1, 0.2], 2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Rank.Bottom([0.1, 0.2], -1));
    }

    [TestMethod]
    public void Infinite_importances_have_their_place_and_what_is_no_number_has_none()
    {
        CollectionAssert.AreEqual(new[] { 1, 0, 2 }, Rank.BestFirst([0, double.PositiveInfinity, double.NegativeInfinity]));
        Assert.Contains("neuron 1", Assert.ThrowsExactly<ArgumentException>(() => Rank.BestFirst([0, double.NaN])).Message);
    }

    [TestMethod]
    public void A_ranking_over_all_groups_takes_the_least_important_wherever_they_are()
    {
        double[][] importance = [[0.9, 0.1, 0.8], [0.2, 0.3], [0.7]];
        var bottom = Rank.BottomOfAll(importance, 2);
        CollectionAssert.AreEqual(new[] { 1 }, bottom[0]);
        CollectionAssert.AreEqual(new[] { 0 }, bottom[1]);
        Assert.IsEmpty(bottom[2]);
    }

    [TestMethod]
    public void A_group_at_the_minimum_is_spared_and_others_lose_in_its_place()
    {
        double[][] importance = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]];
        var bottom = Rank.BottomOfAll(importance, 3, minimum: 2);
        CollectionAssert.AreEqual(new[] { 0 }, bottom[0]);
        CollectionAssert.AreEqual(new[] { 2 }, bottom[1]);
    }

    [TestMethod]
    public void Of_equals_over_all_groups_the_earlier_group_and_the_lower_index_stay()
    {
        double[][] importance = [[1, 1, 1], [1, 1, 1]];
        var bottom = Rank.BottomOfAll(importance, 3);
        CollectionAssert.AreEqual(new[] { 2 }, bottom[0]);
        CollectionAssert.AreEqual(new[] { 1, 2 }, bottom[1]);
    }

    [TestMethod]
    public void Ranking_agrees_with_a_stable_sort()
    {
        Prop.ForAll<int[]>(keys =>
        {
            var importance = Array.ConvertAll(keys, k => k % 7 / 2.0);
            var expected = Enumerable.Range(0, keys.Length).OrderByDescending(k => importance[k]).ToArray();
            return Rank.BestFirst(importance).SequenceEqual(expected)
                && Rank.Ranks(importance).Order().SequenceEqual(Enumerable.Range(1, keys.Length));
        }).QuickCheckThrowOnFailure();
    }
}
