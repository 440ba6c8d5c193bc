using Microsoft.ML;
using Microsoft.ML.Data;

namespace MLNet.Pruning.Upstream.Tests;

/// <summary>Adds a column with twice the value of another: a transformer made with the public API alone.</summary>
internal sealed class Doubler(string input, string output) : ITransformer, IDisposable
{
    public int Disposals { get; private set; }

    public int Saves { get; private set; }

    public bool IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        var column = inputSchema.GetColumnOrNull(input) ?? throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{input}'");
        if (column.Type != NumberDataViewType.Single)
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Column '{input}' should be Single");
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        builder.AddColumn(output, NumberDataViewType.Single);
        return builder.ToSchema();
    }

    public IDataView Transform(IDataView data) => new View(data, new Mapper(this, data.Schema));

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new Mapper(this, inputSchema);

    public void Save(ModelSaveContext ctx) => Saves++;

    public void Dispose() => Disposals++;

    private sealed class Mapper(Doubler parent, DataViewSchema inputSchema) : IRowToRowMapper
    {
        public string InputName { get; } = parent.InputName;

        public DataViewSchema InputSchema => inputSchema;

        public DataViewSchema OutputSchema { get; } = parent.GetOutputSchema(inputSchema);

        public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
        {
            var wanted = dependingColumns.Select(column => column.Index).ToHashSet();
            return inputSchema.Where(column => wanted.Contains(column.Index)
                || (column.Index == inputSchema[InputName].Index && wanted.Contains(inputSchema.Count)));
        }

        public DataViewRow GetRow(DataViewRow row, IEnumerable<DataViewSchema.Column> activeColumns)
            => new Row(row, this, activeColumns.Any(column => column.Index == inputSchema.Count));
    }

    private string InputName => input;

    private sealed class Row(DataViewRow row, Mapper mapper, bool active) : DataViewRow
    {
        public override long Position => row.Position;

        public override long Batch => row.Batch;

        public override DataViewSchema Schema => mapper.OutputSchema;

        public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column)
            => column.Index < row.Schema.Count ? row.IsColumnActive(row.Schema[column.Index]) : active;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (column.Index < row.Schema.Count)
                return row.GetGetter<TValue>(row.Schema[column.Index]);
            var getter = row.GetGetter<float>(row.Schema[mapper.InputName]);
            ValueGetter<float> doubled = (ref float value) =>
            {
                getter(ref value);
                value *= 2;
            };
            return (ValueGetter<TValue>)(Delegate)doubled;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                row.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class View(IDataView source, IRowToRowMapper mapper) : IDataView
    {
        public bool CanShuffle => source.CanShuffle;

        public DataViewSchema Schema => mapper.OutputSchema;

        public long? GetRowCount() => source.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        {
            var needed = columnsNeeded.ToArray();
            return new Cursor(source.GetRowCursor(mapper.GetDependencies(needed), rand), mapper, needed);
        }

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
            => [GetRowCursor(columnsNeeded, rand)];
    }

    private sealed class Cursor(DataViewRowCursor input, IRowToRowMapper mapper, DataViewSchema.Column[] needed) : DataViewRowCursor
    {
        private readonly DataViewRow _row = mapper.GetRow(input, needed);

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override DataViewSchema Schema => mapper.OutputSchema;

        public override bool MoveNext() => input.MoveNext();

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _row.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _row.GetGetter<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _row.Dispose();
            base.Dispose(disposing);
        }
    }
}
