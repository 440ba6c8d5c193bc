using System.Diagnostics;
using System.Numerics;
using MLNet.Pruning.Sparse.Kernels;
using MLNet.Pruning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>What a layer's two ways of computing take, for a report. Nothing is chosen by it.</summary>
static class LayerTimes
{
    /// <summary>Rows that a model scores at once: one in a prediction engine, up to the last where a view is read.</summary>
    static readonly long[] modelRows = [1, 16, 64, 256];

    // From so many rows on, a row takes the same time, and of images each; more are measured only while that is cheap.
    const long EnoughRows = 64, CheapMultiplications = 1 << 27;

    // Each way is measured for so long, but at least so often.
    const double Milliseconds = 1;
    const int Times = 3, Most = 200;

    /// <summary>Measures.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="ofOne">Rows that it is given of one of the model's.</param>
    /// <param name="shape">The shape of such a row.</param>
    /// <param name="form">Its sparse form.</param>
    /// <param name="width">What that computes with.</param>
    /// <param name="isSparse">Whether it is computed by this when the model scores.</param>
    public static IReadOnlyList<ScoringTime> Measure(
        PlannedLayer layer, long ofOne, long[] shape, ISparseLayer form, VectorWidth width, bool isSparse)
    {
        using var off = no_grad();
        using var half = 0.5f.ToScalar();
        var most = shape.Length > 1 ? 1 : EnoughRows;
        using (var one = zeros([1, .. shape]))
        using (var output = layer.Layer.forward(one))
        {
            var cheap = Math.Max(1, CheapMultiplications / (output.NumberOfElements * form.Weights.Columns));
            most = Math.Max(most, 1L << BitOperations.Log2((ulong)cheap));
        }
        var times = new List<ScoringTime>();
        foreach (var rows in modelRows.Select(rows => Math.Min(rows * ofOne, most)).Distinct())
        {
            using var scope = NewDisposeScope();
            var input = full([rows, .. shape], half);
            var (dense, sparse) = (double.PositiveInfinity, double.PositiveInfinity);
            var began = Stopwatch.GetTimestamp();
            // In turns, so that whatever else the machine does slows both alike. The first of each is to warm up.
            for (var i = 0; i <= Most && (i <= Times || Stopwatch.GetElapsedTime(began).TotalMilliseconds < 2 * Milliseconds); i++)
            {
                var (one, other) = (Microseconds(() => layer.Layer.forward(input)), Microseconds(() => form.Compute(input, width)));
                if (i > 0)
                    (dense, sparse) = (Math.Min(dense, one), Math.Min(sparse, other));
            }
            times.Add(new(rows, dense, sparse, isSparse));
        }
        return times;
    }

    static double Microseconds(Func<Tensor?> compute)
    {
        var began = Stopwatch.GetTimestamp();
        compute()?.Dispose();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }
}
