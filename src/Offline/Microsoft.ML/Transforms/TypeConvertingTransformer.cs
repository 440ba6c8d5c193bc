using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(TypeConvertingTransformer), null, typeof(SignatureLoadModel),
    "Convert Transform", TypeConvertingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Converts columns to another item type.</summary>
public sealed class TypeConvertingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ConvertTransform";
    private const uint FirstWithoutKeyMinimum = 0x00010004;
    private const byte HasKeyCount = 0x80;

    private static readonly VersionInfo Version = new(
        modelSignature: "CONVERTF", verWrittenCur: 0x00010004, verReadableCur: 0x00010003, verWeCanReadBack: 0x00010003,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature, loaderSignatureAlt: "ConvertFunction");

    internal TypeConvertingTransformer(IHostEnvironment env, string outputColumnName, DataKind outputKind, string inputColumnName)
        : this(env, new TypeConvertingEstimator.ColumnOptions(outputColumnName, outputKind, inputColumnName))
    {
    }

    internal TypeConvertingTransformer(IHostEnvironment env, params TypeConvertingEstimator.ColumnOptions[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(TypeConvertingTransformer)),
            Array.ConvertAll(Contracts.CheckNonEmpty(columns, nameof(columns)), column => (column.Name, column.InputColumnName)))
        => Columns = columns;

    // Saved as the pairs of columns, then for each the kind, with the high bit set if a key count follows.
    private TypeConvertingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        Columns = Array.ConvertAll(ColumnPairs, pair =>
        {
            byte saved = ctx.Reader.ReadByte();
            var kind = (DataKind)(saved & ~HasKeyCount);
            Host.CheckDecode(DataKinds.IsKnown(kind));
            KeyCount? keyCount = null;
            if ((saved & HasKeyCount) != 0)
            {
                Host.CheckDecode(ctx.Header.ModelVerWritten >= FirstWithoutKeyMinimum);
                ulong count = ctx.Reader.ReadUInt64();
                Host.CheckDecode(count > 0);
                keyCount = new KeyCount(count);
            }
            return new TypeConvertingEstimator.ColumnOptions(pair.outputColumnName, kind, pair.inputColumnName, keyCount);
        });
    }

    internal TypeConvertingEstimator.ColumnOptions[] Columns { get; }

    internal static TypeConvertingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        return new TypeConvertingTransformer(env.Register("Convert"), ctx);
    }

    /// <summary>The item type of the result. Keys stay keys of as many values as fit.</summary>
    internal static bool TryGetItemType(DataViewType source, TypeConvertingEstimator.ColumnOptions options, out PrimitiveDataViewType type)
    {
        var item = source.GetItemType();
        type = options.OutputKind.ToColumnType();
        if (options.OutputKeyCount is not null)
        {
            type = options.OutputKind.ToKeyType(options.OutputKeyCount);
            return item is KeyDataViewType or TextDataViewType;
        }
        if (item is not KeyDataViewType key)
            return true;
        if (!KeyDataViewType.IsValidDataType(type.RawType))
            return false;
        type = new KeyDataViewType(type.RawType, Math.Min(key.Count, Conversions.MaximumOf(type.RawType)));
        return true;
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (var column in Columns)
        {
            if (column.OutputKeyCount is null)
            {
                ctx.Writer.Write((byte)column.OutputKind);
                continue;
            }
            ctx.Writer.Write((byte)((byte)column.OutputKind | HasKeyCount));
            ctx.Writer.Write(column.OutputKind.ToKeyType(column.OutputKeyCount).Count);
        }
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly TypeConvertingTransformer _parent;
        private readonly DataViewType[] _types;
        private readonly Delegate[] _conversions;

        public Mapper(TypeConvertingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), parent, inputSchema)
        {
            _parent = parent;
            _types = new DataViewType[parent.Columns.Length];
            _conversions = new Delegate[parent.Columns.Length];
            for (int i = 0; i < _types.Length; i++)
            {
                var source = inputSchema[ColMapNewToOld[i]].Type;
                if (!TryGetItemType(source, parent.Columns[i], out var item) || !Conversions.TryGet(source.GetItemType(), item, out var conversion, out _))
                {
                    throw Host.ExceptParam(nameof(inputSchema),
                        $"source column '{parent.Columns[i].InputColumnName}' with item type '{source}' is not compatible with destination type '{item}'");
                }
                _types[i] = source is VectorDataViewType vector ? new VectorDataViewType(item, vector.Dimensions) : item;
                _conversions[i] = conversion;
            }
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            var result = new DataViewSchema.DetachedColumn[_types.Length];
            for (int i = 0; i < result.Length; i++)
            {
                var source = InputSchema[ColMapNewToOld[i]];
                var from = source.Type.GetItemType();
                var to = _types[i].GetItemType();
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(source.Annotations, name => name switch
                {
                    AnnotationUtils.Kinds.SlotNames => _types[i].IsKnownSizeVector(),
                    AnnotationUtils.Kinds.KeyValues => from.GetKeyCount() > 0 && from.GetKeyCount() == to.GetKeyCount(),
                    AnnotationUtils.Kinds.IsNormalized => from is NumberDataViewType && to is NumberDataViewType,
                    _ => false,
                });
                if (source.Type is BooleanDataViewType && to is NumberDataViewType)
                    annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                result[i] = new(_parent.Columns[i].Name, _types[i], annotations.ToAnnotations());
            }
            return result;
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            var source = input.Schema[ColMapNewToOld[iinfo]];
            var from = source.Type.GetItemType().RawType;
            var to = _types[iinfo].GetItemType().RawType;
            var row = new SourceColumn(input, source);
            return source.Type is VectorDataViewType
                ? Generic.Call<SourceColumn, Delegate, Delegate>(OfVector<int, int>, from, to, row, _conversions[iinfo])
                : Generic.Call<SourceColumn, Delegate, Delegate>(OfScalar<int, int>, from, to, row, _conversions[iinfo]);
        }

        private static ValueGetter<TTo> OfScalar<TFrom, TTo>(SourceColumn column, Delegate conversion)
        {
            var source = column.Row.GetGetter<TFrom>(column.Column);
            var convert = (ValueMapper<TFrom, TTo>)conversion;
            TFrom from = default!;
            return (ref TTo value) =>
            {
                source(ref from);
                convert(from, ref value);
            };
        }

        private static ValueGetter<VBuffer<TTo>> OfVector<TFrom, TTo>(SourceColumn column, Delegate conversion)
        {
            var source = column.Row.GetGetter<VBuffer<TFrom>>(column.Column);
            var convert = (ValueMapper<TFrom, TTo>)conversion;
            VBuffer<TFrom> from = default;
            return (ref VBuffer<TTo> value) =>
            {
                // What a sparse vector leaves out stays out: the default of one type is the default of the other.
                source(ref from);
                var values = from.GetValues();
                var editor = VBufferEditor.Create(ref value, from.Length, values.Length);
                for (int i = 0; i < values.Length; i++)
                    convert(values[i], ref editor.Values[i]);
                from.GetIndices().CopyTo(editor.Indices);
                value = editor.Commit();
            };
        }

        private sealed record SourceColumn(DataViewRow Row, DataViewSchema.Column Column);
    }
}
