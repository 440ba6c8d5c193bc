using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Plans.Tests;

[TestClass]
public sealed unsafe class MatchingTests
{
    [TestMethod]
    public void Tokens_merge_as_a_plain_search_says()
    {
        foreach (var (count, width) in ((int, int)[])[(2, 1), (5, 3), (16, 49), (49, 16), (70, 130)])
        {
            for (int merge = 0; merge <= count / 2; merge += 1 + (count / 9))
            {
                var tokens = Numbers.Random(count * width, count + merge);
                var sources = new int[count];
                var matcher = new TokenMatcher(count, width, merge);
                for (int again = 0; again < 2; again++)
                {
                    fixed (float* from = tokens)
                    fixed (int* to = sources)
                        matcher.Match(from, to);
                    double[][] reference = [.. tokens.Chunk(width).Select(token => token.Select(v => (double)v).ToArray())];
                    CollectionAssert.AreEqual(ReferenceLayers.Match(reference, merge, 0), sources, $"{merge} of {count} x {width}");
                }
            }
        }
    }

    [TestMethod]
    public void Tokens_merge_as_they_are_defined_whatever_they_are()
    {
        var random = new Random(5);
        for (int turn = 0; turn < 3000; turn++)
        {
            int count = random.Next(2, 40), width = random.Next(1, 24), merge = random.Next(1, (count / 2) + 1);
            // Few values, so that there are ties and zeros; some tokens repeated, very large or small, or no numbers.
            float[] tokens = [.. Enumerable.Range(0, count * width).Select(_ => (float)random.Next(-1, 2 + (turn % 3)))];
            for (int token = 0; token < count; token++)
            {
                var values = tokens.AsSpan(token * width, width);
                float scale = random.Next(8) switch { 0 => 0, 1 => 3, 2 when turn % 5 == 0 => 1e-22f, 3 when turn % 5 == 1 => 1e20f, _ => 1 };
                for (int d = 0; d < width; d++)
                    values[d] *= scale;
                if (turn % 5 == 2 && random.Next(6) == 0)
                    values[random.Next(width)] = random.Next(2) == 0 ? float.NaN : float.PositiveInfinity;
            }
            int[] sources = new int[count], wanted = new int[count], partners = new int[(count + 1) / 2];
            fixed (float* from = tokens)
            fixed (int* to = sources, plain = wanted)
            {
                new TokenMatcher(count, width, merge).Match(from, to);
                PlainMatching.Match(from, count, width, merge, partners, new double[partners.Length], plain);
            }
            CollectionAssert.AreEqual(wanted, sources, $"turn {turn}: {merge} of {count} x {width}");
        }
    }

    [TestMethod]
    public void Equal_similarities_go_to_the_first_and_zeros_are_alike()
    {
        // Tokens 0, 2 and 4 are zeros; so is 3. Each of them is as similar to it as can be, and the first two merge.
        float[] tokens = [0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 2, 4];
        var sources = new int[6];
        fixed (float* from = tokens)
        fixed (int* to = sources)
            new TokenMatcher(6, 2, 2).Match(from, to);
        CollectionAssert.AreEqual((int[])[1, 0, 1, 1, 2, 3], sources);
    }

    [TestMethod]
    public void Merged_tokens_are_means_weighted_by_size_and_the_rest_keeps_its_bits()
    {
        float[] values = [1, 2, 3, 6, 0.1f, 0.7f], sizes = [1, 3, 3], means = new float[4], counts = new float[2];
        int[] sources = [0, 0, 1], members = new int[2];
        fixed (float* v = values, s = sizes, m = means, c = counts)
        fixed (int* from = sources, among = members)
            TokenMeans.Merge(v, s, from, 3, 2, m, c, 2, among);
        CollectionAssert.AreEqual((float[])[2.5f, 5, 0.1f, 0.7f], means);
        CollectionAssert.AreEqual((float[])[4, 3], counts);
    }

    [TestMethod]
    public void The_number_that_merges_is_read_as_the_decimal_that_was_written()
    {
        Assert.AreEqual(29, MergeAmount.Of(0.29, 100));
        Assert.AreEqual(7, MergeAmount.Of(7, 16));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MergeAmount.Of(9, 16)).Message, "at most half");
    }
}
