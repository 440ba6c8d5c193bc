using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Objects;

[TestClass]
public sealed class CreateEnumerableTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Objects_come_back_as_they_went_in()
    {
        var rows = Enumerable.Range(0, 5).Select(i => new Row { Number = i, Text = $"t{i}", Values = [i, i + 0.5f], Words = ["a", $"{i}"] }).ToArray();
        var back = _context.Data.CreateEnumerable<Row>(_context.Data.LoadFromEnumerable(rows), reuseRowObject: false).ToArray();

        Assert.AreEqual(5, back.Length);
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual(rows[i].Number, back[i].Number);
            Assert.AreEqual(rows[i].Text, back[i].Text);
            CollectionAssert.AreEqual(rows[i].Values, back[i].Values);
            CollectionAssert.AreEqual(rows[i].Words, back[i].Words);
        }
    }

    [TestMethod]
    public void Reusing_gives_the_same_object_and_array_again_and_again()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 3).Select(i => new Row { Number = i, Values = [i, i] }));
        var seen = new List<Row>();
        var arrays = new List<float[]>();
        foreach (var row in _context.Data.CreateEnumerable<Row>(data, reuseRowObject: true))
        {
            seen.Add(row);
            arrays.Add(row.Values);
        }

        Assert.AreEqual(3, seen.Count);
        Assert.AreSame(seen[0], seen[2]);
        Assert.AreSame(arrays[0], arrays[2]);
        Assert.AreEqual(2f, arrays[0][0]);
        var fresh = _context.Data.CreateEnumerable<Row>(data, reuseRowObject: false).ToArray();
        Assert.AreNotSame(fresh[0], fresh[2]);
        Assert.AreNotSame(fresh[0].Values, fresh[2].Values);
    }

    [TestMethod]
    public void A_missing_column_is_found_before_enumerating_and_named()
    {
        var data = _context.Data.LoadFromEnumerable([new Row { Number = 3 }]);

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => { _context.Data.CreateEnumerable<WithMore>(data, reuseRowObject: false); });
        StringAssert.Contains(error.Message, nameof(WithMore.More));
        var row = _context.Data.CreateEnumerable<WithMore>(data, reuseRowObject: false, ignoreMissingColumns: true).Single();
        Assert.AreEqual(3f, row.Number);
        Assert.AreEqual(7, row.More);
    }

    [TestMethod]
    public void A_column_of_another_type_is_found_before_enumerating()
    {
        var data = _context.Data.LoadFromEnumerable([new Row()]);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => { _context.Data.CreateEnumerable<WrongType>(data, reuseRowObject: false); });
        StringAssert.Contains(error.Message, nameof(WrongType.Number));
        Assert.ThrowsExactly<InvalidOperationException>(() => { _context.Data.CreateEnumerable<WrongShape>(data, reuseRowObject: false); });
    }

    [TestMethod]
    public void A_key_is_read_as_the_number_that_holds_it()
    {
        var data = _context.Data.LoadFromEnumerable(new uint[] { 0, 2, 9 }.Select(key => new Keyed { Key = key }));

        CollectionAssert.AreEqual(new uint[] { 1, 3, 0 }, _context.Data.CreateEnumerable<Plain>(data, reuseRowObject: false).Select(row => row.Key).ToArray());
    }

    [TestMethod]
    public void Properties_without_a_setter_are_left_alone()
    {
        var data = _context.Data.LoadFromEnumerable([new Row { Number = 2 }]);

        Assert.AreEqual(4f, _context.Data.CreateEnumerable<Derived>(data, reuseRowObject: false).Single().Twice);
    }

    [TestMethod]
    public void Sparse_vectors_fill_arrays()
    {
        var data = _context.Data.LoadFromEnumerable([new Vector { Values = new VBuffer<float>(4, 1, [5], [2]) }]);

        CollectionAssert.AreEqual(new float[] { 0, 0, 5, 0 }, _context.Data.CreateEnumerable<Row>(data, false, ignoreMissingColumns: true).Single().Values);
    }

    [TestMethod]
    public void A_column_is_read_by_name_or_refused_by_name_and_type()
    {
        var data = _context.Data.LoadFromEnumerable([new Row { Number = 2, Text = "t" }]);

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetColumn<float>("Absent")).Message, "Absent");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetColumn<double>("Number"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetColumn<float[]>("Number"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.GetColumn<double[]>("Values"));
        Assert.AreEqual("t", data.GetColumn<ReadOnlyMemory<char>>("Text").Single().ToString());
    }

    [TestMethod]
    public void A_preview_shows_the_first_rows_both_ways()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 10).Select(i => new Keyed { Key = (uint)i }));
        var preview = data.Preview(maxRows: 4);

        Assert.AreEqual("1 columns, 4 rows", preview.ToString());
        Assert.AreEqual(4, preview.RowView.Length);
        Assert.AreEqual(new KeyValuePair<string, object>("Key", 3u), preview.RowView[2].Values[0]);
        CollectionAssert.AreEqual(new object[] { 1u, 2u, 3u, 0u }, preview.ColumnView[0].Values);
        Assert.AreEqual("Key: Key<UInt32, 0-2>", preview.ColumnView[0].ToString());
    }

    private class Row
    {
        public float Number { get; set; }

        public string Text { get; set; } = "";

        public float[] Values { get; set; } = [];

        public string[] Words { get; set; } = [];
    }

    private sealed class Derived
    {
        public float Number { get; set; }

        public float Twice => 2 * Number;
    }

    private sealed class WithMore
    {
        public float Number { get; set; }

        public int More { get; set; } = 7;
    }

    private sealed class WrongType
    {
        public int Number { get; set; }
    }

    private sealed class WrongShape
    {
        public float[] Number { get; set; } = [];
    }

    private sealed class Keyed
    {
        [KeyType(3)]
        public uint Key { get; set; }
    }

    private sealed class Plain
    {
        public uint Key { get; set; }
    }

    private sealed class Vector
    {
        public VBuffer<float> Values { get; set; }
    }
}
