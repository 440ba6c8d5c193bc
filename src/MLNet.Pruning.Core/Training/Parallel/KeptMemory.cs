using System.Runtime.InteropServices;

namespace MLNet.Pruning.Training;

/// <summary>
/// While a run trains, keeps memory that a step has freed for the next one. By default glibc gives the top of its heap back to Linux as
/// soon as it is free, and a step that wants it again pays for every page, in a queue with the other replicas; a fifth of a transformer's
/// training goes that way.
/// </summary>
/// <remarks>
/// glibc cannot be asked what its settings are, and once one is set it no longer searches for them by itself. After the last run they are
/// therefore where that search ends in any process that has ever freed a tensor of 32 MiB: blocks up to 32 MiB come from the heap, and
/// more than 64 MiB at its top go back to Linux.
/// </remarks>
sealed partial class KeptMemory : IDisposable
{
    // mallopt's names. All are set together: to set one of them ends the search for the others that glibc does by itself.
    const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;

    // glibc's own largest threshold; above it, a tensor is worth a mapping of its own. Its trim threshold is twice that.
    const int Largest = 32 << 20;
    const int UsualTopPad = 128 << 10;

    // What an administrator has settled stays.
    static readonly string[] Settings = ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"];
    static readonly Lock gate = new();
    static int runs;

    bool over;

    KeptMemory()
    {
    }

    /// <summary>Until it is disposed of; null where there is nothing to keep.</summary>
    public static KeptMemory? Begin()
    {
        if (!OperatingSystem.IsLinux() || Settings.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }))
            return null;
        lock (gate)
        {
            try
            {
                if (runs == 0 && !Set(1 << 30, 64 << 20))
                    return null;
            }
            catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
            {
                return null; // Another C library.
            }
            runs++;
        }
        return new();
    }

    /// <summary>With the last run, what is free goes back to Linux, as does what is freed from then on.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (over)
                return;
            over = true;
            if (--runs > 0)
                return;
            Set(2 * Largest, UsualTopPad);
            _ = malloc_trim(0);
        }
    }

    static bool Set(int trimThreshold, int topPad) =>
        mallopt(MapThreshold, Largest) + mallopt(TrimThreshold, trimThreshold) + mallopt(TopPad, topPad) > 0;

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint pad);
}
