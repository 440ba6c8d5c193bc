using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataView;

[TestClass]
public sealed class TypeTests
{
    [TestMethod]
    public void Types_are_printed_as_one_writes_them()
    {
        Assert.AreEqual("Single", NumberDataViewType.Single.ToString());
        Assert.AreEqual("String", TextDataViewType.Instance.ToString());
        Assert.AreEqual("Boolean", BooleanDataViewType.Instance.ToString());
        Assert.AreEqual("Key<UInt32, 0-9>", new KeyDataViewType(typeof(uint), 10).ToString());
        Assert.AreEqual("Vector<Single>", new VectorDataViewType(NumberDataViewType.Single).ToString());
        Assert.AreEqual("Vector<Single, 784>", new VectorDataViewType(NumberDataViewType.Single, 784).ToString());
        Assert.AreEqual("Vector<Single, 3, *, 2>", new VectorDataViewType(NumberDataViewType.Single, 3, 0, 2).ToString());
        Assert.AreEqual("Vector<Key<Byte, 0-1>, 4>", new VectorDataViewType(new KeyDataViewType(typeof(byte), 2), 4).ToString());
    }

    [TestMethod]
    public void Vectors_are_equal_when_items_and_dimensions_are()
    {
        var vector = new VectorDataViewType(NumberDataViewType.Single, 2, 3);

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2, 3), vector);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2, 3).GetHashCode(), vector.GetHashCode());
        Assert.AreNotEqual(new VectorDataViewType(NumberDataViewType.Single, 6), vector);
        Assert.AreNotEqual(new VectorDataViewType(NumberDataViewType.Double, 2, 3), vector);
        Assert.AreEqual(6, vector.Size);
        Assert.IsTrue(vector.IsKnownSize);
        Assert.AreEqual(typeof(VBuffer<float>), vector.RawType);
    }

    [TestMethod]
    public void One_unknown_dimension_makes_the_size_unknown()
    {
        var vector = new VectorDataViewType(NumberDataViewType.Single, 3, 0);

        Assert.AreEqual(0, vector.Size);
        Assert.IsFalse(vector.IsKnownSize);
        CollectionAssert.AreEqual(new[] { 3, 0 }, vector.Dimensions.ToArray());
    }

    [TestMethod]
    public void Keys_are_equal_when_number_type_and_count_are()
    {
        var key = new KeyDataViewType(typeof(uint), 10);

        Assert.AreEqual(new KeyDataViewType(typeof(uint), 10UL), key);
        Assert.AreNotEqual(new KeyDataViewType(typeof(uint), 11), key);
        Assert.AreNotEqual(new KeyDataViewType(typeof(ushort), 10), key);
        Assert.IsFalse(key.Equals(NumberDataViewType.UInt32));
    }

    [TestMethod]
    [DataRow(typeof(int), 3)]
    [DataRow(typeof(byte), 256)]
    [DataRow(typeof(uint), 0)]
    [DataRow(typeof(uint), -1)]
    public void A_key_that_cannot_be_held_is_refused(Type type, int count)
        => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(type, count));

    [TestMethod]
    public void A_negative_size_is_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VectorDataViewType(NumberDataViewType.Single, -1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VectorDataViewType(NumberDataViewType.Single, 2, -1));
        Assert.ThrowsExactly<ArgumentNullException>(() => new VectorDataViewType(null!, 2));
    }
}
