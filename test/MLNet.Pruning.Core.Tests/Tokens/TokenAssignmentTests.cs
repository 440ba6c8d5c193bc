using MLNet.Pruning.Tokens;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class TokenAssignmentTests
{
    [TestMethod]
    public void Of_equally_similar_partners_the_first_is_taken_and_of_equal_pairs_the_first_merge()
    {
        // All are multiples of each other: every similarity is 1.
        float[] tokens = [1, 2, 3, 6, 5, 10, 7, 14, 0.1f, 0.2f, 9, 18, 11, 22, 0.3f, 0.6f];
        CollectionAssert.AreEqual(new[] { 0, 0, 0, 1, 2, 3, 4, 5 }, TokenAssignment.Match(tokens, 2, 2).Sources.ToArray());
    }

    [TestMethod]
    [DataRow(0f)]
    [DataRow(0.3f)]
    [DataRow(-1e30f)]
    [DataRow(1e-30f)]
    [DataRow(1e-42f)]
    public void A_constant_image_stays_constant(float value)
    {
        var tokens = Enumerable.Repeat(value, 49 * 16).ToArray();
        var assignment = TokenAssignment.Match(tokens, 16, 24);
        // The first 24 even tokens go to the first odd one, the last stays.
        CollectionAssert.AreEqual(Enumerable.Range(0, 49).Select(i => i == 48 ? 24 : i % 2 == 0 ? 0 : i / 2).ToArray(), assignment.Sources.ToArray());
        foreach (float merged in assignment.Merge(tokens))
            Assert.AreEqual(value, merged, Math.Abs(value) * 1e-6f);
    }

    [TestMethod]
    public void Two_tokens_of_zeros_are_alike_and_one_is_unlike_all_else()
    {
        // Token 0 is like token 3; token 2 is opposite to 1 and 5, so a zero is the best for it; token 4 has a similarity of 0.6 to 1.
        float[] tokens = [0, 0, /**/ 1, 0, /**/ -1, 0, /**/ 0, 0, /**/ 0.6f, 0.8f, /**/ 2, 0];
        CollectionAssert.AreEqual(new[] { 2, 0, 1, 2, 3, 4 }, TokenAssignment.Match(tokens, 2, 1).Sources.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 0, 1, 2, 0, 3 }, TokenAssignment.Match(tokens, 2, 2).Sources.ToArray());
        CollectionAssert.AreEqual(new[] { 1, 0, 1, 1, 0, 2 }, TokenAssignment.Match(tokens, 2, 3).Sources.ToArray());
    }

    [TestMethod]
    [DataRow(1e-25f)]
    [DataRow(1e-12f)]
    [DataRow(1e15f)]
    [DataRow(1e30f)]
    public void The_scale_of_values_changes_no_choice(float scale)
    {
        var tokens = NaiveMerging.Normal(new Random(3), 49 * 24);
        // By tokens, and by a power of two near the scale, which loses no bit.
        var scaled = tokens.Select((x, i) => x * MathF.ScaleB(1, MathF.ILogB(scale) + (i / 24 % 3))).ToArray();
        CollectionAssert.AreEqual(TokenAssignment.Match(tokens, 24, 17).Sources.ToArray(), TokenAssignment.Match(scaled, 24, 17).Sources.ToArray());
    }

    [TestMethod]
    public void Nearly_equal_partners_are_told_apart_beyond_single_precision()
    {
        var random = new Random(5);
        var tokens = NaiveMerging.Rows(NaiveMerging.Normal(random, 20 * 300), 300);
        for (int j = 1; j < 20; j += 2)
            for (int d = 0; d < 300; d++)
                tokens[j][d] = (float)(tokens[0][d] + (2e-4 * tokens[j][d]));
        var flat = NaiveMerging.Flat(tokens);
        CollectionAssert.AreEqual(NaiveMerging.Merge(tokens, 4).Sources, TokenAssignment.Match(flat, 300, 4).Sources.ToArray());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(12)]
    [DataRow(19)]
    public void Nearly_equal_pairs_are_told_apart_beyond_single_precision(int merge)
    {
        var random = new Random(merge);
        var tokens = NaiveMerging.Rows(NaiveMerging.Normal(random, 40 * 300), 300);
        // Each even token is as like its own odd one as the others are, to 4e-8 or so.
        for (int i = 0; i < 40; i += 2)
            for (int d = 0; d < 300; d++)
                tokens[i][d] = (float)(tokens[i + 1][d] + (1e-3 * tokens[i][d]));
        var flat = NaiveMerging.Flat(tokens);
        CollectionAssert.AreEqual(NaiveMerging.Merge(NaiveMerging.Rows(flat, 300), merge).Sources, TokenAssignment.Match(flat, 300, merge).Sources.ToArray());
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void Tokens_that_are_no_numbers_merge_last_and_spoil_no_other(float bad)
    {
        var tokens = NaiveMerging.Normal(new Random(7), 20 * 8);
        tokens[4 * 8] = tokens[(7 * 8) + 3] = bad;
        var assignment = TokenAssignment.Match(tokens, 8, 9);
        var sources = assignment.Sources.ToArray();
        Assert.AreEqual(1, assignment.Sizes()[sources[4]]);
        Assert.AreEqual(1, assignment.Sizes()[sources[7]]);
        Assert.AreEqual(2, assignment.Merge(tokens).Chunk(8).Count(row => row.Any(x => !float.IsFinite(x))));
    }

    [TestMethod]
    public void Merging_nothing_changes_nothing()
    {
        var tokens = NaiveMerging.Normal(new Random(1), 5 * 3);
        var assignment = TokenAssignment.Match(tokens, 3, 0);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4 }, assignment.Sources.ToArray());
        CollectionAssert.AreEqual(tokens, assignment.Merge(tokens));
        Assert.AreEqual(1, TokenAssignment.Match([1, 2], 2, 0).Survivors);
    }

    [TestMethod]
    public void Means_are_weighted_by_size_and_two_mergings_are_one()
    {
        var tokens = NaiveMerging.Normal(new Random(2), 40 * 4);
        var first = TokenAssignment.Match(tokens, 4, 15);
        float[] sizes = [.. first.Sizes().Select(s => (float)s)], merged = first.Merge(tokens);
        var second = TokenAssignment.Match(merged, 4, 12);
        var both = first.Then(second);
        CollectionAssert.AreEqual(both.Sizes().Select(s => (float)s).ToArray(), second.MergeSizes(sizes));
        foreach (var (expected, found) in both.Merge(tokens).Zip(second.Merge(merged, sizes)))
            Assert.AreEqual(expected, found, 1e-5f);
        Assert.ThrowsExactly<ArgumentException>(() => second.Then(first));
    }

    [TestMethod]
    public void Merging_before_an_affine_embedding_equals_merging_after_it()
    {
        var random = new Random(4);
        const int Tokens = 49, Width = 16, Size = 10;
        var (tokens, weight, bias) = (NaiveMerging.Normal(random, Tokens * Width), NaiveMerging.Normal(random, Size * Width), NaiveMerging.Normal(random, Size));
        var assignment = TokenAssignment.Match(tokens, Width, 24);
        float[] Embed(float[] rows) => [.. rows.Chunk(Width).SelectMany(x => bias.Select((b, j) => b + x.Zip(weight.Skip(j * Width), (p, w) => p * w).Sum()))];
        foreach (var (before, after) in Embed(assignment.Merge(tokens)).Zip(assignment.Merge(Embed(tokens))))
            Assert.AreEqual(before, after, 1e-4f);
    }

    [TestMethod]
    public void An_assignment_can_be_made_of_its_sources()
    {
        var made = TokenAssignment.FromSources([2, 0, 1, 2, 2, 3]);
        Assert.AreEqual((6, 4), (made.Tokens, made.Survivors));
        CollectionAssert.AreEqual(new[] { 1, 1, 3, 1 }, made.Sizes());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.FromSources([0, 2])).Message, "0 to 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.FromSources([0, 2, 2])).Message, "survivor 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.FromSources([0, -1])).Message, "-1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.FromSources([])).Message, "no tokens");
    }

    [TestMethod]
    public void Wrong_amounts_and_sizes_are_refused_by_name()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokenAssignment.Match(new float[14], 2, 4)).Message, "0 to 3");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokenAssignment.Match(new float[14], 2, -1));
        Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.Match(new float[13], 2, 1));
        Assert.ThrowsExactly<ArgumentException>(() => TokenAssignment.Match([], 2, 0));
        var assignment = TokenAssignment.Match(new float[14], 2, 3);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => assignment.Merge(new float[14], [1, 1, 1, 0, 1, 1, 1])).Message, "above 0");
        Assert.ThrowsExactly<ArgumentException>(() => assignment.Merge(new float[13]));
        Assert.ThrowsExactly<ArgumentException>(() => assignment.Unmerge(new float[14]));
    }

    [TestMethod]
    [DataRow(0.5, 49, 24)]
    [DataRow(0.29, 100, 29)]
    [DataRow(0, 49, 0)]
    [DataRow(24, 49, 24)]
    [DataRow(1, 2, 1)]
    [DataRow(0.5, 1, 0)]
    public void An_amount_is_a_fraction_below_one_and_a_number_from_one_on(double merge, int tokens, int expected) => Assert.AreEqual(expected, MergeAmount.Of(merge, tokens));

    [TestMethod]
    [DataRow(0.51)]
    [DataRow(-0.1)]
    [DataRow(25)]
    [DataRow(2.5)]
    [DataRow(double.NaN)]
    [DataRow(double.PositiveInfinity)]
    public void An_amount_out_of_range_is_refused_with_the_range(double merge) =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => MergeAmount.Of(merge, 49)).Message, "1 to 24");
}
