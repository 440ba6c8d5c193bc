using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Applies a user's function to each row: its source is filled from the row, its destination becomes new columns.</summary>
public sealed class CustomMappingTransformer<TSrc, TDst> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly IHost _host;
    private readonly Action<TSrc, TDst> _map;
    private readonly string? _contractName;
    private readonly SchemaDefinition? _outputSchemaDefinition;

    internal CustomMappingTransformer(IHostEnvironment env, Action<TSrc, TDst> mapAction, string? contractName,
        SchemaDefinition? inputSchemaDefinition = null, SchemaDefinition? outputSchemaDefinition = null)
    {
        Contracts.CheckValue(env, nameof(env));
        _host = env.Register("CustomMappingTransformer");
        _host.CheckValue(mapAction, nameof(mapAction));
        _map = mapAction;
        _contractName = contractName;
        _outputSchemaDefinition = outputSchemaDefinition;
        InputSchemaDefinition = inputSchemaDefinition;
        AddedColumns = BoundMember.Bind(typeof(TDst), outputSchemaDefinition, SchemaDefinition.Direction.Read);
    }

    bool ITransformer.IsRowToRowMapper => true;

    internal SchemaDefinition? InputSchemaDefinition { get; }

    internal BoundMember[] AddedColumns { get; }

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return RowToRowMapperTransform.GetOutputSchema(inputSchema, new Mapper(this, inputSchema));
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        return new RowToRowMapperTransform(_host, input, new Mapper(this, input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new RowToRowMapperTransform(_host, new EmptyDataView(_host, inputSchema), new Mapper(this, inputSchema));
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => Save(ctx);

    private void Save(ModelSaveContext ctx)
    {
        if (_contractName is null)
            throw _host.Except("Empty contract name for a transform: the transform cannot be saved");
        CustomMappingLoader.Save(_host, ctx, _contractName, _map.Method.DeclaringType!.Assembly.FullName!);
    }

    private sealed class Mapper : IRowMapper
    {
        private readonly CustomMappingTransformer<TSrc, TDst> _parent;
        private readonly IHost _host;
        private readonly TypedView<TSrc> _source;

        public Mapper(CustomMappingTransformer<TSrc, TDst> parent, DataViewSchema inputSchema)
        {
            _parent = parent;
            _host = parent._host.Register(nameof(Mapper));
            _source = new TypedView<TSrc>(_host, inputSchema, ignoreMissingColumns: false, parent.InputSchemaDefinition);
        }

        public Delegate?[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            var getters = new Delegate?[_parent.AddedColumns.Length];
            if (!Enumerable.Range(0, getters.Length).Any(activeOutput))
                return getters;

            // One object on each side, for all rows; the function runs once a row, when the first column is asked for.
            var source = new TSrc();
            var destination = new TDst();
            var fill = _source.Bind(input);
            var row = new ObjectRow<TDst>(_host, _parent._outputSchemaDefinition);
            long served = -1;
            void Refresh()
            {
                if (served == input.Position)
                    return;
                fill(source);
                _parent._map(source, destination);
                row.Set(destination);
                served = input.Position;
            }

            for (int i = 0; i < getters.Length; i++)
            {
                if (activeOutput(i))
                    getters[i] = Generic.Call<DataViewRow, int, Action, Delegate>(Refreshed<int>, row.Schema[i].Type.RawType, row, i, Refresh);
            }
            return getters;
        }

        public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
        {
            bool any = Enumerable.Range(0, _parent.AddedColumns.Length).Any(activeOutput);
            var needed = any ? _source.Columns.Select(column => column.Index).ToHashSet() : [];
            return needed.Contains;
        }

        public DataViewSchema.DetachedColumn[] GetOutputColumns()
            => [.. BoundMember.SchemaOf(_parent.AddedColumns).Select(column => new DataViewSchema.DetachedColumn(column))];

        public ITransformer GetTransformer() => _parent;

        void ICanSaveModel.Save(ModelSaveContext ctx) => _parent.Save(ctx);

        private static ValueGetter<T> Refreshed<T>(DataViewRow row, int column, Action refresh)
        {
            var getter = row.GetGetter<T>(row.Schema[column]);
            return (ref T value) =>
            {
                refresh();
                getter(ref value);
            };
        }
    }
}
