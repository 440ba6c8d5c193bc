using System.Globalization;

namespace MLNet.Pruning.Reporting.Charts;

/// <summary>The range and labels of an axis, on round numbers.</summary>
/// <param name="Minimum">The value at the axis' beginning.</param>
/// <param name="Maximum">The value at its end; above the minimum.</param>
/// <param name="Step">The distance between two labels.</param>
public sealed record Axis(double Minimum, double Maximum, double Step)
{
    // Relative to a step: the rounding error of a value that is a multiple of it.
    const double Slack = 1e-9;

    /// <summary>An axis that contains every finite value of <paramref name="values"/>.</summary>
    /// <param name="values">The values to draw; NaN and infinities are ignored.</param>
    /// <param name="labels">The approximate number of labels; at least 2.</param>
    /// <param name="whole">Whether labels must be whole numbers, as for epochs.</param>
    public static Axis Around(IEnumerable<double> values, int labels = 5, bool whole = false)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 2);
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite))
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low > high)
            (low, high) = (0, 1);
        if (low == high)
            (low, high) = whole
                ? (low - 1, high + 1)
                : low == 0 ? (-0.05, 0.05) : (low - Math.Abs(low) * 0.05, high + Math.Abs(high) * 0.05);

        var step = Round((high - low) / labels);
        if (whole)
        {
            // The axis begins and ends at the values, such as epoch 1 and the last; a step of 2.5 would label halves.
            return new Axis(low, high, step == 2.5 ? 5 : Math.Max(1, step));
        }
        return new Axis(Math.Floor(low / step) * step, Math.Ceiling(high / step) * step, step);
    }

    /// <summary>The labelled values, first to last.</summary>
    public IEnumerable<double> Labels()
    {
        double first = Math.Ceiling(Minimum / Step - Slack), last = Math.Floor(Maximum / Step + Slack);
        for (var k = first; k <= last; k++)
            yield return (k + 0.0) * Step; // without a negative zero
    }

    /// <summary>The value as text, with as many decimals as the step has.</summary>
    public string Text(double value)
    {
        if (Step < 1e-3 && Math.Abs(value) < Step / 2)
            return "0";
        if (Step < 1e-3)
            return value.ToString("0.##e+0", CultureInfo.InvariantCulture).Replace("e+", "e", StringComparison.Ordinal);
        var decimals = Enumerable.Range(0, 10)
            .FirstOrDefault(d => Math.Abs(Step * Math.Pow(10, d) - Math.Round(Step * Math.Pow(10, d))) < 1e-6, 10);
        if (decimals == 0 && Step >= 1e6)
            return (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M";
        if (decimals == 0 && Step >= 1e3)
            return (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k";
        var text = value.ToString("F" + decimals, CultureInfo.InvariantCulture);
        return text.TrimStart('-').All(c => c is '0' or '.') ? text.TrimStart('-') : text;
    }

    /// <summary>The position of a value between the axis' beginning (0) and end (1).</summary>
    public double Place(double value) => (value - Minimum) / (Maximum - Minimum);

    // 1, 2, 2.5 or 5 times a power of ten: steps that are easy to read.
    static double Round(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 2.5 => 2.5, <= 5 => 5, _ => 10 } * power;
    }
}
