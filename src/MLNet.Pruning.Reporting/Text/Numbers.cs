using System.Globalization;

namespace MLNet.Pruning.Reporting.Text;

/// <summary>Numbers as text, the same in every culture.</summary>
public static class Numbers
{
    /// <summary>A fraction in percent with two decimals: 0.9731 is "97.31 %".</summary>
    public static string Percent(double? fraction) =>
        fraction is { } f ? (f * 100).ToString("F2", CultureInfo.InvariantCulture) + " %" : "";

    /// <summary>A whole number with thousands separators: 41930 is "41,930".</summary>
    public static string Count(double? value) => value is { } v ? v.ToString("N0", CultureInfo.InvariantCulture) : "";

    /// <summary>A number with four decimals.</summary>
    public static string Fixed(double? value) => value is { } v ? v.ToString("F4", CultureInfo.InvariantCulture) : "";

    /// <summary>The mean of numbers and, if there are several, their standard deviation: "0.9731 +-0.0012". NaN is ignored.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="format">The format of each number.</param>
    public static string MeanAndSpread(IEnumerable<double> values, string format = "F4")
    {
        var (mean, spread) = Statistics.MeanAndSpread(values);
        var text = double.IsNaN(mean) ? "" : mean.ToString(format, CultureInfo.InvariantCulture);
        return double.IsNaN(spread) ? text : $"{text} +-{spread.ToString(format, CultureInfo.InvariantCulture)}";
    }

    /// <summary>A duration in a suitable unit, from microseconds to minutes.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 1e-3 => (seconds * 1e6).ToString("F0", CultureInfo.InvariantCulture) + " us",
        < 1 => (seconds * 1e3).ToString("F1", CultureInfo.InvariantCulture) + " ms",
        < 120 => seconds.ToString("F1", CultureInfo.InvariantCulture) + " s",
        _ => (seconds / 60).ToString("F1", CultureInfo.InvariantCulture) + " min",
    };

    /// <summary>A value of a budget's quantity with its unit.</summary>
    public static string Measured(BudgetQuantity quantity, double value) => quantity switch
    {
        BudgetQuantity.Latency when value < 1e-4 => (value * 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " us",
        BudgetQuantity.Latency => Duration(value),
        BudgetQuantity.Throughput => Count(value) + " rows/s",
        BudgetQuantity.FileSize => Bytes((long)value),
        _ => Percent(value),
    };

    /// <summary>A size in bytes, kB or MB (powers of a thousand).</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => $"{bytes} bytes",
        < 1_000_000 => (bytes / 1e3).ToString("F1", CultureInfo.InvariantCulture) + " kB",
        _ => (bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture) + " MB",
    };
}

/// <summary>Statistics over several runs.</summary>
public static class Statistics
{
    /// <summary>The mean of the finite values, and their standard deviation (n - 1); NaN if there are fewer than two.</summary>
    public static (double Mean, double Spread) MeanAndSpread(IEnumerable<double> values)
    {
        var finite = values.Where(double.IsFinite).ToArray();
        if (finite.Length == 0)
            return (double.NaN, double.NaN);
        var mean = finite.Average();
        return (mean, finite.Length < 2 ? double.NaN : Math.Sqrt(finite.Sum(v => (v - mean) * (v - mean)) / (finite.Length - 1)));
    }
}
