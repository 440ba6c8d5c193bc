using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Tests;

[TestClass]
public sealed class SynthesizeDigitsTests
{
    [TestMethod]
    public void The_same_seed_gives_the_same_bytes_on_every_machine()
    {
        var (labels, pixels) = Read(new MLContext().Data.SynthesizeDigits(2_000, seed: 7));
        var bytes = labels.Select(label => (byte)label).Concat(pixels.SelectMany(row => row.Select(value => (byte)MathF.Round(value * 255)))).ToArray();
        Assert.AreEqual("DBEEEAAF32CF6A7F9D8E26F6070DBE70BA9A8E11DEE98F75B4500769B620D5C2", Convert.ToHexString(SHA256.HashData(bytes)));
    }

    [TestMethod]
    public void Another_seed_gives_other_digits()
    {
        var (_, first) = Read(new MLContext().Data.SynthesizeDigits(3, seed: 1));
        var (_, second) = Read(new MLContext().Data.SynthesizeDigits(3, seed: 2));
        CollectionAssert.AreNotEqual(first[0], second[0]);
    }

    [TestMethod]
    public void More_digits_begin_with_the_same_ones()
    {
        var (fewLabels, few) = Read(new MLContext().Data.SynthesizeDigits(5, seed: 3));
        var (manyLabels, many) = Read(new MLContext().Data.SynthesizeDigits(50, seed: 3));
        CollectionAssert.AreEqual(fewLabels, manyLabels[..5]);
        CollectionAssert.AreEqual(few[4], many[4]);
    }

    [TestMethod]
    public void Rows_are_a_label_and_784_pixels_between_0_and_1()
    {
        var data = new MLContext().Data.SynthesizeDigits(1_000);
        Assert.AreEqual(NumberDataViewType.UInt32, data.Schema["Label"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 784), data.Schema["Pixels"].Type);
        Assert.AreEqual(1_000, data.GetRowCount());
        var (labels, pixels) = Read(data);
        Assert.IsTrue(pixels.All(row => row.All(value => value is >= 0 and <= 1)));
        Assert.IsTrue(pixels.All(row => row.Max() > 0.4f), "Every digit has ink.");
        for (uint digit = 0; digit < 10; digit++)
        {
            int count = labels.Count(label => label == digit);
            Assert.IsTrue(count is > 60 and < 140, $"{count} of 1,000 are a {digit}; about 100 were expected.");
        }
    }

    [TestMethod]
    public void Shuffled_rows_are_the_same_rows_in_another_order()
    {
        var data = new MLContext().Data.SynthesizeDigits(300);
        var plain = Ids(data.GetRowCursor(data.Schema));
        var shuffled = Ids(data.GetRowCursor(data.Schema, new Random(1)));
        CollectionAssert.AreNotEqual(plain, shuffled);
        CollectionAssert.AreEquivalent(plain, shuffled);
    }

    [TestMethod]
    public void A_set_of_cursors_shares_the_rows_out_in_batches_that_put_them_back_in_order()
    {
        var data = new MLContext().Data.SynthesizeDigits(1_000);
        var cursors = data.GetRowCursorSet(data.Schema, 3);
        Assert.HasCount(3, cursors);
        var rows = new List<(long Batch, ulong Row)>();
        foreach (var cursor in cursors)
        {
            long lastBatch = -1;
            var id = cursor.GetIdGetter();
            for (long position = 0; cursor.MoveNext(); position++)
            {
                var value = default(DataViewRowId);
                id(ref value);
                Assert.AreEqual(position, cursor.Position);
                Assert.IsTrue(cursor.Batch >= lastBatch);
                lastBatch = cursor.Batch;
                rows.Add((cursor.Batch, value.Low));
            }
            Assert.AreEqual(-1, cursor.Position);
        }
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 1_000).Select(row => (ulong)row).ToArray(),
            rows.OrderBy(row => row.Batch).Select(row => row.Row).ToArray());
        Assert.HasCount(rows.Count, rows.Select(row => row.Row).Distinct().ToArray());
    }

    [TestMethod]
    public void No_digits_at_all_is_an_error()
    {
        var failure = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Data.SynthesizeDigits(0));
        StringAssert.Contains(failure.Message, "1 to ");
    }

    [TestMethod]
    public void A_getter_off_the_rows_or_of_the_wrong_type_is_an_error()
    {
        var data = new MLContext().Data.SynthesizeDigits(1);
        using var cursor = data.GetRowCursor([data.Schema["Label"]]);
        var getter = cursor.GetGetter<uint>(data.Schema["Label"]);
        uint label = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => getter(ref label));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(data.Schema["Label"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(data.Schema["Pixels"]));
    }

    internal static (uint[] Labels, float[][] Pixels) Read(IDataView data) =>
        ([.. data.GetColumn<uint>("Label")], [.. data.GetColumn<float[]>("Pixels")]);

    static ulong[] Ids(DataViewRowCursor cursor)
    {
        using (cursor)
        {
            var ids = new List<ulong>();
            var getter = cursor.GetIdGetter();
            var id = default(DataViewRowId);
            while (cursor.MoveNext())
            {
                getter(ref id);
                ids.Add(id.Low);
            }
            return [.. ids];
        }
    }
}
