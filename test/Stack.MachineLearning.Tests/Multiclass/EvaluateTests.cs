using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Multiclass;

/// <summary>Expected numbers were computed apart, from the definitions.</summary>
[TestClass]
public sealed class EvaluateTests
{
    private static readonly (float Label, float[] Score)[] Six =
    [
        (0, [0.7f, 0.2f, 0.1f]), (0, [0.4f, 0.5f, 0.1f]), (1, [0.1f, 0.8f, 0.1f]),
        (1, [0.3f, 0.3f, 0.4f]), (2, [0.2f, 0.2f, 0.6f]), (2, [0.1f, 0.1f, 0.8f]),
    ];

    private readonly MLContext _context = new(1);

    [TestMethod]
    public void Accuracies_and_log_losses_follow_from_the_scores()
    {
        var metrics = Evaluate(Six, topK: 3);

        Assert.AreEqual(4.0 / 6, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual((0.5 + 0.5 + 1) / 3, metrics.MacroAccuracy, 1e-12);
        Assert.AreEqual(0.5723418677555389, metrics.LogLoss, 1e-7);
        Assert.AreEqual(0.4790319809280386, metrics.LogLossReduction, 1e-7);
        Near([0.6364828379064438, 0.7135581778200729, 0.3669845875401002], metrics.PerClassLogLoss);
        Near([4.0 / 6, 5.0 / 6, 1], metrics.TopKAccuracyForAllK);
        Assert.AreEqual(1, metrics.TopKAccuracy, 1e-12);
        Assert.AreEqual(3, metrics.TopKPredictionCount);
    }

    [TestMethod]
    public void Micro_and_macro_accuracy_differ_when_classes_do_in_size()
    {
        var metrics = Evaluate([.. Six, (0, [0.9f, 0.05f, 0.05f]), (0, [0.9f, 0.05f, 0.05f])]);

        Assert.AreEqual(6.0 / 8, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual((0.75 + 0.5 + 1) / 3, metrics.MacroAccuracy, 1e-12);
        Assert.IsNull(metrics.TopKAccuracyForAllK);
        Assert.AreEqual(0, metrics.TopKAccuracy);
    }

    [TestMethod]
    public void The_confusion_matrix_counts_true_classes_in_rows()
    {
        var matrix = Evaluate(Six).ConfusionMatrix;

        Assert.AreEqual(3, matrix.NumberOfClasses);
        CollectionAssert.AreEqual(new double[] { 1, 1, 0 }, matrix.Counts[0].ToArray());
        CollectionAssert.AreEqual(new double[] { 0, 1, 1 }, matrix.Counts[1].ToArray());
        CollectionAssert.AreEqual(new double[] { 0, 0, 2 }, matrix.Counts[2].ToArray());
        Assert.AreEqual(1, matrix.GetCountForClassPair(predictedClassIndicatorIndex: 2, actualClassIndicatorIndex: 1));
        Near([1, 0.5, 2.0 / 3], matrix.PerClassPrecision);
        Near([0.5, 0.5, 1], matrix.PerClassRecall);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => matrix.GetCountForClassPair(3, 0));
    }

    [TestMethod]
    public void The_confusion_table_is_laid_out_for_people()
    {
        string[] lines =
        [
            "",
            "Confusion table",
            "          ||========================",
            "PREDICTED ||     0 |     1 |     2 | Recall",
            "TRUTH     ||========================",
            "        0 ||     1 |     1 |     0 | 0.5000",
            "        1 ||     0 |     1 |     1 | 0.5000",
            "        2 ||     0 |     0 |     2 | 1.0000",
            "          ||========================",
            "Precision ||1.0000 |0.5000 |0.6667 |",
            "",
        ];

        Assert.AreEqual(string.Join(System.Environment.NewLine, lines), Evaluate(Six).ConfusionMatrix.GetFormattedConfusionTable());
    }

    [TestMethod]
    public void Long_class_names_are_numbered_in_the_table()
    {
        var data = Named(["setosa", "versicolor"], [(0, [0.9f, 0.1f]), (1, [0.6f, 0.4f])]);
        string table = _context.MulticlassClassification.Evaluate(data).ConfusionMatrix.GetFormattedConfusionTable();

        StringAssert.Contains(table, "PREDICTED     ||        0 |        1 | Recall");
        StringAssert.Contains(table, "0.     setosa ||        1 |        0 | 1.0000");
        StringAssert.Contains(table, "1. versicolor ||        1 |        0 | 0.0000");
    }

    [TestMethod]
    public void Rows_without_a_usable_label_or_score_do_not_count()
    {
        var metrics = Evaluate([.. Six, (float.NaN, [1, 0, 0]), (-1, [1, 0, 0]), (0.5f, [1, 0, 0]), (1, [float.NaN, 0, 0]), (1, [0, float.PositiveInfinity, 0])]);

        Assert.AreEqual(4.0 / 6, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual(0.5723418677555389, metrics.LogLoss, 1e-7);
    }

    [TestMethod]
    public void A_class_that_the_scores_do_not_know_costs_the_most()
    {
        var metrics = Evaluate([(0, [1, 0]), (5, [1, 0])]);

        Assert.AreEqual(0.5, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual(-Math.Log(1e-15) / 2, metrics.LogLoss, 1e-6);
        Assert.AreEqual(1, metrics.ConfusionMatrix.Counts.Sum(row => row.Sum()));
    }

    [TestMethod]
    public void A_class_without_rows_counts_neither_for_nor_against()
    {
        var metrics = Evaluate([(0, [0.5f, 0.25f, 0.25f]), (0, [0.5f, 0.25f, 0.25f]), (2, [0.5f, 0.25f, 0.25f])]);

        Assert.AreEqual(2.0 / 3, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual((1.0 + 0) / 2, metrics.MacroAccuracy, 1e-12);
        Near([Math.Log(2), 0, Math.Log(4)], metrics.PerClassLogLoss);
        Near([2.0 / 3, 0, 0], metrics.ConfusionMatrix.PerClassPrecision);
        Near([1, 0, 0], metrics.ConfusionMatrix.PerClassRecall);
        // Of the entropy of two thirds to one third.
        double entropy = Math.Log(3) - (2.0 / 3 * Math.Log(2)), loss = 4.0 / 3 * Math.Log(2);
        Assert.AreEqual((entropy - loss) / entropy, metrics.LogLossReduction, 1e-7);
    }

    [TestMethod]
    public void A_single_class_has_no_entropy_to_reduce()
        => Assert.AreEqual(double.PositiveInfinity, Evaluate([(1, [0.5f, 0.5f])]).LogLossReduction);

    [TestMethod]
    public void Of_equal_scores_the_first_class_ranks_higher()
    {
        var metrics = Evaluate([(0, [0.25f, 0.25f, 0.25f]), (1, [0.25f, 0.25f, 0.25f]), (2, [0.25f, 0.25f, 0.25f])], topK: 3);

        Near([1.0 / 3, 2.0 / 3, 1], metrics.TopKAccuracyForAllK);
        CollectionAssert.AreEqual(new double[] { 1, 0, 0 }, metrics.ConfusionMatrix.Counts[2].ToArray());
    }

    [TestMethod]
    public void An_unknown_class_ranks_below_every_score_that_is_not_negative()
    {
        var metrics = Evaluate([(0, [0.75f, 0.25f]), (7, [0, 0]), (7, [0.75f, 0.25f])], topK: 3);

        Near([1.0 / 3, 1.0 / 3, 1], metrics.TopKAccuracyForAllK);
        Near([-Math.Log(0.75), 0], metrics.PerClassLogLoss);
        Assert.AreEqual((-Math.Log(0.75) - (2 * Math.Log(1e-15f))) / 3, metrics.LogLoss, 1e-7);
        Assert.AreEqual(1, metrics.MacroAccuracy);
        Assert.ThrowsExactly<IndexOutOfRangeException>(() => Evaluate([(7, [-1, -1])]));
    }

    [TestMethod]
    public void More_ranks_than_there_are_is_an_index_out_of_range()
    {
        Near([1, 1, 1], Evaluate([(0, [0.75f, 0.25f])], topK: 3).TopKAccuracyForAllK);
        Assert.ThrowsExactly<IndexOutOfRangeException>(() => Evaluate([(0, [0.75f, 0.25f])], topK: 4));
    }

    [TestMethod]
    public void Scores_beyond_1_and_below_0_cost_what_1_and_almost_0_do()
        => Near([0, -Math.Log(1e-15f)], Evaluate([(0, [3, -2]), (1, [3, -2])]).PerClassLogLoss);

    [TestMethod]
    public void Rows_that_are_all_unusable_leave_nothing_to_count()
    {
        var metrics = Evaluate([(float.NaN, [1, 0]), (0, [float.NaN, 0])], topK: 2);

        Assert.AreEqual(0, metrics.MicroAccuracy);
        Assert.AreEqual(0, metrics.MacroAccuracy);
        Near([0, 0], metrics.PerClassLogLoss);
        Assert.IsTrue(metrics.TopKAccuracyForAllK.All(double.IsNaN));
    }

    [TestMethod]
    public void A_probability_of_zero_has_a_finite_log_loss()
        => Assert.AreEqual(-Math.Log(1e-15), Evaluate([(0, [0, 1])]).LogLoss, 1e-6);

    [TestMethod]
    public void Keys_are_labels_and_the_missing_key_is_none()
    {
        // In objects keys count from zero, and what is beyond the last is missing.
        var rows = Six.Select(row => new KeyRow { Label = (uint)row.Label, Score = row.Score }).Append(new KeyRow { Label = 3, Score = [1, 0, 0] });

        var metrics = _context.MulticlassClassification.Evaluate(_context.Data.LoadFromEnumerable(rows));

        Assert.AreEqual(4.0 / 6, metrics.MicroAccuracy, 1e-12);
    }

    [TestMethod]
    public void No_rows_give_no_accuracy()
    {
        var metrics = Evaluate([]);

        Assert.AreEqual(0, metrics.MicroAccuracy);
        Assert.AreEqual(0, metrics.LogLoss);
        Assert.IsTrue(double.IsNaN(metrics.LogLossReduction));
    }

    [TestMethod]
    public void Columns_that_are_missing_or_of_a_wrong_type_are_named()
    {
        var catalog = _context.MulticlassClassification;
        var data = Load(Six);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, labelColumnName: "Truth")).Message, "Truth column 'Label' not found");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, scoreColumnName: "Points")).Message, "Points column 'Score' not found");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, predictedLabelColumnName: "Guess")).Message, "Guess column 'PredictedLabel' not found");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, scoreColumnName: "Label")).Message,
            "Schema mismatch for score column 'Label': expected vector of two or more items of type Single, got Single");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, labelColumnName: "PredictedLabel")).Message,
            "Schema mismatch for label column 'PredictedLabel': expected Single or Key, got Int32");
        Assert.ThrowsExactly<ArgumentNullException>(() => catalog.Evaluate(null!));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => catalog.Evaluate(data, topKPredictionCount: -1));
    }

    private static void Near(double[] expected, IReadOnlyList<double> actual)
    {
        Assert.AreEqual(expected.Length, actual.Count);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-7);
    }

    private MulticlassClassificationMetrics Evaluate((float Label, float[] Score)[] rows, int topK = 0)
        => _context.MulticlassClassification.Evaluate(Load(rows), topKPredictionCount: topK);

    private IDataView Load((float Label, float[] Score)[] rows)
    {
        var definition = SchemaDefinition.Create(typeof(Row));
        definition[nameof(Row.Score)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows.Length == 0 ? 3 : rows[0].Score.Length);
        return _context.Data.LoadFromEnumerable(rows.Select(row => new Row { Label = row.Label, Score = row.Score }), definition);
    }

    private IDataView Named(string[] names, (float Label, float[] Score)[] rows)
    {
        var definition = SchemaDefinition.Create(typeof(Row));
        var score = definition[nameof(Row.Score)];
        score.ColumnType = new VectorDataViewType(NumberDataViewType.Single, names.Length);
        score.AddAnnotation("SlotNames", new VBuffer<ReadOnlyMemory<char>>(names.Length, Array.ConvertAll(names, name => name.AsMemory())), new VectorDataViewType(TextDataViewType.Instance, names.Length));
        return _context.Data.LoadFromEnumerable(rows.Select(row => new Row { Label = row.Label, Score = row.Score }), definition);
    }

    private sealed class Row
    {
        public float Label { get; set; }

        public float[] Score { get; set; } = [];

        public int PredictedLabel { get; set; }
    }

    private sealed class KeyRow
    {
        [KeyType(3)]
        public uint Label { get; set; }

        [VectorType(3)]
        public float[] Score { get; set; } = [];

        public int PredictedLabel { get; set; }
    }
}
