using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataView;

[TestClass]
public sealed class VBufferTests
{
    private static readonly VBuffer<float> Dense = new(4, [1, 2, 3, 4, 99]);
    private static readonly VBuffer<float> Sparse = new(5, 2, [7, 8], [1, 3]);

    [TestMethod]
    public void A_dense_vector_has_values_and_no_indices()
    {
        Assert.IsTrue(Dense.IsDense);
        CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4 }, Dense.GetValues().ToArray());
        Assert.AreEqual(0, Dense.GetIndices().Length);
        Assert.AreEqual("Dense vector of size 4", Dense.ToString());
    }

    [TestMethod]
    public void A_sparse_vector_has_the_default_where_nothing_is_stored()
    {
        Assert.IsFalse(Sparse.IsDense);
        CollectionAssert.AreEqual(new float[] { 0, 7, 0, 8, 0 }, Sparse.DenseValues().ToArray());
        CollectionAssert.AreEqual(new[] { 1, 3 }, Sparse.Items().Select(item => item.Key).ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4 }, Sparse.Items(all: true).Select(item => item.Key).ToArray());
        Assert.AreEqual(8f, Sparse.GetItemOrDefault(3));
        Assert.AreEqual(0f, Sparse.GetItemOrDefault(4));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Sparse.GetItemOrDefault(5));
        Assert.AreEqual("Sparse vector of size 5, 2 explicit values", Sparse.ToString());
    }

    [TestMethod]
    public void Copying_a_stretch_keeps_what_lies_in_it()
    {
        VBuffer<float> part = default;
        Sparse.CopyTo(ref part, 1, 3);

        Assert.AreEqual(3, part.Length);
        CollectionAssert.AreEqual(new float[] { 7, 0, 8 }, part.DenseValues().ToArray());
        Sparse.CopyTo(ref part, 2, 1);
        CollectionAssert.AreEqual(new float[] { 0 }, part.DenseValues().ToArray());
        Dense.CopyTo(ref part, 1, 2);
        CollectionAssert.AreEqual(new float[] { 2, 3 }, part.DenseValues().ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Dense.CopyTo(ref part, 3, 2));
    }

    [TestMethod]
    public void Copying_into_a_span_fills_the_gaps()
    {
        float[] target = [9, 9, 9, 9, 9, 9];
        Sparse.CopyTo(target, 1, -1);

        CollectionAssert.AreEqual(new float[] { 9, -1, 7, -1, 8, -1 }, target);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Sparse.CopyTo(new float[4]));
    }

    [TestMethod]
    public void Making_dense_stores_every_slot()
    {
        VBuffer<float> dense = default;
        Sparse.CopyToDense(ref dense);

        Assert.IsTrue(dense.IsDense);
        CollectionAssert.AreEqual(new float[] { 0, 7, 0, 8, 0 }, dense.GetValues().ToArray());
    }

    [TestMethod]
    public void A_copy_does_not_share_its_values()
    {
        VBuffer<float> copy = default;
        Dense.CopyTo(ref copy);
        var editor = VBufferEditor.CreateFromBuffer(ref copy);
        editor.Values[0] = 50;

        Assert.AreEqual(1f, Dense.GetValues()[0]);
        Assert.AreEqual(50f, editor.Commit().GetValues()[0]);
    }

    [TestMethod]
    public void An_editor_reuses_arrays_that_are_large_enough()
    {
        VBuffer<float> buffer = default;
        var first = VBufferEditor.Create(ref buffer, 10);
        Assert.IsTrue(first.CreatedNewValues);
        Assert.IsFalse(first.CreatedNewIndices);
        buffer = first.Commit();

        var smaller = VBufferEditor.Create(ref buffer, 20, 3);
        Assert.IsFalse(smaller.CreatedNewValues);
        Assert.IsTrue(smaller.CreatedNewIndices);
        Assert.AreEqual(3, smaller.Values.Length);
        Assert.AreEqual(3, smaller.Indices.Length);
        for (int i = 0; i < 3; i++)
            (smaller.Values[i], smaller.Indices[i]) = (i + 1, 5 * i);

        CollectionAssert.AreEqual(new[] { 0, 5 }, smaller.CommitTruncated(2).GetIndices().ToArray());
    }

    [TestMethod]
    public void Growing_keeps_old_values_only_when_asked()
    {
        VBuffer<int> buffer = new(2, [1, 2]);
        var editor = VBufferEditor.Create(ref buffer, 5, keepOldOnResize: true);
        CollectionAssert.AreEqual(new[] { 1, 2, 0, 0, 0 }, editor.Values.ToArray());

        buffer = new(2, [1, 2]);
        CollectionAssert.AreEqual(new int[5], VBufferEditor.Create(ref buffer, 5).Values.ToArray());
    }

    [TestMethod]
    public void Arrays_that_are_too_short_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<float>(3, new float[2]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<float>(3, 2, new float[2], new int[1]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<float>(3, 4, new float[4], new int[4]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<float>(-1, []));
    }

    [TestMethod]
    public void An_array_is_copied_from_a_given_place()
    {
        VBuffer<int> buffer = default;
        VBuffer<int>.Copy([1, 2, 3, 4], 1, ref buffer, 2);

        CollectionAssert.AreEqual(new[] { 2, 3 }, buffer.GetValues().ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VBuffer<int>.Copy([1, 2], 1, ref buffer, 2));
    }
}
