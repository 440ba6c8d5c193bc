using System.Runtime.InteropServices;

namespace MLNet.Pruning.Training;

/// <summary>
/// While a run trains, keeps memory that a step has freed for the next one. By default glibc gives the top of its heap back to Linux as soon as it is free, and a step that wants
/// it again pays for every page, in a queue with the other replicas; a fifth of a transformer's training goes that way.
/// </summary>
sealed partial class KeptMemory : IDisposable
{
    // mallopt's names. All are set together: to set one of them ends the search for the others that glibc does by itself.
    const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;

    // What an administrator has settled stays.
    static readonly string[] Settings = ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"];
    static readonly Lock gate = new();
    static int runs;

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
                // As much as glibc's own search would come to, at most; above it, a tensor is worth a mapping of its own.
                if (runs == 0 && mallopt(MapThreshold, 32 << 20) + mallopt(TrimThreshold, 1 << 30) + mallopt(TopPad, 64 << 20) == 0)
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

    /// <summary>With the last run, what is free goes back to Linux.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (--runs == 0)
                _ = malloc_trim(0);
        }
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint pad);
}
