using FsCheck;
using FsCheck.Fluent;

namespace MLNet.Pruning.Tests.Weights;

[TestClass]
public sealed class TopScoresTests
{
    static Arbitrary<(float[] Scores, int Keep)> Cases() =>
        (from count in Gen.Choose(1, 3000)
         from keep in Gen.Choose(0, count)
         from kind in Gen.Choose(0, 4)
         from seed in Gen.Choose(0, int.MaxValue)
         let random = new Random(seed)
         select (Enumerable.Range(0, count).Select(_ => kind switch
         {
             0 => random.NextSingle(),
             1 => random.Next(5), // ties
             2 => (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-40, 38)),
             3 => random.Next(3) switch { 0 => 0f, 1 => -0f, _ => float.NegativeInfinity },
             _ => 1 + random.Next(4) * float.Epsilon + random.Next(3) * 1.1920929e-7f, // next to each other
         }).ToArray(), keep)).ToArbitrary();

    [TestMethod]
    public void The_largest_are_on_and_of_equals_those_with_the_lower_index()
    {
        Prop.ForAll(Cases(), c =>
        {
            var on = new sbyte[c.Scores.Length];
            TopScores.Keep(c.Scores, c.Keep, on);
            // A stable sort by another way: -0 and 0 are equal here as well.
            var expected = Enumerable.Range(0, on.Length).OrderByDescending(i => c.Scores[i] == 0 ? 0f : c.Scores[i]).Take(c.Keep).ToHashSet();
            return on.Select((bit, i) => bit == (expected.Contains(i) ? -1 : 0)).All(same => same);
        }).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void The_threshold_is_the_smallest_that_stays()
    {
        Prop.ForAll(Cases(), c => c.Keep == 0 || TopScores.Threshold(c.Scores, c.Keep) == c.Scores.OrderDescending().ElementAt(c.Keep - 1)).QuickCheckThrowOnFailure();
    }

    [TestMethod]
    public void Passes_under_a_mask_do_what_a_loop_does()
    {
        var random = new Random(1);
        for (var count = 0; count < 300; count++)
        {
            var on = Enumerable.Range(0, count).Select(i => (sbyte)(i % 64 < 33 || random.Next(2) == 0 ? -1 : 0)).ToArray();
            float[] values = [.. on.Select(_ => random.NextSingle() - 0.5f)], others = [.. on.Select(_ => random.NextSingle())];
            if (count > 3)
                values[3] = float.NaN;
            var (filled, copied, copy, zeroed) = (values.ToArray(), values.ToArray(), others.ToArray(), values.ToArray());
            MaskKernels.Fill(filled, others, on);
            MaskKernels.CopyAndZero(copied, copy, on);
            MaskKernels.Zero(zeroed, on);
            CollectionAssert.AreEqual(values.Zip(on, (v, bit) => bit != 0 ? v : 0).ToArray(), zeroed);
            CollectionAssert.AreEqual(zeroed, copied);
            CollectionAssert.AreEqual(Enumerable.Range(0, count).Select(i => on[i] == 0 ? values[i] : others[i]).ToArray(), copy.Select((v, i) => on[i] == 0 ? v : others[i]).ToArray());
            var later = on.Select(_ => (sbyte)-random.Next(2)).ToArray();
            Assert.AreEqual((on.Count(b => b != 0), later.Count(b => b != 0), on.Zip(later).Count(p => p.First != 0 && p.Second != 0)), MaskKernels.Count(on, later));
            CollectionAssert.AreEqual(Enumerable.Range(0, count).Select(i => on[i] != 0 ? values[i] : others[i]).ToArray(), filled);
            Assert.IsFalse(zeroed.Where((_, i) => on[i] == 0).Any(float.IsNegative));
        }
    }
}
