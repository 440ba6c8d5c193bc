namespace MLNet.Pruning.Compression;

/// <summary>Which weights are left when those of smallest magnitude go.</summary>
static class Magnitude
{
    /// <summary>All but exactly round(sparsity * count); of equals, those with the lower index stay.</summary>
    public static bool[] Left(float[] weights, double sparsity)
    {
        var left = new bool[weights.Length];
        Array.Fill(left, true);
        var go = (int)Math.Round(sparsity * weights.Length, MidpointRounding.AwayFromZero);
        if (go == 0)
            return left;
        var sizes = Array.ConvertAll(weights, Math.Abs);
        Array.Sort(sizes);
        var threshold = sizes[go - 1];
        var ties = go - Array.FindIndex(sizes, size => size == threshold);
        for (var i = weights.Length - 1; i >= 0; i--)
            left[i] = Math.Abs(weights[i]) > threshold || (Math.Abs(weights[i]) == threshold && ties-- <= 0);
        return left;
    }
}
