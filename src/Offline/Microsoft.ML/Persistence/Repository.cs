using System.IO.Compression;
using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>A model file: a zip archive whose entries are the parts of a model.</summary>
internal abstract class Repository(IExceptionContext? context) : IDisposable
{
    private readonly List<Entry> _open = [];

    public IExceptionContext? ExceptionContext => context;

    protected bool Disposed { get; private set; }

    public void Dispose()
    {
        if (Disposed)
            return;
        while (_open.Count > 0)
            _open[^1].Dispose();
        Disposed = true;
        CloseArchive();
    }

    protected abstract void CloseArchive();

    /// <summary>The name of an entry: relative, and never above the archive's root.</summary>
    protected string PathOf(string? directory, string name)
    {
        context.CheckParam(directory is null || !directory.Contains("..", StringComparison.Ordinal), "dir");
        context.CheckParam(!string.IsNullOrWhiteSpace(name) && !name.Contains("..", StringComparison.Ordinal), nameof(name));
        string path = Path.Combine(directory ?? "", name);
        context.Check(!Path.IsPathRooted(path));
        return path.Replace('/', Path.DirectorySeparatorChar);
    }

    protected Entry AddEntry(string path, Stream stream)
    {
        var entry = new Entry(this, path, stream);
        _open.Add(entry);
        return entry;
    }

    protected abstract void OnClosed(Entry entry);

    /// <summary>A file for what is too large to be kept in memory; it is gone once closed.</summary>
    protected Stream OpenTemporaryFile()
    {
        string directory = (context as IHostEnvironmentInternal)?.TempFilePath ?? Path.GetTempPath();
        return new FileStream(Path.Combine(directory, $"ml_dotnet_{Guid.NewGuid():N}"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
        });
    }

    /// <summary>An open entry.</summary>
    public sealed class Entry : IDisposable
    {
        private Repository? _repository;

        internal Entry(Repository repository, string path, Stream stream)
        {
            _repository = repository;
            Path = path;
            Stream = stream;
        }

        public string Path { get; }

        public Stream Stream { get; }

        public void Dispose()
        {
            var repository = Interlocked.Exchange(ref _repository, null);
            if (repository is null)
                return;
            repository._open.Remove(this);
            repository.OnClosed(this);
        }
    }
}

/// <summary>Writes a model file. Nothing is final before <see cref="Commit"/>.</summary>
internal sealed class RepositoryWriter : Repository
{
    private readonly ZipArchive _archive;
    private readonly HashSet<string> _paths = [];

    private RepositoryWriter(Stream stream, IExceptionContext? context)
        : base(context)
        => _archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);

    public static RepositoryWriter CreateNew(Stream stream, IExceptionContext? ectx = null)
    {
        ectx.CheckValue(stream, nameof(stream));
        var repository = new RepositoryWriter(stream, ectx);
        using var entry = repository.CreateEntry("TrainingInfo", "Version.txt");
        using var writer = new StreamWriter(entry.Stream, leaveOpen: true);
        writer.WriteLine(typeof(RepositoryWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
        return repository;
    }

    public Entry CreateEntry(string name) => CreateEntry(null, name);

    public Entry CreateEntry(string? dir, string name)
    {
        ExceptionContext.Check(!Disposed);
        string path = PathOf(dir, name);
        if (!_paths.Add(path))
            throw ExceptionContext.ExceptParam(nameof(name), $"Duplicate entry: '{path}'");
        // Several entries are open at once, which a zip archive in the making does not allow.
        return AddEntry(path, OpenTemporaryFile());
    }

    public void Commit()
    {
        ExceptionContext.Check(!Disposed);
        Dispose();
    }

    protected override void OnClosed(Entry entry)
    {
        using var target = _archive.CreateEntry(entry.Path).Open();
        entry.Stream.Position = 0;
        entry.Stream.CopyTo(target);
        entry.Stream.Dispose();
    }

    protected override void CloseArchive() => _archive.Dispose();
}

/// <summary>Reads a model file.</summary>
internal sealed class RepositoryReader : Repository
{
    private const long LargestInMemory = 1 << 24;
    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];

    private RepositoryReader(Stream stream, IExceptionContext? context)
        : base(context)
    {
        try
        {
            _archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (Exception e)
        {
            throw context.ExceptDecode(e, "Failed to open a zip archive");
        }
        // A file written on Windows separates directories with backslashes.
        foreach (var entry in _archive.Entries)
            _entries[entry.FullName.Replace('\\', '/')] = entry;
    }

    public static RepositoryReader Open(Stream stream, IExceptionContext? ectx = null)
    {
        ectx.CheckValue(stream, nameof(stream));
        return new RepositoryReader(stream, ectx);
    }

    public Entry OpenEntry(string name) => OpenEntry(null, name);

    public Entry OpenEntry(string? dir, string name)
        => OpenEntryOrNull(dir, name) ?? throw ExceptionContext.Except($"Repository doesn't contain entry {PathOf(dir, name)}");

    public Entry? OpenEntryOrNull(string name) => OpenEntryOrNull(null, name);

    public Entry? OpenEntryOrNull(string? dir, string name)
    {
        ExceptionContext.Check(!Disposed);
        string path = PathOf(dir, name);
        if (!_entries.TryGetValue(path.Replace('\\', '/'), out var entry))
            return null;
        var stream = entry.Length <= LargestInMemory ? new MemoryStream((int)entry.Length) : OpenTemporaryFile();
        using (var source = entry.Open())
            source.CopyTo(stream);
        stream.Position = 0;
        return AddEntry(path, stream);
    }

    protected override void OnClosed(Entry entry) => entry.Stream.Dispose();

    protected override void CloseArchive() => _archive.Dispose();
}
