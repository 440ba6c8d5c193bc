using System.Text.Json;
using MLNet.Pruning.Tokens;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class GoldenMergingTests
{
    sealed record Case(double[][] Tokens, int Merge, double[][] Merged, double[] Sizes, int[] Sources);

    static Case[] Cases()
    {
        var cases = JsonSerializer.Deserialize<Case[]>(File.ReadAllText(Golden.Path("merging.json")), JsonSerializerOptions.Web)!;
        Assert.IsGreaterThanOrEqualTo(4, cases.Length);
        return cases;
    }

    [TestMethod]
    public void Every_golden_case_has_its_tokens_sizes_and_sources()
    {
        foreach (var golden in Cases())
        {
            var (tokens, width) = (NaiveMerging.Flat(golden.Tokens), golden.Tokens[0].Length);
            var assignment = TokenAssignment.Match(tokens, width, golden.Merge);
            CollectionAssert.AreEqual(golden.Sources, assignment.Sources.ToArray());
            AreClose(golden, assignment.Merge(tokens), [.. assignment.Sizes().Select(s => (float)s)]);

            var merging = new TokenMerging(golden.Tokens.Length, width, golden.Merge);
            var (merged, sizes, sources) = (new float[golden.Merged.Length * width], new float[golden.Sizes.Length], new int[golden.Tokens.Length]);
            merging.Merge(tokens, merged, sizes, sources);
            CollectionAssert.AreEqual(golden.Sources, sources);
            AreClose(golden, merged, sizes);
        }
    }

    [TestMethod]
    public void On_tensors_every_golden_case_is_the_same()
    {
        using var scope = NewDisposeScope();
        foreach (var golden in Cases())
        {
            var tokens = tensor(NaiveMerging.Flat(golden.Tokens), [1, golden.Tokens.Length, golden.Tokens[0].Length]);
            var assignments = TokenAssignments.Match(tokens, golden.Merge);
            CollectionAssert.AreEqual(golden.Sources, assignments.Sources.data<long>().ToArray().Select(s => (int)s).ToArray());
            AreClose(golden, assignments.Merge(tokens).data<float>().ToArray(), assignments.MergeSizes().data<float>().ToArray());
        }
    }

    static void AreClose(Case golden, float[] merged, float[] sizes)
    {
        CollectionAssert.AreEqual(golden.Sizes.Select(s => (float)s).ToArray(), sizes);
        var expected = NaiveMerging.Flat(golden.Merged);
        Assert.HasCount(expected.Length, merged);
        for (int i = 0; i < merged.Length; i++)
            Assert.AreEqual(expected[i], merged[i], 1e-6f);
    }
}
