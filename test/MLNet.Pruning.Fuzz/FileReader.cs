using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MLNet.Pruning.Fuzz;

/// <summary>A reader of files that may come from anywhere, and what it promises.</summary>
/// <param name="Name">The name of the reader, and of the folder of its valid files in test/fuzz/corpus.</param>
/// <param name="Read">Reads the file of a path.</param>
sealed record FileReader(string Name, Action<string> Read)
{
    const int Seconds = 1;

    /// <summary>The name that the file has; some readers know their files by name.</summary>
    public string FileName { get; init; } = "fuzzed.file";

    /// <summary>What the message of an exception must contain.</summary>
    public string Names { get; init; } = "fuzzed.file";

    /// <summary>Makes checksums right.</summary>
    public Func<byte[], byte[]> Mend { get; init; } = content => content;

    /// <summary>Changes a valid file.</summary>
    public Func<byte[], Mutator, byte[]> Change { get; init; } = (content, mutator) => mutator.Change(content);

    /// <summary>Bytes that may be allocated for a byte of the file, or of what it holds, beyond 16 MB.</summary>
    public int Growth { get; init; } = 4;

    /// <summary>The size in bytes of what a file holds: of a packed one, unpacked.</summary>
    public Func<byte[], long> Holds { get; init; } = content => content.LongLength;

    /// <summary>
    /// Reads a file's content: null if it was read or refused as promised, otherwise what was wrong. Only
    /// <see cref="InvalidDataException"/> is a refusal.
    /// </summary>
    /// <param name="content">The content.</param>
    /// <param name="folder">A folder to put the file in.</param>
    public string? Complaint(byte[] content, string folder)
    {
        string path = Path.Combine(folder, FileName);
        File.WriteAllBytes(path, content);
        if (Once() is not { } found)
            return null;
        // The first read compiles.
        return found.Slow ? Once()?.Text : found.Text;

        (string Text, bool Slow)? Once()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            // A busy machine lets the thread wait, which does not count.
            var began = ThreadTime();
            try
            {
                Read(path);
            }
            catch (InvalidDataException refused) when (refused.Message.Contains(Names, StringComparison.Ordinal))
            {
            }
            catch (Exception wrong)
            {
                return (wrong.ToString(), false);
            }
            var taken = ThreadTime() - began;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before, limit = (Growth * Holds(content)) + (16 << 20);
            return allocated > limit ? ($"It allocated {allocated:N0} bytes for a file of {content.Length:N0}, more than {limit:N0}.", false)
                : taken.TotalSeconds > Seconds ? ($"It took {taken}.", true)
                : null;
        }
    }

    /// <summary>The time for which this thread has computed; where the system does not say, all time.</summary>
    static TimeSpan ThreadTime() => OperatingSystem.IsLinux() && clock_gettime(ThreadClock, out var now) == 0
        ? TimeSpan.FromTicks((now.Seconds * TimeSpan.TicksPerSecond) + (now.Nanoseconds / TimeSpan.NanosecondsPerTick))
        : Stopwatch.GetElapsedTime(0);

    const int ThreadClock = 3;

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int clock_gettime(int clock, out Moment now);

    [StructLayout(LayoutKind.Sequential)]
    readonly struct Moment
    {
        public readonly long Seconds, Nanoseconds;
    }
}
