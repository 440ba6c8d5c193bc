namespace MLNet.Pruning.Tests.Training;

[TestClass]
public sealed class ArrayExamplesTests
{
    [TestMethod]
    public void Rows_and_labels_come_in_order_as_often_as_asked()
    {
        var examples = new ArrayExamples([1, 2, 3, 4, 5, 6], [2], [2, 0, 1]);
        Assert.AreEqual(3, examples.Count);
        for (var pass = 0; pass < 2; pass++)
        {
            using var reader = examples.Open();
            var row = new float[2];
            for (var i = 0; i < 3; i++)
            {
                Assert.IsTrue(reader.Read(row, out var label));
                CollectionAssert.AreEqual(new float[] { (2 * i) + 1, (2 * i) + 2 }, row);
                Assert.AreEqual((2 + i) % 3 == 2 ? 2 : i - 1, label);
            }
            Assert.IsFalse(reader.Read(row, out _));
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_with_both_numbers()
    {
        Assert.StartsWith("There are 5 features, which is no multiple of the 2", Assert.ThrowsExactly<ArgumentException>(() => new ArrayExamples(new float[5], [2])).Message);
        Assert.StartsWith("There are 2 rows and 3 labels.", Assert.ThrowsExactly<ArgumentException>(() => new ArrayExamples(new float[4], [2], [0, 1, 2])).Message);
    }
}
