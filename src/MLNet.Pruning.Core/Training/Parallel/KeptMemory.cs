using System.Runtime.InteropServices;

namespace MLNet.Pruning.Training;

/// <summary>
/// Keeps memory that a step has freed for the next one while a run trains. By default glibc returns free memory at the top of its heap to
/// Linux at once. A step that needs it again pays for every page, in a queue with the other replicas: a fifth of a transformer's training
/// time.
/// </summary>
/// <remarks>glibc does not report its settings, and once one is set it no longer adapts them. After the last run they are therefore set to
/// where adapting ends in any process that has freed a tensor of 32 MiB: blocks up to 32 MiB come from the heap, and more than 64 MiB at
/// its top return to Linux.
/// </remarks>
sealed partial class KeptMemory : IDisposable
{
    // mallopt's names. All are set together, as setting one ends glibc's adapting of the others.
    const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;

    // glibc's own maximum threshold; a larger tensor is worth a mapping of its own. Its trim threshold is twice that.
    const int Largest = 32 << 20;
    const int UsualTopPad = 128 << 10;

    // Settings of an administrator take precedence.
    static readonly string[] Settings = ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"];
    static readonly Lock gate = new();
    static int runs;

    bool over;

    KeptMemory()
    {
    }

    /// <summary>Keeps memory until the result is disposed of; null if there is nothing to keep.</summary>
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
                return null; // another C library
            }
            runs++;
        }
        return new();
    }

    /// <summary>After the last run, free memory returns to Linux, also that freed later.</summary>
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
