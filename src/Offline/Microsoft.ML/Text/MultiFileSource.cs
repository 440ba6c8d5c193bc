using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Files, read one after the other. Paths may have wildcards, "..." for all folders below, and several joined by '+'.</summary>
public sealed class MultiFileSource : IMultiStreamSource
{
    private readonly string[] _paths;

    public MultiFileSource(params string[]? paths)
    {
        if (paths is null || (paths.Length == 1 && paths[0] is null))
        {
            _paths = [];
            return;
        }
        string[] found = [.. paths.SelectMany(FilePattern.Expand)];
        // What matches no file is kept, so that opening it can say so.
        _paths = found.Length > 0 ? found : paths;
    }

    public int Count => _paths.Length;

    public string? GetPathOrNull(int index)
    {
        Contracts.CheckParam(0 <= index && index < Count, nameof(index));
        return _paths[index];
    }

    public Stream Open(int index)
    {
        string? path = GetPathOrNull(index);
        try
        {
            return new FileStream(path!, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception e)
        {
            throw Contracts.ExceptIO(null, e, $"Could not open file '{path}'. Error is: {e.Message}");
        }
    }

    public TextReader OpenTextReader(int index) => new StreamReader(Open(index));
}
