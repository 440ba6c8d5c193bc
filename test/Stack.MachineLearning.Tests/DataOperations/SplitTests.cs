using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.DataOperations;

/// <summary>The rows that belong to each part were computed apart, from the published random generator and hash.</summary>
[TestClass]
public sealed class SplitTests
{
    private static readonly string[] Names = ["ann", "bob", "carol", "dave", "eve", "frank", "grace", "heidi"];
    private readonly MLContext _context = new();

    [TestMethod]
    public void A_split_without_a_seed_is_the_same_every_time()
        => AssertSplit(_context.Data.TrainTestSplit(Numbers(), 0.3), [5, 6, 10, 18, 20, 28]);

    [TestMethod]
    public void A_seed_decides_which_rows_are_for_testing()
        => AssertSplit(_context.Data.TrainTestSplit(Numbers(), 0.3, seed: 7), [3, 16, 17, 19, 22]);

    [TestMethod]
    public void The_contexts_seed_is_used_when_the_split_has_none()
        => AssertSplit(new MLContext(7).Data.TrainTestSplit(Numbers(), 0.3), [3, 16, 17, 19, 22]);

    [TestMethod]
    public void Every_row_is_tested_in_one_fold_and_trained_on_in_the_others()
    {
        var folds = _context.Data.CrossValidationSplit(Numbers(), 3, seed: 7);

        Assert.AreEqual(3, folds.Count);
        AssertSplit(folds[0], [3, 16, 17, 19, 22]);
        AssertSplit(folds[1], [1, 4, 7, 11, 15, 18, 20, 21, 23, 24, 25, 27, 28]);
        AssertSplit(folds[2], [0, 2, 5, 6, 8, 9, 10, 12, 13, 14, 26, 29]);
    }

    [TestMethod]
    public void Rows_with_the_same_sampling_key_stay_together()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 24).Select(i => new Row { Id = i, Name = Names[i % 8] }));

        var split = _context.Data.TrainTestSplit(data, 0.4, nameof(Row.Name), seed: 3);

        string[] expected = ["ann", "bob", "carol", "eve", "frank", "heidi"];
        CollectionAssert.AreEquivalent(expected, split.TestSet.GetColumn<string>(nameof(Row.Name)).Distinct().ToArray());
        Assert.AreEqual(18, split.TestSet.GetColumn<int>(nameof(Row.Id)).Count());
        CollectionAssert.AreEquivalent(Names.Except(expected).ToArray(), split.TrainSet.GetColumn<string>(nameof(Row.Name)).Distinct().ToArray());
    }

    [TestMethod]
    public void Rows_without_a_sampling_key_are_in_neither_part()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Row { Name = "ann" }, new Row { Id = 1, Name = "" }, new Row { Id = 2, Name = "dave" } });

        var split = _context.Data.TrainTestSplit(data, 0.5, nameof(Row.Name));

        int[] ids = [.. split.TrainSet.GetColumn<int>(nameof(Row.Id)), .. split.TestSet.GetColumn<int>(nameof(Row.Id))];
        CollectionAssert.AreEquivalent(new[] { 0, 2 }, ids);
    }

    [TestMethod]
    public void A_number_as_sampling_key_splits_its_range()
    {
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 11).Select(i => new Row { Id = i, Value = i * 10 }));

        AssertSplit(_context.Data.TrainTestSplit(data, 0.25, nameof(Row.Value)), [0, 1, 2], count: 11);
    }

    [TestMethod]
    public void A_split_shows_the_columns_of_its_source_only()
    {
        var split = _context.Data.TrainTestSplit(Numbers());

        CollectionAssert.AreEqual(Numbers().Schema.Select(column => column.Name).ToArray(), split.TrainSet.Schema.Select(column => column.Name).ToArray());
        Assert.IsNull(split.TestSet.GetRowCount());
    }

    [TestMethod]
    public void A_split_needs_a_fraction_between_zero_and_one_and_a_known_column()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.TrainTestSplit(Numbers(), 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.TrainTestSplit(Numbers(), 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.CrossValidationSplit(Numbers(), 1));
        var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Data.TrainTestSplit(Numbers(), 0.1, "Group"));
        StringAssert.Contains(missing.Message, "Could not find SamplingKeyColumn column 'Group'");
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Data.TrainTestSplit(null!));
    }

    private static void AssertSplit(DataOperationsCatalog.TrainTestData split, int[] test, int count = 30)
    {
        CollectionAssert.AreEqual(test, split.TestSet.GetColumn<int>(nameof(Row.Id)).ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, count).Except(test).ToArray(), split.TrainSet.GetColumn<int>(nameof(Row.Id)).ToArray());
    }

    private IDataView Numbers() => _context.Data.LoadFromEnumerable(Enumerable.Range(0, 30).Select(i => new Row { Id = i }));

    private sealed class Row
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public float Value { get; set; }
    }
}
