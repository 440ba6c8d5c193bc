using FsCheck;
using FsCheck.Fluent;

namespace MLNet.Pruning.Tests.Pruning;

[TestClass]
public sealed class ChoiceTests
{
    /// <summary>Some groups that have lost neurons already, with scores among which there are ties.</summary>
    sealed record Case((int Original, int Current)[] Sizes, double[][] Scores, int Minimum, double Amount, double Target);

    static readonly Arbitrary<Case> cases = (
        from count in Gen.Choose(1, 4)
        from sizes in Gen.ArrayOf(from original in Gen.Choose(1, 40) from current in Gen.Choose(1, original) select (original, current), count)
        from seed in Gen.Choose(0, int.MaxValue)
        from minimum in Gen.Choose(1, 5)
        from amount in Gen.Choose(1, 99)
        from target in Gen.Choose(1, 99)
        select new Case(sizes, Scores(sizes, seed), minimum, amount / 100.0, target / 100.0)).ToArbitrary();

    static double[][] Scores((int, int Current)[] sizes, int seed)
    {
        var random = new Random(seed);
        return [.. sizes.Select(s => Enumerable.Range(0, s.Current).Select(_ => (double)random.Next(1, 8)).ToArray())];
    }

    static NeuronPruning Settings(Case c, PruningScope scope) =>
        new() { Schedule = Schedule.Stepwise(1, 1, c.Amount, c.Target), Scope = scope, MinimumNeurons = c.Minimum, Normalization = ScoreNormalization.None };

    [TestMethod]
    public void A_group_loses_its_last_by_score_and_index_as_many_as_the_target_and_the_minimum_allow() => Prop.ForAll(cases, c =>
    {
        var bottom = NeuronSelector.Bottom(Settings(c, PruningScope.PerGroup), 3, c.Sizes, c.Scores);
        for (var g = 0; g < bottom.Length; g++)
        {
            var (original, current) = c.Sizes[g];
            // One after the other, while there is one that may go.
            var gone = new List<int>();
            var wanted = Math.Max(1, (int)((decimal)c.Amount * current));
            while (gone.Count < wanted && original - current + gone.Count + 1 <= (decimal)c.Target * original && current - gone.Count > c.Minimum)
                gone.Add(Enumerable.Range(0, current).Except(gone).OrderBy(n => c.Scores[g][n]).ThenByDescending(n => n).First());
            CollectionAssert.AreEqual(gone.Order().ToArray(), bottom[g]);
        }
        Assert.AreEqual(bottom.Sum(b => b.Length), NeuronSelector.Count(Settings(c, PruningScope.PerGroup), 3, c.Sizes));
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void All_groups_lose_the_least_important_of_all() => Prop.ForAll(cases, c =>
    {
        var bottom = NeuronSelector.Bottom(Settings(c, PruningScope.Global), 3, c.Sizes, c.Scores);
        var (original, current) = (c.Sizes.Sum(s => s.Original), c.Sizes.Sum(s => s.Current));
        var wanted = Math.Min(Math.Max(1, (int)((decimal)c.Amount * current)), (int)((decimal)c.Target * original) - (original - current));
        var gone = c.Sizes.Select(_ => new List<int>()).ToArray();
        foreach (var (g, n) in c.Scores.SelectMany((scores, g) => scores.Select((_, n) => (g, n))).OrderBy(p => c.Scores[p.g][p.n]).ThenByDescending(p => p.g).ThenByDescending(p => p.n))
            if (wanted > 0 && c.Sizes[g].Current - gone[g].Count > c.Minimum)
            {
                gone[g].Add(n);
                wanted--;
            }
        for (var g = 0; g < gone.Length; g++)
            CollectionAssert.AreEqual(gone[g].Order().ToArray(), bottom[g]);
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Nothing_goes_when_no_event_is_due()
    {
        var settings = new NeuronPruning { Schedule = Schedule.Stepwise(4, 3, 0.5, 0.9) };
        CollectionAssert.AreEqual(new[] { 0, 0, 5, 0, 0, 5 }, new[] { 2, 3, 4, 5, 6, 7 }.Select(time => NeuronSelector.Count(settings, time, [(10, 10)])).ToArray());
        CollectionAssert.AreEqual(Array.Empty<int>(), NeuronSelector.Bottom(settings, 5, [(10, 10)], [new double[10]])[0]);
    }

    [TestMethod]
    public void A_history_from_before_events_were_measured_still_reads()
    {
        var history = TrainingHistory.FromJson("""
            { "model": "FeedForward", "parametersAtStart": 10, "replicas": 1, "steps": [], "epochs": [], "events": [
              { "epoch": 2, "step": 20, "kind": "neurons", "parametersBefore": 10, "parametersAfter": 8, "accuracyBefore": 0.5, "groups": [ { "name": "hidden", "before": 9, "after": 7, "scores": [ 0.25 ] } ] } ] }
            """);
        var e = history.Events.Single();
        Assert.AreEqual((0.5, null, null), (e.AccuracyBefore, e.MacsBefore, e.Seconds));
        Assert.IsEmpty(e.Groups[0].Removed);
        Assert.IsEmpty(e.Groups[0].RemovedOriginal);
    }
}
