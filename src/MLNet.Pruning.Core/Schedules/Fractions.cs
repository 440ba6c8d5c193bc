namespace MLNet.Pruning.Schedules;

internal static class Fractions
{
    /// <summary>
    /// floor(fraction * count), with the fraction read as the decimal number that was written: 0.29 of 100 is 29, although the nearest
    /// double to 0.29 lies below it.
    /// </summary>
    public static int Of(double fraction, int count) => (int)decimal.Floor((decimal)fraction * count);

    /// <summary>Asks whether a percentage was meant as a fraction; empty where it can be none.</summary>
    public static string Hint(double value) => value is > 1 and < 100 ? FormattableString.Invariant($" (did you mean {value / 100:0.00##}?)") : "";
}
