using System.Diagnostics;
using System.Numerics;
using MLNet.Pruning.Training;
using static TorchSharp.torch;

namespace MLNet.Pruning.Sparse;

/// <summary>Measures a layer's two ways of computing and chooses between them.</summary>
sealed class ScoringClock(IReadOnlyList<ScoringRecord> earlier)
{
    /// <summary>Rows that a model scores at once: one in a prediction engine, up to the last where a view is read.</summary>
    static readonly long[] modelRows = [1, 16, 64, 256];

    // From so many rows on, a row takes the same time, and of images each; more are measured only while that is cheap.
    const long EnoughRows = 64, CheapMultiplications = 1 << 27;

    // Each way is measured for so long, but at least so often.
    const double Milliseconds = 1;
    const int Times = 3, Most = 200;

    // What is new must be faster by so much: the clock is not more exact. What was chosen before on such a machine stays unless it is slower by so much, so that
    // a model that is saved and loaded computes the same numbers.
    const double Better = 0.9, Worse = 0.75;

    /// <summary>Measures.</summary>
    /// <param name="layer">The layer, which has been seen.</param>
    /// <param name="dense">Computes an input in the one way.</param>
    /// <param name="sparse">Computes it in the other.</param>
    public IReadOnlyList<ScoringTime> Measure(PlannedLayer layer, Func<Tensor, Tensor> dense, Func<Tensor, Tensor> sparse)
    {
        var (ofOne, shape, isImage) = (layer.Rows(layer.Seen!), layer.RowShape, layer.RowShape.Length > 1);
        var most = isImage ? 1 : EnoughRows;
        using (var one = dense(zeros([1, .. shape])))
            most = Math.Max(most, 1L << BitOperations.Log2((ulong)Math.Max(1, CheapMultiplications / (one.NumberOfElements * layer.Sparse!.Weights.Columns))));
        var times = new List<ScoringTime>();
        foreach (var rows in modelRows.Select(rows => Math.Min(rows * ofOne, most)).Distinct())
        {
            using var scope = NewDisposeScope();
            // Drawn by LibTorch's generator they would change what is drawn next.
            var input = linspace(-1, 1, shape.Aggregate(rows, (count, extent) => count * extent)).reshape([rows, .. shape]);
            var (denseTime, sparseTime) = (double.PositiveInfinity, double.PositiveInfinity);
            var began = Stopwatch.GetTimestamp();
            // In turns, so that whatever else the machine does slows both alike. The first of each is to warm up.
            for (var i = 0; i <= Most && (i <= Times || Stopwatch.GetElapsedTime(began).TotalMilliseconds < 2 * Milliseconds); i++)
            {
                var (one, other) = (Microseconds(dense, input), Microseconds(sparse, input));
                if (i > 0)
                    (denseTime, sparseTime) = (Math.Min(denseTime, one), Math.Min(sparseTime, other));
            }
            times.Add(new(rows, denseTime, sparseTime, IsFaster(layer.Name, rows, denseTime, sparseTime)));
        }
        return times;
    }

    /// <summary>What the clock says, and what was chosen before.</summary>
    public bool IsFaster(string name, long rows, double dense, double sparse) =>
        earlier.FirstOrDefault(record => record.Layer == name)?.Times.FirstOrDefault(time => time.Rows == rows)?.Sparse switch
        {
            true => dense > Worse * sparse,
            false => sparse < Worse * dense,
            null => sparse < Better * dense,
        };

    static double Microseconds(Func<Tensor, Tensor> compute, Tensor input)
    {
        var began = Stopwatch.GetTimestamp();
        compute(input).Dispose();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }
}
