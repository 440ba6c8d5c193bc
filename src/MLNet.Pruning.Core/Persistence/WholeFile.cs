using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MLNet.Pruning.Persistence;

static partial class WholeFile
{
    const string Extension = ".tmp";

    /// <summary>
    /// Writes to a temporary file beside the target and renames it, so that the path holds the old content or the new, never a part: even
    /// if the process is killed or the power fails.
    /// </summary>
    /// <param name="path">The target.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="backup">Gets the old content, which must exist; null to drop it. At no moment is there no file at the path.</param>
    /// <exception cref="IOException">The path is a folder, its folder is missing, or the file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write, string? backup = null)
    {
        var full = Target(path);
        RemoveOrphans(full);
        var temporary = Temporary(full);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            if (backup is null)
                File.Move(temporary, full, overwrite: true);
            else
                File.Replace(temporary, full, Path.GetFullPath(backup));
            FlushFolder(Path.GetDirectoryName(full)!);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Checks that a file can be written at a path, without touching the one that is there.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not.</exception>
    public static void Probe(string path)
    {
        using var probe = new FileStream(Temporary(Target(path)), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
            FileOptions.DeleteOnClose);
    }

    /// <summary>The whole path of a file to write.</summary>
    static string Target(string path)
    {
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(full))
            throw new IOException($"'{path}' cannot be written: it is a folder. Add the name of a file.");
        var folder = Path.GetDirectoryName(full)!;
        return Directory.Exists(folder) ? full
            : throw new DirectoryNotFoundException($"'{path}' cannot be written: there is no folder '{folder}'. Create it first.");
    }

    static string Temporary(string full) => $"{full}.{Environment.ProcessId}.{Guid.NewGuid():N}{Extension}";

    /// <summary>Writes a folder's names to disk: on Unix, a rename may be lost in a power failure before this.</summary>
    static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        const int ReadOnly = 0;
        var handle = open(folder, ReadOnly);
        if (handle < 0)
            return; // a folder that may not be listed
        _ = fsync(handle); // some file systems refuse it, and need none
        _ = close(handle);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fsync(int handle);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int close(int handle);

    /// <summary>Deletes temporary files of the same target that killed processes left.</summary>
    static void RemoveOrphans(string full)
    {
        try
        {
            foreach (var file in new DirectoryInfo(Path.GetDirectoryName(full)!).EnumerateFiles($"*{Extension}"))
                if (Writer(Path.GetFileName(full), file.Name) is { } process && IsOver(process, file.LastWriteTimeUtc))
                    Remove(file.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be listed may still be writable.
        }
    }

    /// <summary>The id of the process that wrote a temporary file of this target; null for any other file.</summary>
    static int? Writer(string target, string name) =>
        name.StartsWith($"{target}.", StringComparison.Ordinal) && name[(target.Length + 1)..].Split('.') is [var process, var unique, _]
        && Guid.TryParseExact(unique, "N", out _)
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Whether the process that wrote the file has ended. Its id may be in use again, or belong to a process on another machine.
    /// </summary>
    static bool IsOver(int writer, DateTime written)
    {
        if (DateTime.UtcNow - written > TimeSpan.FromDays(1))
            return true;
        try
        {
            using var process = Process.GetProcessById(writer);
            return process.StartTime.ToUniversalTime() > written;
        }
        catch (ArgumentException)
        {
            return true; // no such process
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false; // it is just ending, or belongs to another user
        }
    }

    static void Remove(string orphan)
    {
        try
        {
            // A file that is being written is locked, even on another machine.
            using var unlocked = new FileStream(orphan, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file stays until the next write.
        }
    }
}
