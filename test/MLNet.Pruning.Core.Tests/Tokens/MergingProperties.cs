using FsCheck;
using FsCheck.Fluent;
using MLNet.Pruning.Tokens;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class MergingProperties
{
    sealed record Image(int Tokens, int Width, int Merge, float[] Values);

    /// <summary>Every third of normal values, every third of -1, 0 and 1, which tie often, every third with tokens of zeros and equal ones.</summary>
    static Arbitrary<Image> Images() =>
        (from tokens in Gen.Choose(1, 75)
         from width in Gen.Choose(1, 40)
         from merge in Gen.Choose(0, tokens / 2)
         from seed in Gen.Choose(0, int.MaxValue)
         select new Image(tokens, width, merge, Values(tokens, width, seed))).ToArbitrary();

    static float[] Values(int tokens, int width, int seed)
    {
        var random = new Random(seed);
        var values = seed % 3 == 1 ? [.. Enumerable.Range(0, tokens * width).Select(_ => (float)random.Next(-1, 2))] : NaiveMerging.Normal(random, tokens * width);
        for (int i = 0; seed % 3 == 2 && i < tokens; i++)
        {
            if (random.Next(4) == 0)
                Array.Clear(values, i * width, width);
            else if (random.Next(2) == 0)
                Array.Copy(values, random.Next(tokens) * width, values, i * width, width);
        }
        return values;
    }

    static TokenAssignment Match(Image image) => TokenAssignment.Match(image.Values, image.Width, image.Merge);

    [TestMethod]
    public void The_assignment_is_that_of_the_definition() => Prop.ForAll(Images(), image =>
        NaiveMerging.Merge(NaiveMerging.Rows(image.Values, image.Width), image.Merge).Sources.SequenceEqual(Match(image).Sources.ToArray())).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [TestMethod]
    public void Size_times_token_is_conserved_and_sizes_add_up_to_all_tokens() => Prop.ForAll(Images(), image =>
    {
        var assignment = Match(image);
        var (merged, sizes) = (assignment.Merge(image.Values), assignment.Sizes());
        var before = Enumerable.Range(0, image.Width).Select(d => image.Values.Where((_, i) => i % image.Width == d).Sum(x => (double)x));
        var after = Enumerable.Range(0, image.Width).Select(d => sizes.Select((s, k) => s * (double)merged[(k * image.Width) + d]).Sum());
        return sizes.Sum() == image.Tokens && sizes.Length == image.Tokens - image.Merge && before.Zip(after).All(p => Math.Abs(p.First - p.Second) < 1e-4);
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Odd_tokens_survive_in_order_and_even_ones_merge_into_odd_ones() => Prop.ForAll(Images(), image =>
    {
        var assignment = Match(image);
        var sources = assignment.Sources.ToArray();
        var sizes = assignment.Sizes();
        var odds = sources.Where((_, i) => i % 2 == 1).ToArray();
        var stayed = sources.Where((s, i) => i % 2 == 1 || sizes[s] == 1).ToArray();
        return odds.SequenceEqual(odds.Distinct().Order()) && stayed.SequenceEqual(Enumerable.Range(0, image.Tokens - image.Merge))
            && sources.Where((s, i) => i % 2 == 0 && sizes[s] > 1).All(odds.Contains);
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void What_does_not_merge_stays_the_same_and_unmerging_gives_every_token_its_survivor() => Prop.ForAll(Images(), image =>
    {
        var assignment = Match(image);
        var weights = Enumerable.Range(0, image.Tokens).Select(i => (i % 5) + 0.7f).ToArray();
        var (merged, sizes) = (assignment.Merge(image.Values, weights), assignment.Sizes());
        var back = assignment.Unmerge(merged);
        var sources = assignment.Sources.ToArray();
        return Enumerable.Range(0, image.Tokens).All(i =>
            back.AsSpan(i * image.Width, image.Width).SequenceEqual(merged.AsSpan(sources[i] * image.Width, image.Width))
            && (sizes[sources[i]] > 1 || back.AsSpan(i * image.Width, image.Width).SequenceEqual(image.Values.AsSpan(i * image.Width, image.Width))));
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Tensors_merge_as_arrays_do() => Prop.ForAll(Images(), image =>
    {
        using var scope = NewDisposeScope();
        var second = Values(image.Tokens, image.Width, image.Values.Length);
        var batch = tensor(image.Values.Concat(second).ToArray(), [2, image.Tokens, image.Width]);
        var weights = rand(2, image.Tokens).Plus(0.5);
        var assignments = TokenAssignments.Match(batch, image.Merge);
        var (merged, sizes, back) = (assignments.Merge(batch, weights), assignments.MergeSizes(weights), assignments.Unmerge(assignments.Merge(batch)));
        return new[] { image.Values, second }.Select((values, b) =>
        {
            var assignment = TokenAssignment.Match(values, image.Width, image.Merge);
            var own = weights[b].data<float>().ToArray();
            return assignment.Sources.SequenceEqual(assignments.ToArray()[b].Sources)
                && Close(assignment.Merge(values, own), merged[b]) && Close(assignment.MergeSizes(own), sizes[b]) && Close(assignment.Unmerge(assignment.Merge(values)), back[b]);
        }).All(same => same);
    }).QuickCheckThrowOnFailure();

    static bool Close(float[] expected, Tensor found) => expected.Zip(found.contiguous().data<float>().ToArray()).All(p => Math.Abs(p.First - p.Second) <= 1e-5f * Math.Max(1, Math.Abs(p.First)));
}
