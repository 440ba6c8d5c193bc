using MLNet.Pruning.Tokens;
using static TorchSharp.torch;

namespace MLNet.Pruning.Tests.Tokens;

[TestClass]
public sealed class TokenAssignmentsTests
{
    static float[] Floats(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    [TestMethod]
    public void Tokens_that_stand_apart_survive_in_front_and_the_others_merge_as_without_them()
    {
        using var scope = NewDisposeScope();
        var tokens = NaiveMerging.Normal(new Random(1), 2 * 10 * 6);
        var patches = tensor(tokens, [2, 10, 6]);
        var alone = TokenAssignments.Match(patches, 4);
        var behind = TokenAssignments.Match(cat([ones(2, 2, 6), patches], 1), 4, apart: 2);
        Assert.AreEqual(8, behind.Survivors);
        Assert.IsTrue(behind.Sources.narrow(1, 2, 10).equal(alone.Sources.Plus(2)).all().item<bool>());
        Assert.IsTrue(behind.Sources.narrow(1, 0, 2).equal(Scalars.Range(2, CPU).expand(2, 2)).all().item<bool>());
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    public void LibTorchs_operators_which_compare_double_precision_decide_as_the_kernel_does(int apart)
    {
        using var scope = NewDisposeScope();
        // Of few values, so that many similarities are equal and some tokens are zeros.
        var tokens = tensor([.. NaiveMerging.Normal(new Random(2), 40 * 15 * 2).Select(v => MathF.Round(v))], [40, 15, 2]);
        var (kernel, operators) = (TokenAssignments.Match(tokens, 6, apart), TokenAssignments.Match(tokens.to(ScalarType.Float64), 6, apart));
        Assert.IsTrue(kernel.Sources.equal(operators.Sources).all().item<bool>());
    }

    [TestMethod]
    public void Gradients_flow_through_the_means_to_the_values_but_not_into_the_choice()
    {
        using var scope = NewDisposeScope();
        var tokens = tensor(NaiveMerging.Normal(new Random(2), 2 * 7 * 3), [2, 7, 3]).requires_grad_();
        var sizes = tensor(new float[] { 1, 2, 3, 1, 2, 3, 1, 1, 1, 1, 1, 1, 1, 1 }, [2, 7]);
        var assignments = TokenAssignments.Match(tokens, 3);
        var upstream = rand(2, 4, 3);
        (assignments.Merge(tokens, sizes) * upstream).sum().backward();
        // Each token's gradient is its survivor's, times its share in the size.
        var shares = sizes / assignments.Unmerge(assignments.MergeSizes(sizes).unsqueeze(2)).squeeze(2);
        var expected = assignments.Unmerge(upstream) * shares.unsqueeze(2);
        foreach (var (e, f) in Floats(expected).Zip(Floats(tokens.grad!)))
            Assert.AreEqual(e, f, 1e-6f);
    }

    [TestMethod]
    public void Merging_before_an_affine_embedding_equals_merging_after_it()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var embedding = nn.Linear(16, 24);
        var patches = tensor(NaiveMerging.Normal(new Random(3), 3 * 49 * 16), [3, 49, 16]);
        var assignments = TokenAssignments.Match(patches, 24);
        foreach (var (before, after) in Floats(embedding.call(assignments.Merge(patches))).Zip(Floats(assignments.Merge(embedding.call(patches)))))
            Assert.AreEqual(before, after, 1e-5f);
    }

    [TestMethod]
    public void What_is_the_same_for_all_images_merges_by_each_ones_assignment()
    {
        using var scope = NewDisposeScope();
        var assignments = TokenAssignments.Match(tensor(NaiveMerging.Normal(new Random(4), 2 * 8 * 5), [2, 8, 5]), 3);
        var positions = rand(8, 4);
        var merged = assignments.Merge(positions);
        foreach (var (assignment, b) in assignments.ToArray().Select((a, b) => (a, b)))
            foreach (var (e, f) in assignment.Merge(Floats(positions)).Zip(Floats(merged[b])))
                Assert.AreEqual(e, f, 1e-6f);
    }

    [TestMethod]
    public void Layer_after_layer_with_its_own_amount_is_one_assignment()
    {
        using var scope = NewDisposeScope();
        var x = tensor(NaiveMerging.Normal(new Random(5), 2 * 20 * 4), [2, 20, 4]);
        var (now, sizes, whole) = (x, ones(2, 20), (TokenAssignments?)null);
        foreach (int merge in new[] { 6, 0, 5, 2 })
        {
            var layer = TokenAssignments.Match(now, merge);
            (now, sizes) = (layer.Merge(now, sizes), layer.MergeSizes(sizes));
            whole = whole is null ? layer : whole.Then(layer);
        }
        Assert.AreEqual(7, whole!.Survivors);
        foreach (var (e, f) in Floats(whole.Merge(x)).Concat(Floats(whole.MergeSizes())).Zip(Floats(now).Concat(Floats(sizes))))
            Assert.AreEqual(e, f, 1e-5f);
    }

    [TestMethod]
    public void Known_assignments_make_a_batch_and_come_back()
    {
        using var scope = NewDisposeScope();
        var known = new[] { TokenAssignment.FromSources([0, 1, 0]), TokenAssignment.FromSources([0, 1, 1]) };
        var batch = TokenAssignments.Of(known);
        CollectionAssert.AreEqual(new long[] { 0, 1, 0, 0, 1, 1 }, batch.Sources.data<long>().ToArray());
        Assert.IsTrue(batch.ToArray()[1].Sources.SequenceEqual(known[1].Sources));
        Assert.ThrowsExactly<ArgumentException>(() => TokenAssignments.Of([known[0], TokenAssignment.FromSources([0, 1, 2])]));
    }

    [TestMethod]
    public void Tokens_without_direction_give_no_NaN()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, 9, 4).requires_grad_();
        var merged = TokenAssignments.Match(x, 4).Merge(x);
        merged.sum().backward();
        Assert.IsTrue(Floats(merged).Concat(Floats(x.grad!)).All(float.IsFinite));
    }

    [TestMethod]
    public void Wrong_shapes_and_amounts_are_refused()
    {
        using var scope = NewDisposeScope();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenAssignments.Match(zeros(3, 4), 1)).Message, "[3, 4]");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokenAssignments.Match(zeros(1, 5, 4), 3)).Message, "0 to 2");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokenAssignments.Match(zeros(1, 5, 4), 2, apart: 2));
        var good = TokenAssignments.Match(rand(2, 5, 4), 2);
        Assert.ThrowsExactly<ArgumentException>(() => good.Merge(rand(2, 4, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => good.Merge(rand(2, 5, 4), rand(2, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => good.Unmerge(rand(2, 5, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => good.Then(good));
    }
}
