using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Can be saved into a model file.</summary>
public interface ICanSaveModel
{
    void Save(ModelSaveContext ctx);
}

/// <summary>Where a component saves itself: one entry of a model file, and sub-models and streams beside it.</summary>
public sealed class ModelSaveContext : IDisposable
{
    internal readonly RepositoryWriter Repository;
    internal readonly string? Directory;
    internal readonly BinaryWriter Writer;
    internal readonly StringTable Strings = new();
    internal readonly long FpMin;
    internal ModelHeader Header;
    private readonly Repository.Entry _entry;
    private readonly IExceptionContext? _context;
    private string? _loaderAssemblyName;
    private bool _closed;

    internal ModelSaveContext(RepositoryWriter rep, string? dir, string name)
    {
        Contracts.CheckValue(rep, nameof(rep));
        _context = rep.ExceptionContext;
        _context.CheckNonEmpty(name, nameof(name));
        Repository = rep;
        Directory = dir;
        _entry = rep.CreateEntry(dir, name);
        Writer = new BinaryWriter(_entry.Stream, Encoding.UTF8, leaveOpen: true);
        ModelHeader.BeginWrite(Writer, out FpMin, out Header);
    }

    internal bool InRepository => Repository is not null;

    /// <summary>Closes the entry.</summary>
    public void Dispose()
    {
        // Done has closed it before whoever opened it does.
        if (_closed)
            return;
        _closed = true;
        Writer.Dispose();
        _entry.Dispose();
    }

    internal static void SaveModel<T>(RepositoryWriter rep, T? value, string? path)
        where T : class
    {
        if (value is not ICanSaveModel model)
            return;
        using var context = new ModelSaveContext(rep, path, ModelLoadContext.ModelStreamName);
        model.Save(context);
        context.Done();
    }

    /// <summary>Saves a part that is a component of its own.</summary>
    internal void SaveModel<T>(T? value, string name)
        where T : class
        => SaveModel(Repository, value, Path.Combine(Directory ?? "", name));

    internal void SaveSubModel(string dir, Action<ModelSaveContext> fn)
    {
        _context.CheckNonEmpty(dir, nameof(dir));
        _context.CheckValue(fn, nameof(fn));
        using var context = new ModelSaveContext(Repository, Path.Combine(Directory ?? "", dir), ModelLoadContext.ModelStreamName);
        fn(context);
        context.Done();
    }

    internal void CheckAtModel()
    {
        Writer.Flush();
        _context.Check(Writer.BaseStream.Position == FpMin + Header.FpModel);
    }

    internal void SetVersionInfo(VersionInfo ver)
    {
        ModelHeader.SetVersionInfo(ref Header, ver);
        _loaderAssemblyName = ver.LoaderAssemblyName;
    }

    internal void SaveTextStream(string name, Action<TextWriter> action)
    {
        _context.CheckNonEmpty(name, nameof(name));
        _context.CheckValue(action, nameof(action));
        using var entry = Repository.CreateEntry(Directory, name);
        using var writer = new StreamWriter(entry.Stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        action(writer);
    }

    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        _context.CheckNonEmpty(name, nameof(name));
        _context.CheckValue(action, nameof(action));
        using var entry = Repository.CreateEntry(Directory, name);
        using var writer = new BinaryWriter(entry.Stream, Encoding.UTF8, leaveOpen: true);
        action(writer);
    }

    internal void SaveStringOrNull(string? str) => Writer.Write(str is null ? -1 : Strings.Add(str));

    internal void SaveString(string str)
    {
        _context.CheckValue(str, nameof(str));
        Writer.Write(Strings.Add(str));
    }

    internal void SaveString(ReadOnlyMemory<char> str) => Writer.Write(Strings.Add(str.ToString()));

    internal void SaveNonEmptyString(string str)
    {
        _context.CheckParam(!string.IsNullOrEmpty(str), nameof(str));
        Writer.Write(Strings.Add(str));
    }

    internal void SaveNonEmptyString(ReadOnlyMemory<char> str) => Writer.Write(Strings.Add(str.ToString()));

    /// <summary>Writes the strings and the header, and closes the entry.</summary>
    internal void Done()
    {
        _context.Check(Header.ModelSignature != 0, "ModelSignature not specified!");
        ModelHeader.EndWrite(Writer, FpMin, ref Header, Strings.All, _loaderAssemblyName);
        Dispose();
    }

    /// <summary>Numbers strings in the order in which they are first met.</summary>
    internal sealed class StringTable
    {
        private readonly Dictionary<string, int> _numbers = [];
        private readonly List<string> _strings = [];

        public IReadOnlyList<string> All => _strings;

        public int Add(string text)
        {
            if (_numbers.TryGetValue(text, out int number))
                return number;
            _strings.Add(text);
            _numbers.Add(text, _strings.Count - 1);
            return _strings.Count - 1;
        }
    }
}
