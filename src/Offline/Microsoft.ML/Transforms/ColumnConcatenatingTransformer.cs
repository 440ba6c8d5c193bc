using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ColumnConcatenatingTransformer), null, typeof(SignatureLoadModel),
    "Concat Transform", ColumnConcatenatingTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Concatenates columns of one item type into a vector.</summary>
public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "ConcatTransform";

    private static readonly VersionInfo Version = new(
        modelSignature: "CONCAT F", verWrittenCur: 0x00010003, verReadableCur: 0x00010003, verWeCanReadBack: 0x00010003,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature, loaderSignatureAlt: "ConcatFunction");

    private readonly Output[] _outputs;

    internal ColumnConcatenatingTransformer(IHostEnvironment env, string outputColumnName, params string[] inputColumnNames)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(ColumnConcatenatingTransformer)))
        => _outputs = [new(outputColumnName, [.. inputColumnNames.Select(name => new Input(name, null))])];

    // Saved as the number of outputs; for each its name, the number of inputs, and the name and the alias (or none) of each.
    private ColumnConcatenatingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(ColumnConcatenatingTransformer)))
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        int count = ctx.Reader.ReadCount();
        Host.CheckDecode(count > 0);
        _outputs = new Output[count];
        for (int i = 0; i < count; i++)
        {
            string name = ctx.LoadNonEmptyString();
            var inputs = new Input[ctx.Reader.ReadCount()];
            Host.CheckDecode(inputs.Length > 0);
            for (int j = 0; j < inputs.Length; j++)
                inputs[j] = new(ctx.LoadNonEmptyString(), ctx.LoadStringOrNull());
            _outputs[i] = new(name, inputs);
        }
    }

    internal static ColumnConcatenatingTransformer Create(IHostEnvironment env, ModelLoadContext ctx) => new(env, ctx);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        ctx.Writer.Write(_outputs.Length);
        foreach (var output in _outputs)
        {
            ctx.SaveNonEmptyString(output.Name);
            ctx.Writer.Write(output.Inputs.Length);
            foreach (var input in output.Inputs)
            {
                ctx.SaveNonEmptyString(input.Name);
                ctx.SaveStringOrNull(input.Alias);
            }
        }
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed record Input(string Name, string? Alias);

    private sealed record Output(string Name, Input[] Inputs);

    private sealed class Mapper : MapperBase
    {
        private readonly ConcatenatedColumn[] _columns;

        public Mapper(ColumnConcatenatingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), inputSchema, parent)
        {
            _columns = Array.ConvertAll(parent._outputs, output =>
            {
                var sources = Array.ConvertAll(output.Inputs, input => inputSchema.GetColumnOrNull(input.Name)
                    ?? throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name));
                return new ConcatenatedColumn(Host, output.Name, sources, Array.ConvertAll(output.Inputs, input => input.Alias));
            });
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => Array.ConvertAll(_columns, column => column.MakeSchemaColumn());

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            return _columns[iinfo].MakeGetter(input);
        }

        private protected override Func<int, bool> GetDependenciesCore(Func<int, bool> activeOutput)
        {
            var active = new bool[InputSchema.Count];
            for (int i = 0; i < _columns.Length; i++)
            {
                foreach (var source in _columns[i].Sources)
                    active[source.Index] |= activeOutput(i);
            }
            return column => active[column];
        }
    }
}
