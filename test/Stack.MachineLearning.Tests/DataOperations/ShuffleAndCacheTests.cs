using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataOperations;

[TestClass]
public sealed class ShuffleAndCacheTests
{
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void A_shuffle_draws_from_a_pool_that_the_next_rows_refill()
    {
        // Computed apart, from the published random generator.
        CollectionAssert.AreEqual(new[] { 3, 1, 2, 5, 6, 7, 9, 8, 11, 0, 4, 10 }, Ids(_context.Data.ShuffleRows(Numbers(12), seed: 5, shufflePoolSize: 4, shuffleSource: false)));
        CollectionAssert.AreEqual(new[] { 9, 8, 3, 2, 6, 1, 5, 0, 4, 7 }, Ids(_context.Data.ShuffleRows(Numbers(10), seed: 9, shuffleSource: false)));
    }

    [TestMethod]
    public void A_shuffled_view_gives_the_same_order_each_time_it_is_read()
    {
        var shuffled = _context.Data.ShuffleRows(Numbers(100), seed: 2);

        int[] first = Ids(shuffled);

        CollectionAssert.AreEqual(first, Ids(shuffled));
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 100).ToArray(), first);
        CollectionAssert.AreNotEqual(Enumerable.Range(0, 100).ToArray(), first);
        Assert.AreEqual(100L, shuffled.GetRowCount());
        Assert.IsTrue(shuffled.CanShuffle);
    }

    [TestMethod]
    public void Vectors_keep_their_row_through_a_shuffle()
    {
        var shuffled = _context.Data.ShuffleRows(Numbers(50), seed: 2, shufflePoolSize: 7);

        foreach (var row in _context.Data.CreateEnumerable<Row>(shuffled, reuseRowObject: false))
            CollectionAssert.AreEqual(new float[] { row.Id, -row.Id }, row.Vector);
    }

    [TestMethod]
    public void A_pool_must_hold_a_row()
        => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.ShuffleRows(Numbers(3), shufflePoolSize: 0));

    [TestMethod]
    public void A_cache_reads_its_source_once_for_each_column()
    {
        int reads = 0;
        IEnumerable<Row> Source()
        {
            Interlocked.Increment(ref reads);
            for (int i = 0; i < 10; i++)
                yield return new Row { Id = i, Vector = [i, -i] };
        }

        var cached = _context.Data.Cache(_context.Data.LoadFromEnumerable(Source()));
        int[] first = Ids(cached);

        CollectionAssert.AreEqual(first, Ids(cached));
        CollectionAssert.AreEqual(Enumerable.Range(0, 10).ToArray(), first);
        Assert.AreEqual(1, reads);
        Assert.AreEqual(10L, cached.GetRowCount());
        CollectionAssert.AreEqual(new float[] { 9, -9 }, cached.GetColumn<float[]>(nameof(Row.Vector)).Last());
    }

    [TestMethod]
    public void A_cache_can_be_read_in_a_random_order()
    {
        var cached = _context.Data.Cache(Numbers(20));
        using var cursor = cached.GetRowCursor(cached.Schema, new Random(3));
        var getter = cursor.GetGetter<int>(cached.Schema[nameof(Row.Id)]);
        var ids = new List<int>();
        while (cursor.MoveNext())
        {
            int id = 0;
            getter(ref id);
            ids.Add(id);
        }

        Assert.IsTrue(cached.CanShuffle);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 20).ToArray(), ids);
        CollectionAssert.AreNotEqual(Enumerable.Range(0, 20).ToArray(), ids);
    }

    [TestMethod]
    public void A_cache_says_which_column_it_was_to_prefetch_in_vain()
    {
        var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.Cache(Numbers(3), "Nothing"));

        StringAssert.Contains(missing.Message, "Could not find prefetch column 'Nothing'");
    }

    private static int[] Ids(IDataView data) => [.. data.GetColumn<int>(nameof(Row.Id))];

    private IDataView Numbers(int count)
        => _context.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Row { Id = i, Vector = [i, -i] }).ToList());

    private sealed class Row
    {
        public int Id { get; set; }

        public float[] Vector { get; set; } = [];
    }
}
