using System.Diagnostics;
using System.Globalization;

namespace MLNet.Pruning.Persistence;

/// <summary>Writes files whole or not at all.</summary>
static class WholeFile
{
    const string Extension = ".tmp";

    /// <summary>Writes beside the file and then renames, so that the path holds the old content or the new, never a part.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        RemoveOrphans(full);
        var temporary = $"{full}.{Environment.ProcessId}.{Guid.NewGuid():N}{Extension}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Removes what processes that were killed have left of earlier writes of the same file.</summary>
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
            // A folder that cannot be listed may still be written to.
        }
    }

    /// <summary>The number of the process that a temporary file of this target is from; null if the file is something else.</summary>
    static int? Writer(string target, string name) =>
        name.StartsWith($"{target}.", StringComparison.Ordinal) && name[(target.Length + 1)..].Split('.') is [var process, var unique, _]
        && Guid.TryParseExact(unique, "N", out _)
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Whether the process that wrote the file last has ended. Its number may be in use again, or be that of a process on another
    /// machine.
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
            return true; // There is none.
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false; // It is just ending, or somebody else's.
        }
    }

    static void Remove(string orphan)
    {
        try
        {
            // A file that is being written, on another machine too, is locked.
            using var unlocked = new FileStream(orphan, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays until the next time.
        }
    }
}
