using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Looks at the first rows of data, or of what is made of it.</summary>
public static class DebuggerExtensions
{
    private const int DefaultRows = 100;

    public static DataDebuggerPreview Preview(this IDataView data, int maxRows = DefaultRows) => new(data, maxRows);

    public static DataDebuggerPreview Preview(this ITransformer transformer, IDataView data, int maxRows = DefaultRows)
        => new(transformer.Transform(data), maxRows);

    public static DataDebuggerPreview Preview<TSource>(this IDataLoader<TSource> loader, TSource source, int maxRows = DefaultRows)
        => new(loader.Load(source), maxRows);
}
