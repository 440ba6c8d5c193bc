using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The catalog of loading and saving text files.</summary>
public static class TextLoaderSaverCatalog
{
    /// <summary>A loader of these columns.</summary>
    public static TextLoader CreateTextLoader(this DataOperationsCatalog catalog, TextLoader.Column[] columns, char separatorChar = '\t', bool hasHeader = false,
        IMultiStreamSource? dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false)
        => new(catalog.GetEnvironment(), OptionsOf(columns, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse), dataSample);

    /// <summary>A loader with these options.</summary>
    public static TextLoader CreateTextLoader(this DataOperationsCatalog catalog, TextLoader.Options options, IMultiStreamSource? dataSample = null)
        => new(catalog.GetEnvironment(), options, dataSample);

    /// <summary>A loader of the columns that the members of a class ask for.</summary>
    public static TextLoader CreateTextLoader<TInput>(this DataOperationsCatalog catalog, char separatorChar = '\t', bool hasHeader = false,
        IMultiStreamSource? dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false)
        => TextLoader.Create<TInput>(catalog.GetEnvironment(), OptionsOf(null, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse), dataSample);

    /// <summary>A loader of the columns that the members of a class ask for.</summary>
    public static TextLoader CreateTextLoader<TInput>(this DataOperationsCatalog catalog, TextLoader.Options options, IMultiStreamSource? dataSample = null)
        => TextLoader.Create<TInput>(catalog.GetEnvironment(), options, dataSample);

    /// <summary>Loads these columns from files.</summary>
    public static IDataView LoadFromTextFile(this DataOperationsCatalog catalog, string path, TextLoader.Column[] columns, char separatorChar = '\t', bool hasHeader = false,
        bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false)
    {
        CheckPath(path);
        var options = OptionsOf(columns, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse);
        return new TextLoader(catalog.GetEnvironment(), options).Load(new MultiFileSource(path));
    }

    /// <summary>Loads from files with these options, or with those that the first file carries.</summary>
    public static IDataView LoadFromTextFile(this DataOperationsCatalog catalog, string path, TextLoader.Options? options = null)
    {
        CheckPath(path);
        var source = new MultiFileSource(path);
        return new TextLoader(catalog.GetEnvironment(), options, source).Load(source);
    }

    /// <summary>Loads the columns that the members of a class ask for.</summary>
    public static IDataView LoadFromTextFile<TInput>(this DataOperationsCatalog catalog, string path, char separatorChar = '\t', bool hasHeader = false,
        bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false)
    {
        CheckPath(path);
        var options = OptionsOf(null, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse);
        return TextLoader.Create<TInput>(catalog.GetEnvironment(), options, null).Load(new MultiFileSource(path));
    }

    /// <summary>Loads the columns that the members of a class ask for.</summary>
    public static IDataView LoadFromTextFile<TInput>(this DataOperationsCatalog catalog, string path, TextLoader.Options options)
    {
        CheckPath(path);
        return TextLoader.Create<TInput>(catalog.GetEnvironment(), options, null).Load(new MultiFileSource(path));
    }

    /// <summary>Writes rows as text.</summary>
    public static void SaveAsText(this DataOperationsCatalog catalog, IDataView data, Stream stream, char separatorChar = '\t', bool headerRow = true,
        bool schema = true, bool keepHidden = false, bool forceDense = false)
    {
        Contracts.CheckValue(catalog, nameof(catalog));
        Contracts.CheckValue(data, nameof(data));
        Contracts.CheckValue(stream, nameof(stream));
        new TextSaver(catalog.GetEnvironment(), separatorChar, headerRow, schema, forceDense).Save(data, stream, keepHidden);
    }

    private static TextLoader.Options OptionsOf(TextLoader.Column[]? columns, char separator, bool hasHeader, bool allowQuoting, bool trimWhitespace, bool allowSparse)
        => new()
        {
            Columns = columns,
            Separators = [separator],
            HasHeader = hasHeader,
            AllowQuoting = allowQuoting,
            TrimWhitespace = trimWhitespace,
            AllowSparse = allowSparse,
        };

    private static void CheckPath(string path)
    {
        Contracts.CheckNonEmpty(path, nameof(path));
        if (FilePattern.Expand(path).Length == 0)
            throw Contracts.ExceptParam(null, nameof(path), $"File or directory does not exist at path: {path}");
    }
}
