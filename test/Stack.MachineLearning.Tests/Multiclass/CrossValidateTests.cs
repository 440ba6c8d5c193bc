using Microsoft.ML;
using Microsoft.ML.Data;

namespace Stack.MachineLearning.Tests.Multiclass;

[TestClass]
public sealed class CrossValidateTests
{
    private readonly MLContext _context = new(5);

    [TestMethod]
    public void Each_fold_has_its_model_its_metrics_and_its_rows()
    {
        // Scores come with the data: what is trained is how labels are numbered.
        var data = _context.Data.LoadFromEnumerable(Enumerable.Range(0, 60).Select(i => new Row
        {
            Id = i,
            Name = i % 2 == 0 ? "even" : "odd",
            Score = i % 2 == 0 ? [0.9f, 0.1f] : [0.2f, 0.8f],
        }).ToList());
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Label", nameof(Row.Name), keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(_context.Transforms.CopyColumns("PredictedLabel", "Label"));

        var folds = _context.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 4);

        Assert.AreEqual(4, folds.Count);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3 }, folds.Select(fold => fold.Fold).ToArray());
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 60).ToArray(), folds.SelectMany(fold => fold.ScoredHoldOutSet.GetColumn<int>(nameof(Row.Id))).ToArray());
        foreach (var fold in folds)
        {
            Assert.AreEqual(1, fold.Metrics.MicroAccuracy);
            Assert.IsNotNull(fold.Model.GetOutputSchema(data.Schema).GetColumnOrNull("PredictedLabel"));
            CollectionAssert.AreEqual(
                fold.ScoredHoldOutSet.GetColumn<int>(nameof(Row.Id)).Select(id => id % 2 == 0 ? 1u : 2u).ToArray(),
                fold.ScoredHoldOutSet.GetColumn<uint>("Label").ToArray());
        }
    }

    [TestMethod]
    public void There_must_be_folds_to_leave_out()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Row() });

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.MulticlassClassification.CrossValidate(data, _context.Transforms.CopyColumns("A", "Id"), numberOfFolds: 1));
    }

    private sealed class Row
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        [VectorType(2)]
        public float[] Score { get; set; } = [];
    }
}
