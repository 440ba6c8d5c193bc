using System.Collections.Immutable;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Stack.MachineLearning.Tests.Transforms;

/// <summary>Of 1, 2, 4, 0 and 8 the mean is 3, the variance 8 and the mean square 17.</summary>
[TestClass]
public sealed class NormalizationTests
{
    private static readonly float[] Values = [1, 2, 4, 0, 8];
    private readonly MLContext _context = new(1);

    [TestMethod]
    public void The_range_is_mapped_to_zero_and_one()
        => Near([0.125f, 0.25f, 0.5f, 0, 1], Scalars(_context.Transforms.NormalizeMinMax("Out", nameof(Row.Value), fixZero: false)));

    [TestMethod]
    public void With_zero_fixed_the_larger_end_is_mapped_to_one()
    {
        var data = _context.Data.LoadFromEnumerable(new[] { new Row { Value = -4 }, new Row { Value = 2 }, new Row { Value = 1 } });
        var scaled = _context.Transforms.NormalizeMinMax("Out", nameof(Row.Value)).Fit(data).Transform(data);

        Near([-1, 0.5f, 0.25f], scaled.GetColumn<float>("Out").ToArray());
    }

    [TestMethod]
    public void The_mean_is_taken_off_and_the_deviation_divided_by()
        => Near([-0.70710678f, -0.35355339f, 0.35355339f, -1.06066017f, 1.76776695f], Scalars(_context.Transforms.NormalizeMeanVariance("Out", nameof(Row.Value), fixZero: false)));

    [TestMethod]
    public void With_zero_fixed_the_root_mean_square_is_divided_by()
        => Near([0.24253563f, 0.48507125f, 0.97014250f, 0, 1.94028500f], Scalars(_context.Transforms.NormalizeMeanVariance("Out", nameof(Row.Value))));

    [TestMethod]
    public void Values_become_quantiles_of_a_normal_distribution()
    {
        // Against the error function itself; the approximation in use is good to three digits.
        float[] quantiles = Scalars(_context.Transforms.NormalizeMeanVariance("Out", nameof(Row.Value), useCdf: true));

        double[] exact = [0.23975006, 0.36183680, 0.63816320, 0.14442218, 0.96145006];
        for (int i = 0; i < exact.Length; i++)
            Assert.AreEqual(exact[i], quantiles[i], 5e-4);
    }

    [TestMethod]
    public void Each_slot_of_a_vector_is_normalized_by_itself()
    {
        var model = _context.Transforms.NormalizeMinMax("Out", nameof(Row.Vector), fixZero: false).Fit(Rows());
        float[][] rows = [.. model.Transform(Rows()).GetColumn<float[]>("Out")];

        Near([0.125f, 0.125f, 0], rows[0]);
        Near([1, 1, 0], rows[4]);
        var parameters = (NormalizingTransformer.AffineNormalizerModelParameters<ImmutableArray<float>>)model.GetNormalizerModelParameters(0);
        Near([0.125f, 0.0125f, 0], [.. parameters.Scale]);
        Assert.AreEqual(0, parameters.Offset.Length, "All offsets are zero, and none is kept");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.GetNormalizerModelParameters(1));
    }

    [TestMethod]
    public void What_is_not_a_number_is_learned_from_by_nobody()
    {
        var data = _context.Data.LoadFromEnumerable(Values.Append(float.NaN).Select(value => new Row { Value = value }));

        float[] minMax = [.. _context.Transforms.NormalizeMinMax("Out", nameof(Row.Value), fixZero: false).Fit(data).Transform(data).GetColumn<float>("Out")];
        float[] moments = [.. _context.Transforms.NormalizeMeanVariance("Out", nameof(Row.Value), fixZero: false).Fit(data).Transform(data).GetColumn<float>("Out")];

        Near([0.125f, 0.25f, 0.5f, 0, 1], minMax[..5]);
        Near([-0.70710678f, -0.35355339f, 0.35355339f, -1.06066017f, 1.76776695f], moments[..5]);
        Assert.IsTrue(float.IsNaN(minMax[5]));
    }

    [TestMethod]
    public void Only_so_many_examples_are_learned_from()
        => Near([0.25f, 0.5f, 1, 0, 2], Scalars(_context.Transforms.NormalizeMinMax("Out", nameof(Row.Value), maximumExampleCount: 3)));

    [TestMethod]
    public void What_a_sparse_vector_leaves_out_counts_as_zero_and_stays_out()
    {
        VBuffer<float>[] vectors = [new(5, 1, [4], [2]), new(5, 1, [-2], [2]), new(5, 0, [], [])];
        var data = _context.Data.LoadFromEnumerable(vectors.Select(vector => new SparseRow { Vector = vector }));

        var scaled = _context.Transforms.NormalizeMeanVariance("Out", "Vector").Fit(data).Transform(data);

        // Mean square of 4, -2 and 0.
        Near([0, 0, (float)(4 / Math.Sqrt(20.0 / 3)), 0, 0], scaled.GetColumn<float[]>("Out").First());
        Assert.IsFalse(scaled.GetColumn<VBuffer<float>>("Out").First().IsDense);
    }

    [TestMethod]
    public void The_result_says_that_it_is_normalized()
    {
        var model = _context.Transforms.NormalizeMinMax([new InputOutputColumnPair("A", nameof(Row.Value)), new InputOutputColumnPair("B", nameof(Row.Double))]).Fit(Rows());
        var schema = model.GetOutputSchema(Rows().Schema);

        Assert.IsTrue(schema["A"].IsNormalized());
        Assert.IsTrue(schema["B"].IsNormalized());
        Assert.AreEqual(NumberDataViewType.Double, schema["B"].Type);
    }

    [TestMethod]
    public void Only_reals_can_be_normalized()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.NormalizeMinMax("Out", nameof(Row.Id)).Fit(Rows())).Message, "Expected: Single, Double");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.NormalizeMinMax("Out", "Nothing").Fit(Rows())).Message, "Could not find input column 'Nothing'");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.NormalizeMinMax("Out", nameof(Row.Value), maximumExampleCount: 1));
    }

    [TestMethod]
    public void Normalizers_are_saved_with_the_model()
    {
        var transforms = _context.Transforms;
        var pipeline = transforms.NormalizeMinMax("A", nameof(Row.Vector), fixZero: false).Append(transforms.NormalizeMeanVariance("B", nameof(Row.Vector)))
            .Append(transforms.NormalizeMeanVariance("C", nameof(Row.Vector), useCdf: true)).Append(transforms.NormalizeLogMeanVariance("D", nameof(Row.Vector)));
        var model = pipeline.Fit(Rows());
        using var file = new MemoryStream();
        _context.Model.Save(model, Rows().Schema, file);
        file.Position = 0;

        var loaded = new MLContext().Model.Load(file, out _).Transform(Rows());

        var before = model.Transform(Rows());
        foreach (string column in new[] { "A", "B", "C", "D" })
        {
            foreach (var (expected, actual) in before.GetColumn<float[]>(column).Zip(loaded.GetColumn<float[]>(column)))
                CollectionAssert.AreEqual(expected, actual);
            Assert.IsTrue(loaded.Schema[column].IsNormalized());
        }
    }

    private static void Near(float[] expected, float[] actual, float tolerance = 1e-6f)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], tolerance);
    }

    private float[] Scalars(IEstimator<ITransformer> estimator) => [.. estimator.Fit(Rows()).Transform(Rows()).GetColumn<float>("Out")];

    private IDataView Rows() => _context.Data.LoadFromEnumerable(Values.Select((value, i) => new Row { Id = i, Value = value, Double = value, Vector = [value, 10 * value, 3] }).ToList());

    private sealed class Row
    {
        public int Id { get; set; }

        public float Value { get; set; }

        public double Double { get; set; }

        [VectorType(3)]
        public float[] Vector { get; set; } = [];
    }

    private sealed class SparseRow
    {
        [VectorType(5)]
        public VBuffer<float> Vector { get; set; }
    }
}
