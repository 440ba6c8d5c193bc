namespace MLNet.Pruning.Reporting.Text;

/// <summary>What several runs have in common.</summary>
public static class Statistics
{
    /// <summary>The mean of the finite values, and their standard deviation (n - 1), NaN where there are fewer than two.</summary>
    public static (double Mean, double Spread) MeanAndSpread(IEnumerable<double> values)
    {
        var finite = values.Where(double.IsFinite).ToArray();
        if (finite.Length == 0)
            return (double.NaN, double.NaN);
        var mean = finite.Average();
        return (mean, finite.Length < 2 ? double.NaN : Math.Sqrt(finite.Sum(v => (v - mean) * (v - mean)) / (finite.Length - 1)));
    }
}
