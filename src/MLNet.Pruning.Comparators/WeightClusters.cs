namespace MLNet.Pruning.Comparators;

/// <summary>
/// Weight sharing: replaces each weight by the nearest of a few shared values, found by k-means with linear initialisation (Han, Mao and
/// Dally, 2016).
/// </summary>
/// <param name="Centroids">The shared values, ascending. Values without weights are left out.</param>
/// <param name="Codes">The index of each weight's shared value.</param>
public sealed record WeightClusters(IReadOnlyList<float> Centroids, IReadOnlyList<int> Codes)
{
    /// <summary>
    /// Lloyd's iterations from values spread evenly between the minimum and the maximum. In one dimension clusters are intervals, so each
    /// iteration takes a binary search per cluster.
    /// </summary>
    /// <param name="values">The weights; at least one, all finite.</param>
    /// <param name="clusters">The maximum number of shared values; at least 1.</param>
    /// <param name="iterations">The maximum number of iterations; it stops earlier if nothing changes.</param>
    public static WeightClusters Fit(ReadOnlySpan<float> values, int clusters, int iterations = 300)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        if (values.Length == 0)
            throw new ArgumentException("There are no values to share.", nameof(values));
        foreach (var value in values)
            if (!float.IsFinite(value))
                throw new ArgumentException($"A value is {value}; all must be finite numbers.", nameof(values));
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var sums = new double[sorted.Length + 1];
        for (var i = 0; i < sorted.Length; i++)
            sums[i + 1] = sums[i] + sorted[i];

        // There are few enough values already, as after an earlier sharing: nothing needs to change.
        float[] distinct = [.. values.ToArray().Distinct().Take(clusters + 1)];
        if (distinct.Length <= clusters)
        {
            Array.Sort(distinct);
            return new(distinct, [.. values.ToArray().Select(value => Array.BinarySearch(distinct, value))]);
        }
        double minimum = sorted[0], maximum = sorted[^1];
        var centers = new double[clusters];
        for (var k = 0; k < clusters; k++)
            centers[k] = clusters == 1 ? (minimum + maximum) / 2 : minimum + (maximum - minimum) * k / (clusters - 1);
        var bounds = new int[clusters + 1];
        for (var moved = true; moved && iterations > 0; iterations--)
        {
            Divide(sorted, centers, bounds);
            moved = false;
            for (var k = 0; k < clusters; k++)
            {
                if (bounds[k + 1] == bounds[k])
                    continue; // a value without weights stays where it is, and may get some later
                var mean = (sums[bounds[k + 1]] - sums[bounds[k]]) / (bounds[k + 1] - bounds[k]);
                moved |= mean != centers[k];
                centers[k] = mean;
            }
        }
        // Values are rounded to single precision first, so that a reader of the file gets the same result.
        var shared = centers.Select(c => (double)(float)c).Distinct().Order().ToArray();
        bounds = new int[shared.Length + 1];
        Divide(sorted, shared, bounds);
        var used = Enumerable.Range(0, shared.Length).Where(k => bounds[k + 1] > bounds[k]).ToArray();
        var starts = used.Select(k => sorted[bounds[k]]).ToArray();
        var codes = new int[values.Length];
        for (var i = 0; i < codes.Length; i++)
        {
            var place = Array.BinarySearch(starts, values[i]);
            codes[i] = place >= 0 ? place : ~place - 1;
        }
        return new([.. used.Select(k => (float)shared[k])], codes);
    }

    /// <summary>The start of each center's values in sorted order: those nearer to it than to the previous center.</summary>
    static void Divide(float[] sorted, double[] centers, int[] bounds)
    {
        bounds[^1] = sorted.Length;
        for (var k = 1; k < centers.Length; k++)
        {
            var middle = (centers[k - 1] + centers[k]) / 2; // a value in the middle belongs to the lower center
            int low = bounds[k - 1], high = sorted.Length;
            while (low < high)
            {
                var half = (low + high) >>> 1;
                if (sorted[half] <= middle)
                    low = half + 1;
                else
                    high = half;
            }
            bounds[k] = low;
        }
    }
}
