namespace MLNet.Pruning.Tests.Weights;

/// <summary>Rules beside slow ways to the same masks.</summary>
[TestClass]
public sealed class RuleTests
{
    static sbyte[] Cut(MaskRule rule, float[] weights, float[] gradients, sbyte[] on, int keep, double progress = 0, Reactivation reactivation = Reactivation.Persistent, long[]? shape = null, int axis = 1)
    {
        var after = on.ToArray();
        rule.Cut(new MaskCut { Weights = weights, Gradients = gradients, Active = after, Keep = keep, Progress = progress, Reactivation = reactivation, Criterion = new Magnitude(), Shape = shape ?? [weights.Length], Axis = axis });
        return after;
    }

    static float[] Normal(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() + random.NextDouble() - 1))];

    [TestMethod]
    public void Regrowth_drops_the_smallest_and_grows_where_the_gradient_is_largest()
    {
        var random = new Random(2);
        for (var round = 0; round < 200; round++)
        {
            var count = random.Next(2, 200);
            float[] weights = Normal(random, count), gradients = Normal(random, count);
            var on = Enumerable.Range(0, count).Select(_ => (sbyte)-random.Next(2)).ToArray();
            var active = on.Count(bit => bit != 0);
            var keep = random.Next(0, active + 1);
            var progress = random.NextDouble();
            var reactivation = round % 2 == 0 ? Reactivation.Frozen : Reactivation.Persistent;
            var after = weights.ToArray();
            var cut = Cut(MaskRule.Regrowth(0.4), after, gradients, on, keep, progress, reactivation);

            var drop = (int)Math.Round(0.2 * (1 + Math.Cos(Math.PI * progress)) * keep);
            var stay = Enumerable.Range(0, count).Where(i => on[i] != 0).OrderByDescending(i => Math.Abs(weights[i])).Take(keep - drop).ToHashSet();
            var grown = Enumerable.Range(0, count).Where(i => !stay.Contains(i)).OrderByDescending(i => Math.Abs(gradients[i])).Take(drop).ToHashSet();
            Assert.AreEqual(keep, cut.Count(bit => bit != 0));
            for (var i = 0; i < count; i++)
            {
                Assert.AreEqual(stay.Contains(i) || grown.Contains(i), cut[i] != 0);
                Assert.AreEqual(grown.Contains(i) && on[i] == 0 && reactivation == Reactivation.Frozen ? 0 : weights[i], after[i]);
            }
        }
    }

    [TestMethod]
    public void Regrowth_ends_with_nothing_dropped_and_begins_without_a_gradient()
    {
        float[] weights = [1, 5, 2, 4, 3], gradients = [9, 0, 9, 0, 0];
        CollectionAssert.AreEqual(new sbyte[] { 0, -1, 0, -1, 0 }, Cut(MaskRule.Regrowth(), weights, gradients, [0, -1, 0, -1, -1], 2, progress: 1));
        CollectionAssert.AreEqual(new sbyte[] { 0, -1, 0, -1, 0 }, Cut(MaskRule.Regrowth(), weights, [], [-1, -1, -1, -1, -1], 2));
    }

    [TestMethod]
    public void Surgery_leaves_what_is_between_its_thresholds_as_it_is()
    {
        var random = new Random(3);
        for (var round = 0; round < 200; round++)
        {
            var weights = Normal(random, random.Next(3, 200));
            var on = weights.Select(_ => (sbyte)-random.Next(2)).ToArray();
            var keep = random.Next(1, weights.Length);
            double? deviations = round % 2 == 0 ? null : random.NextDouble();
            var cut = Cut(MaskRule.Surgery(0.2, deviations), weights, [], on, keep);

            var sizes = weights.Select(w => (double)Math.Abs(w)).ToArray();
            var mean = sizes.Average();
            var middle = deviations is { } c ? mean + c * Math.Sqrt(sizes.Average(s => (s - mean) * (s - mean))) : sizes.OrderDescending().ElementAt(keep - 1);
            for (var i = 0; i < sizes.Length; i++)
                Assert.AreEqual(sizes[i] < 0.8 * middle ? 0 : sizes[i] >= 1.2 * middle ? -1 : on[i], cut[i], $"{sizes[i]} by {middle}");
        }
    }

    [TestMethod]
    [DataRow(2, 4)]
    [DataRow(1, 2)]
    [DataRow(3, 8)]
    public void A_pattern_keeps_the_largest_of_every_few_along_the_inputs(int n, int m)
    {
        var random = new Random(4);
        foreach (var (shape, axis) in new (long[], int)[] { ([5, 16], 1), ([7, 13], 1), ([3, 10, 3, 2], 1), ([9, 4, 3], 0), ([3], 0), ([2, 1], 1) })
        {
            var count = (int)shape.Aggregate(1L, (a, b) => a * b);
            var weights = Enumerable.Range(0, count).Select(_ => (float)random.Next(-3, 4)).ToArray(); // with ties
            var cut = Cut(MaskRule.Pattern(n, m), weights, [], [.. weights.Select(_ => (sbyte)-1)], 0, shape: shape, axis: axis);
            var inputs = (int)shape[axis];
            var stride = (int)shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
            for (var i = 0; i < count; i++)
            {
                var input = i / stride % inputs;
                var first = input / m * m;
                var group = Enumerable.Range(first, Math.Min(m, inputs - first)).Select(k => i + (k - input) * stride);
                Assert.AreEqual(group.OrderByDescending(k => Math.Abs(weights[k])).ThenBy(k => k).Take(n).Contains(i), cut[i] != 0, $"[{string.Join(", ", shape)}] at {i}");
            }
        }
    }

    [TestMethod]
    public void Random_scores_are_those_of_the_seed_and_favour_no_weight()
    {
        float[] first = Scores(1, 10_000), again = Scores(1, 10_000), other = Scores(2, 10_000);
        CollectionAssert.AreEqual(first, again, "masks of a schedule follow from one another");
        CollectionAssert.AreNotEqual(first, other);
        Assert.AreEqual(0.5, first.Average(), 0.02);
        Assert.AreEqual(0.0, first.Zip(other, (a, b) => (a - 0.5) * (b - 0.5) * 12).Average(), 0.05, "other seeds draw on their own");
        Assert.IsTrue(first.All(score => score is >= 0 and < 1));

        static float[] Scores(long seed, int count)
        {
            var scores = new float[count];
            new RandomScores(seed).Score(new float[count], default, scores);
            return scores;
        }
    }
}
