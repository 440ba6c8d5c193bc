using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataOperations;

[TestClass]
public sealed class FilterTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void A_range_includes_its_lower_bound_but_not_its_upper()
    {
        CollectionAssert.AreEqual(new[] { 2, 3 }, Ids(_context.Data.FilterRowsByColumn(Rows(), nameof(Row.Value), 2, 4)));
        CollectionAssert.AreEqual(new[] { 4, 5 }, Ids(_context.Data.FilterRowsByColumn(Rows(), nameof(Row.Value), lowerBound: 4)));
    }

    [TestMethod]
    public void What_is_not_a_number_is_in_no_range()
        => CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4, 5 }, Ids(_context.Data.FilterRowsByColumn(Rows(), nameof(Row.Value), double.NegativeInfinity, double.PositiveInfinity)));

    [TestMethod]
    public void Only_real_columns_can_be_filtered_by_range()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Rows(), nameof(Row.Id), 0, 1)).Message, "does not have compatible type");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Rows(), nameof(Row.Key), 0, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Rows(), nameof(Row.Value), 1, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Rows(), "Nothing", 0, 1));
    }

    [TestMethod]
    public void Keys_are_spread_over_the_range_and_missing_keys_are_nowhere()
    {
        // Keys 1 to 4 of four stand at 1/8, 3/8, 5/8 and 7/8.
        CollectionAssert.AreEqual(new[] { 0, 1, 5 }, Ids(_context.Data.FilterRowsByKeyColumnFraction(Rows(), nameof(Row.Key), 0, 0.5)));
        CollectionAssert.AreEqual(new[] { 2, 3 }, Ids(_context.Data.FilterRowsByKeyColumnFraction(Rows(), nameof(Row.Key), 0.5, 1)));
    }

    [TestMethod]
    public void Rows_with_missing_values_are_dropped()
    {
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4, 5 }, Ids(_context.Data.FilterRowsByMissingValues(Rows(), nameof(Row.Value))));
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 5 }, Ids(_context.Data.FilterRowsByMissingValues(Rows(), nameof(Row.Value), nameof(Row.Key))));
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 5, 6 }, Ids(_context.Data.FilterRowsByMissingValues(Rows(), nameof(Row.Vector))));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByMissingValues(Rows(), nameof(Row.Id)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByMissingValues(Rows()));
    }

    [TestMethod]
    public void Rows_can_be_skipped_and_taken()
    {
        CollectionAssert.AreEqual(new[] { 5, 6 }, Ids(_context.Data.SkipRows(Rows(), 5)));
        CollectionAssert.AreEqual(new[] { 0, 1 }, Ids(_context.Data.TakeRows(Rows(), 2)));
        CollectionAssert.AreEqual(new[] { 2, 3 }, Ids(_context.Data.TakeRows(_context.Data.SkipRows(Rows(), 2), 2)));
        CollectionAssert.AreEqual(Array.Empty<int>(), Ids(_context.Data.SkipRows(Rows(), 100)));
        Assert.AreEqual(2L, _context.Data.SkipRows(Rows(), 5).GetRowCount());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.TakeRows(Rows(), 0));
    }

    [TestMethod]
    public void Taking_rows_reads_no_further_than_it_must()
    {
        int read = 0;
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 1000).Select(i =>
        {
            read++;
            return new Row { Id = i };
        }));

        Ids(_context.Data.TakeRows(data, 3));

        Assert.IsTrue(read <= 4, $"{read} rows were read");
    }

    [TestMethod]
    public void A_bootstrap_sample_and_its_complement_share_no_row()
    {
        var sample = Ids(_context.Data.BootstrapSample(Many(), seed: 3));
        var rest = Ids(_context.Data.BootstrapSample(Many(), seed: 3, complement: true));

        Assert.AreEqual(0, sample.Intersect(rest).Count());
        Assert.AreEqual(1000, sample.Distinct().Count() + rest.Length);
        // The part left out of a sample with replacement tends to 1/e.
        Assert.AreEqual(368, rest.Length, 50);
    }

    private static int[] Ids(IDataView data) => [.. data.GetColumn<int>(nameof(Row.Id))];

    private IDataView Many() => _context.Data.LoadFromEnumerable(Enumerable.Range(0, 1000).Select(i => new Row { Id = i }));

    private IDataView Rows() => _context.Data.LoadFromEnumerable(Enumerable.Range(0, 7).Select(i => new Row
    {
        Id = i,
        Value = i == 6 ? float.NaN : i,
        // Keys count from zero in objects; the rows 4 and 6 have none of the four.
        Key = (uint)(i == 5 ? 1 : i == 6 ? 9 : i),
        Vector = i == 4 ? [1, float.NaN] : [1, 2],
    }).ToList());

    private sealed class Row
    {
        public int Id { get; set; }

        public float Value { get; set; }

        [KeyType(4)]
        public uint Key { get; set; }

        public float[] Vector { get; set; } = [];
    }
}
