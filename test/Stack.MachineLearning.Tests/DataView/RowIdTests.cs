using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataView;

/// <summary>The expected bits come from the rounds of 128-bit Murmur3, computed elsewhere.</summary>
[TestClass]
public sealed class RowIdTests
{
    private static readonly DataViewRowId Id = new(1, 2);

    [TestMethod]
    public void The_next_row_is_the_id_mixed_with_a_block_of_zeros() => Assert.AreEqual(new DataViewRowId(0x7adce733, 0x79e99deb4), Id.Next());

    [TestMethod]
    public void A_fork_differs_from_the_next_row_in_the_low_bits() => Assert.AreEqual(new DataViewRowId(0x34e09d0b1102190b, 0x79e99deb4), Id.Fork());

    [TestMethod]
    public void Combining_takes_in_both_halves_of_the_other() => Assert.AreEqual(new DataViewRowId(0xcf76cc3e67f97a6c, 0xd6c370eb9bb089c0), Id.Combine(new DataViewRowId(3, 4)));

    [TestMethod]
    public void The_high_half_is_printed_and_compared_first()
    {
        Assert.AreEqual("00000000000000020000000000000001", Id.ToString());
        Assert.IsTrue(Id.CompareTo(new DataViewRowId(0, 3)) < 0);
        Assert.IsTrue(Id.CompareTo(new DataViewRowId(0, 2)) > 0);
        Assert.AreEqual(0, Id.CompareTo(new DataViewRowId(1, 2)));
    }

    [TestMethod]
    public void Equal_ids_have_equal_hashes()
    {
        Assert.AreEqual(Id, new DataViewRowId(1, 2));
        Assert.AreEqual(Id.GetHashCode(), new DataViewRowId(1, 2).GetHashCode());
        Assert.AreNotEqual(Id, new DataViewRowId(2, 1));
    }
}
