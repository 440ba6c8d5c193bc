namespace Microsoft.ML.Data;

/// <summary>Finds the files that a path with wildcards means.</summary>
internal static class FilePattern
{
    private const string AllFoldersBelow = "...";

    public static string[] Expand(string pattern)
    {
        if (File.Exists(pattern))
            return [pattern];
        if (pattern.IndexOfAny(['*', '?', '+']) < 0 && !pattern.Contains(AllFoldersBelow, StringComparison.Ordinal))
            return [];
        return [.. pattern.Split('+', StringSplitOptions.RemoveEmptyEntries).SelectMany(ExpandOne).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static IEnumerable<string> ExpandOne(string pattern)
    {
        int below = pattern.IndexOf(AllFoldersBelow, StringComparison.Ordinal);
        if (below >= 0)
        {
            string name = pattern[(below + AllFoldersBelow.Length)..].TrimStart('/', '\\');
            return Below(Find(pattern[..below]), name.Length == 0 ? "*" : name);
        }
        if (pattern.IndexOfAny(['*', '?']) < 0)
            return File.Exists(pattern) ? [pattern] : [];
        return Files(Find(Path.GetDirectoryName(pattern)), Path.GetFileName(pattern));
    }

    private static string Find(string? folder) => string.IsNullOrEmpty(folder) ? "." : folder;

    private static IEnumerable<string> Below(string folder, string name)
        => Files(folder, name).Concat(Ordered(folder, Directory.GetDirectories).SelectMany(inner => Below(inner, name)));

    private static IEnumerable<string> Files(string folder, string name)
        => Ordered(folder, at => Directory.GetFiles(at, name)).Select(file => file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file);

    // A folder that cannot be read has no files.
    private static IEnumerable<string> Ordered(string folder, Func<string, string[]> list)
    {
        try
        {
            return list(folder).Order();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
