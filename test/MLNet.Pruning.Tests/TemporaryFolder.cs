using MLNet.Pruning.Persistence;

namespace MLNet.Pruning.Tests;

/// <summary>A folder of one test's own, gone when the test ends.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mlnet-pruning-").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

static class ModelBytes
{
    /// <summary>The bytes of a model's file without its history, which holds times.</summary>
    public static byte[] WithoutHistory(PrunedTransformer model)
    {
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        stream.Position = 0;
        var saved = Archive.Read(stream, "The model");
        var without = new Archive(saved.Kind);
        foreach (var (name, content) in saved.Entries.Where(entry => entry.Key != "history"))
            without.Add(name, content);
        using var bytes = new MemoryStream();
        without.Write(bytes);
        return bytes.ToArray();
    }
}
