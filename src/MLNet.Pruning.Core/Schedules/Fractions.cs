namespace MLNet.Pruning.Schedules;

internal static class Fractions
{
    /// <summary>
    /// floor(fraction * count), with the fraction read as the decimal number that was written: 0.29 of 100 is 29, although the nearest
    /// double to 0.29 lies below it.
    /// </summary>
    public static int Of(double fraction, int count) => (int)decimal.Floor((decimal)fraction * count);
}
