namespace MLNet.Pruning.Masks;

/// <summary>How many weights of each layer are on.</summary>
static class Densities
{
    /// <summary>Off are exactly round(sparsity * count), a half to the even number.</summary>
    public static int On(double sparsity, int count) => count - (int)Math.Round(sparsity * count);

    /// <summary>
    /// The same density everywhere but for a factor of sum(shape) / product(shape); layers that would be more than dense are dense, and the others share what is left
    /// (Evci et al., 2020, and their code). In all exactly round(sparsity * count) are off; a layer may have up to one weight more or less than the formula says.
    /// </summary>
    /// <param name="sparsity">In [0, 1).</param>
    /// <param name="shapes">Of the weights.</param>
    public static int[] ErdosRenyiKernel(double sparsity, IReadOnlyList<long[]> shapes)
    {
        var counts = shapes.Select(shape => shape.Aggregate(1L, (n, extent) => n * extent)).ToArray();
        var total = counts.Sum();
        var left = total - (long)Math.Round(sparsity * total);
        var exact = Exact(left, counts, [.. shapes.Select(shape => (double)shape.Sum())]);
        var on = exact.Select(value => (int)Math.Floor(value)).ToArray();
        left -= on.Sum(n => (long)n);
        foreach (var layer in Enumerable.Range(0, on.Length).Where(l => on[l] < counts[l]).OrderByDescending(l => exact[l] - on[l]).ThenBy(l => l).Take((int)left))
            on[layer]++;
        return on;
    }

    static double[] Exact(long left, long[] counts, double[] shares)
    {
        var dense = new bool[counts.Length];
        while (true)
        {
            var rest = left - counts.Where((_, l) => dense[l]).Sum();
            var sum = shares.Where((_, l) => !dense[l]).Sum();
            var scale = sum > 0 ? rest / sum : 0;
            var over = Enumerable.Range(0, counts.Length).Where(l => !dense[l] && scale * shares[l] > counts[l]).ToArray();
            if (over.Length == 0)
                return [.. counts.Select((count, l) => dense[l] ? count : scale * shares[l])];
            // The densest first: with it at its bound, others may no longer be above theirs.
            var densest = over.MaxBy(l => shares[l] / counts[l]);
            dense[densest] = true;
        }
    }
}
