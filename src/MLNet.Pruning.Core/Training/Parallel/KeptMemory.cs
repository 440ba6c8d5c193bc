using System.Runtime.InteropServices;

namespace MLNet.Pruning.Training;

/// <summary>While it lasts, glibc keeps memory that is freed, and gives it back when the last of several is over.</summary>
/// <remarks>
/// LibTorch allocates the same tensors at every step and frees them. By itself, glibc gives blocks at the end of its heaps back to Linux as they are freed, which then clears
/// every page of them anew for the next step: a tenth of the time in which a small transformer trains.
/// </remarks>
sealed partial class KeptMemory : IDisposable
{
    const int TrimThreshold = -1, MapThreshold = -3; // M_TRIM_THRESHOLD, M_MMAP_THRESHOLD

    // What glibc arrives at by itself once a block of 32 MiB, the largest it takes from a heap, was freed.
    const int LargestOfHeap = 32 << 20, Usual = 2 * LargestOfHeap;

    static readonly Lock Gate = new();
    static int users;

    // Another C library may lack these functions; memory is then as ever.
    static bool known = OperatingSystem.IsLinux();

    public KeptMemory()
    {
        lock (Gate)
        {
            if (users++ == 0)
                Try(static () => _ = mallopt(MapThreshold, LargestOfHeap) + mallopt(TrimThreshold, int.MaxValue));
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (--users == 0)
                Try(static () => _ = mallopt(TrimThreshold, Usual) + malloc_trim(0));
        }
    }

    static void Try(Action action)
    {
        try
        {
            if (known)
                action();
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            known = false;
        }
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint pad);
}
