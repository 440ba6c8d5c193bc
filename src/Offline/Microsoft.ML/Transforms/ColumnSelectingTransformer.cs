using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnSelectingTransformer), null, typeof(SignatureLoadModel),
    "Select Columns Transform", ColumnSelectingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Keeps the named columns, in that order, or drops them.</summary>
public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumnsTransform";

    private static readonly VersionInfo Version = new(
        modelSignature: "SELCOLST", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    private readonly IHost _host;
    private readonly bool _keepHidden;
    private readonly bool _ignoreMissing;

    internal ColumnSelectingTransformer(IHostEnvironment env, string[]? keepColumns, string[]? dropColumns, bool keepHidden = false, bool ignoreMissing = false)
    {
        _host = Contracts.CheckRef(env, nameof(env)).Register(nameof(ColumnSelectingTransformer));
        bool keep = keepColumns?.Length > 0;
        bool drop = dropColumns?.Length > 0;
        _host.Check(!(keep && drop), "Both keepColumns and dropColumns are set. Exactly one can be specified.");
        _host.Check(keep || drop, "Neither keepColumns and dropColumns is set. Exactly one must be specified.");
        SelectColumns = keep ? keepColumns! : dropColumns!;
        KeepColumns = keep;
        _keepHidden = keepHidden;
        _ignoreMissing = ignoreMissing;
    }

    bool ITransformer.IsRowToRowMapper => true;

    internal string[] SelectColumns { get; }

    internal bool KeepColumns { get; }

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        CheckColumns(inputSchema.Select(column => column.Name), nameof(inputSchema));
        return ColumnSubset.SchemaOf(inputSchema, Map(inputSchema));
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        CheckColumns(input.Schema.Select(column => column.Name), nameof(input));
        return new SelectedColumns(this, input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        CheckColumns(inputSchema.Select(column => column.Name), nameof(inputSchema));
        return new SelectedColumns(this, new EmptyDataView(_host, inputSchema));
    }

    // Saved as three flags (keep, hidden too, missing allowed), the number of columns and their names.
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        ctx.Writer.WriteBoolByte(KeepColumns);
        ctx.Writer.WriteBoolByte(_keepHidden);
        ctx.Writer.WriteBoolByte(_ignoreMissing);
        ctx.Writer.Write(SelectColumns.Length);
        foreach (string name in SelectColumns)
            ctx.SaveNonEmptyString(name);
    }

    internal static ColumnSelectingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        bool keep = ctx.Reader.ReadBoolByte();
        bool keepHidden = ctx.Reader.ReadBoolByte();
        bool ignoreMissing = ctx.Reader.ReadBoolByte();
        var names = new string[ctx.Reader.ReadCount()];
        for (int i = 0; i < names.Length; i++)
            names[i] = ctx.LoadNonEmptyString();
        return new ColumnSelectingTransformer(env, keep ? names : null, keep ? null : names, keepHidden, ignoreMissing);
    }

    internal void CheckColumns(IEnumerable<string> present, string parameter)
    {
        string[] missing = _ignoreMissing ? [] : [.. SelectColumns.Where(name => !present.Contains(name))];
        if (missing.Length > 0)
            throw _host.ExceptSchemaMismatch(parameter, "input", string.Join(",", missing));
    }

    /// <summary>For each column of the result its index in the input.</summary>
    private int[] Map(DataViewSchema input)
        => KeepColumns
            ? [.. SelectColumns.SelectMany(name => input.Where(column => column.Name == name && (_keepHidden || !column.IsHidden))).Select(column => column.Index)]
            : [.. input.Where(column => !SelectColumns.Contains(column.Name)).Select(column => column.Index)];

    private sealed class SelectedColumns : IDataView, IRowToRowMapper
    {
        private readonly int[] _map;
        private readonly IDataView _source;
        private readonly ColumnSubset _view;

        public SelectedColumns(ColumnSelectingTransformer parent, IDataView source)
        {
            _map = parent.Map(source.Schema);
            _source = source;
            _view = new ColumnSubset(parent._host, source, _map);
        }

        public DataViewSchema InputSchema => _source.Schema;

        public DataViewSchema OutputSchema => _view.Schema;

        public bool CanShuffle => _view.CanShuffle;

        public DataViewSchema Schema => _view.Schema;

        public long? GetRowCount() => _view.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
            => _view.GetRowCursor(columnsNeeded, rand);

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
            => _view.GetRowCursorSet(columnsNeeded, n, rand);

        public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
        {
            int[] needed = [.. dependingColumns.Select(column => _map[column.Index])];
            return InputSchema.Where(column => needed.Contains(column.Index));
        }

        public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new Row(this, input);

        private sealed class Row(SelectedColumns parent, DataViewRow input) : DataViewRow
        {
            public override long Position => input.Position;

            public override long Batch => input.Batch;

            public override DataViewSchema Schema => parent.Schema;

            public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

            public override bool IsColumnActive(DataViewSchema.Column column) => true;

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
                => input.GetGetter<TValue>(input.Schema[parent._map[column.Index]]);

            protected override void Dispose(bool disposing)
            {
                if (disposing)
                    input.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}
