using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Loads data, and gives, splits, filters and caches its rows.</summary>
public sealed partial class DataOperationsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _env;

    internal DataOperationsCatalog(IHostEnvironment env) => _env = env;

    IHostEnvironment IInternalCatalog.Environment => _env;

    /// <summary>A data view over objects, read lazily: each cursor enumerates <paramref name="data"/> anew.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, SchemaDefinition? schemaDefinition = null)
        where TRow : class
    {
        _env.CheckValue(data, nameof(data));
        return new EnumerableDataView<TRow>(_env, data, schemaDefinition);
    }

    /// <summary>The same with the types and annotations of a known schema, all of whose columns the objects must have.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, DataViewSchema schema)
        where TRow : class
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckValue(schema, nameof(schema));
        return new EnumerableDataView<TRow>(_env, data, BoundMember.DefinitionFor(typeof(TRow), schema, _env));
    }

    /// <summary>The rows as objects, made while they are enumerated: a new one each, or the same one again and again.</summary>
    public IEnumerable<TRow> CreateEnumerable<TRow>(IDataView data, bool reuseRowObject, bool ignoreMissingColumns = false, SchemaDefinition? schemaDefinition = null)
        where TRow : class, new()
    {
        _env.CheckValue(data, nameof(data));
        return Rows(data, new TypedView<TRow>(_env, data.Schema, ignoreMissingColumns, schemaDefinition), reuseRowObject);
    }

    private static IEnumerable<TRow> Rows<TRow>(IDataView data, TypedView<TRow> view, bool reuse)
        where TRow : class, new()
    {
        using var cursor = data.GetRowCursor(view.Columns);
        var fill = view.Bind(cursor);
        TRow? row = null;
        while (cursor.MoveNext())
        {
            row = reuse && row is not null ? row : new TRow();
            fill(row);
            yield return row;
        }
    }
}
