using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToValueMappingTransformer), null, typeof(SignatureLoadModel),
    "Key To Value Transform", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Replaces keys by the values that they stand for.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    internal KeyToValueMappingEstimator(IHostEnvironment env, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(KeyToValueMappingEstimator)), new KeyToValueMappingTransformer(env, columns))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var (outputColumnName, inputColumnName) in Transformer.ColumnPairs)
        {
            if (!inputSchema.TryFindColumn(inputColumnName, out var column))
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputColumnName);
            if (!column.IsKey)
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputColumnName, "KeyType", column.GetTypeString());
            if (!column.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values))
                throw Host.ExceptParam(nameof(inputSchema), $"Input column '{inputColumnName}' doesn't contain key values metadata");
            SchemaShape? annotations = column.HasSlotNames() && column.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var slotNames)
                ? new SchemaShape([slotNames])
                : null;
            result[outputColumnName] = new(outputColumnName, column.Kind, values.ItemType, values.IsKey, annotations);
        }
        return new SchemaShape(result.Values);
    }
}

/// <summary>Replaces keys by the values that they stand for.</summary>
public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    private static readonly VersionInfo Version = new(
        modelSignature: "KEY2VALT", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    internal KeyToValueMappingTransformer(IHostEnvironment env, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(KeyToValueMappingTransformer)), columns)
    {
    }

    private KeyToValueMappingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
    }

    internal static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        return new KeyToValueMappingTransformer(env.Register(nameof(KeyToValueMappingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly KeyToValueMappingTransformer _parent;
        private readonly DataViewType[] _types;
        private readonly Func<DataViewRow, Delegate>[] _makeGetters;

        public Mapper(KeyToValueMappingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), parent, inputSchema)
        {
            _parent = parent;
            _types = new DataViewType[parent.ColumnPairs.Length];
            _makeGetters = new Func<DataViewRow, Delegate>[parent.ColumnPairs.Length];
            for (int i = 0; i < _types.Length; i++)
            {
                var source = inputSchema[ColMapNewToOld[i]];
                var values = source.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type;
                Host.Check(values is not null, "Metadata KeyValues does not exist");
                Host.Check(values.GetVectorSize() == source.Type.GetItemType().GetKeyCountAsInt32(Host), "KeyValues metadata size does not match column type key count");
                var item = (PrimitiveDataViewType)values.GetItemType();
                _types[i] = source.Type is VectorDataViewType vector ? new VectorDataViewType(item, vector.Dimensions) : item;
                _makeGetters[i] = Generic.Call<DataViewSchema.Column, PrimitiveDataViewType, Func<DataViewRow, Delegate>>(
                    MakeMap<int, int>, source.Type.GetItemType().RawType, item.RawType, source, item);
            }
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            var result = new DataViewSchema.DetachedColumn[_types.Length];
            for (int i = 0; i < result.Length; i++)
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(InputSchema[ColMapNewToOld[i]].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                result[i] = new(_parent.ColumnPairs[i].outputColumnName, _types[i], annotations.ToAnnotations());
            }
            return result;
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            return _makeGetters[iinfo](input);
        }

        // The values are read once; a key that is missing or out of range becomes a missing value.
        private static Func<DataViewRow, Delegate> MakeMap<TKey, TValue>(DataViewSchema.Column source, PrimitiveDataViewType item)
        {
            VBuffer<TValue> annotation = default;
            source.GetKeyValues(ref annotation);
            TValue[] values = [.. annotation.DenseValues()];
            var missing = Conversions.MissingOrDefault<TValue>(out bool missingIsDefault);
            var toIndex = Conversions.Get<TKey, uint>(source.Type.GetItemType(), NumberDataViewType.UInt32, out _);

            TValue Map(in TKey key)
            {
                uint index = 0;
                toIndex(key, ref index);
                return index > 0 && index <= values.Length ? values[index - 1] : missing;
            }

            if (source.Type is VectorDataViewType)
                return row => OfVector(row.GetGetter<VBuffer<TKey>>(row.Schema[source.Index]), Map, missingIsDefault);
            return row => OfScalar(row.GetGetter<TKey>(row.Schema[source.Index]), Map);
        }

        private static ValueGetter<TValue> OfScalar<TKey, TValue>(ValueGetter<TKey> source, KeyMap<TKey, TValue> map)
        {
            TKey key = default!;
            return (ref TValue value) =>
            {
                source(ref key);
                value = map(key);
            };
        }

        private static ValueGetter<VBuffer<TValue>> OfVector<TKey, TValue>(ValueGetter<VBuffer<TKey>> source, KeyMap<TKey, TValue> map, bool missingIsDefault)
        {
            VBuffer<TKey> keys = default;
            return (ref VBuffer<TValue> value) =>
            {
                source(ref keys);
                if (keys.IsDense || !missingIsDefault)
                {
                    // What a sparse vector leaves out is the missing key.
                    var dense = VBufferEditor.Create(ref value, keys.Length);
                    dense.Values.Fill(map(default!));
                    var stored = keys.GetValues();
                    var at = keys.GetIndices();
                    for (int i = 0; i < stored.Length; i++)
                        dense.Values[keys.IsDense ? i : at[i]] = map(stored[i]);
                    value = dense.Commit();
                    return;
                }
                var explicitKeys = keys.GetValues();
                var indices = keys.GetIndices();
                var editor = VBufferEditor.Create(ref value, keys.Length, explicitKeys.Length);
                int count = 0;
                for (int i = 0; i < explicitKeys.Length; i++)
                {
                    var item = map(explicitKeys[i]);
                    if (Conversions.IsDefault(item))
                        continue;
                    editor.Values[count] = item;
                    editor.Indices[count++] = indices[i];
                }
                value = editor.CommitTruncated(count);
            };
        }

        private delegate TValue KeyMap<TKey, TValue>(in TKey key);
    }
}
