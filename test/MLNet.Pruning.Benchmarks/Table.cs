namespace MLNet.Pruning.Benchmarks;

/// <summary>Aligned columns on standard output.</summary>
static class Table
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>How many processes have wanted a processor of late, on average over a minute; unknown where the system does not say.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    public static void Title(string text) => Console.WriteLine($"\n{text}");

    public static void Row(string what, string value, string note = "") => Console.WriteLine($"  {what,-44} {value,14}  {note}".TrimEnd());
}
