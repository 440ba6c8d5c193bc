using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ValueToKeyMappingTransformer), null, typeof(SignatureLoadModel),
    "Term Transform", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Numbers the distinct values of a column; those not seen in training become the missing key.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";
    private const string DictionaryDirectory = "Vocabulary";

    private static readonly VersionInfo Version = new(
        modelSignature: "TERMTRNF", verWrittenCur: 0x00010003, verReadableCur: 0x00010003, verWeCanReadBack: 0x00010003,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    private static readonly VersionInfo DictionaryVersion = new(
        modelSignature: "TERM MAN", verWrittenCur: 0x00010002, verReadableCur: 0x00010002, verWeCanReadBack: 0x00010002,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: "TermManager");

    private readonly KeyDictionary[] _dictionaries;
    private readonly bool[] _valuesAsText;

    internal ValueToKeyMappingTransformer(IHostEnvironment env, IDataView input, ValueToKeyMappingEstimator.ColumnOptions[] columns, IDataView? keyData)
        : base(Contracts.CheckRef(env, nameof(env)).Register("Term"), Array.ConvertAll(columns, column => (column.OutputColumnName, column.InputColumnName)))
    {
        Host.CheckValue(input, nameof(input));
        _dictionaries = KeyTraining.Train(Host, input, columns, keyData);
        _valuesAsText = Array.ConvertAll(columns, column => column.AddKeyValueAnnotationsAsText);
    }

    // Saved as the pairs of columns and a flag for each: whether its key values are text; the dictionaries in a sub-model.
    private ValueToKeyMappingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _valuesAsText = Array.ConvertAll(ColumnPairs, _ => ctx.Reader.ReadBoolByte());
        var dictionaries = new KeyDictionary[ColumnPairs.Length];
        bool found = ctx.TryProcessSubModel(DictionaryDirectory, sub =>
        {
            sub.CheckAtModel(DictionaryVersion);
            host.CheckDecode(sub.Reader.ReadInt32() == dictionaries.Length);
            for (int i = 0; i < dictionaries.Length; i++)
                dictionaries[i] = KeyDictionary.Load(sub, host);
        });
        if (!found)
            throw host.ExceptDecode($"Missing {DictionaryDirectory} model");
        _dictionaries = dictionaries;
    }

    internal static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        return new ValueToKeyMappingTransformer(env.Register("Term"), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (bool flag in _valuesAsText)
            ctx.Writer.WriteBoolByte(flag);
        ctx.SaveSubModel(DictionaryDirectory, sub =>
        {
            sub.CheckAtModel();
            sub.SetVersionInfo(DictionaryVersion);
            sub.Writer.Write(_dictionaries.Length);
            foreach (var dictionary in _dictionaries)
                dictionary.Save(sub);
            sub.SaveTextStream("Terms.txt", writer => Array.ForEach(_dictionaries, dictionary => dictionary.WriteText(writer)));
        });
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ValueToKeyMappingTransformer _parent;

        public Mapper(ValueToKeyMappingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), parent, inputSchema)
        {
            _parent = parent;
            for (int i = 0; i < parent.ColumnPairs.Length; i++)
            {
                var item = KeyTraining.FindInput(Host, inputSchema, parent.ColumnPairs[i].inputColumnName).Type.GetItemType();
                if (!item.Equals(parent._dictionaries[i].ItemType))
                {
                    throw Host.Except("Could not apply a map over type '{0}' to column '{1}' since it has type '{2}'",
                        parent._dictionaries[i].ItemType, parent.ColumnPairs[i].outputColumnName, item);
                }
            }
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            var result = new DataViewSchema.DetachedColumn[_parent.ColumnPairs.Length];
            for (int i = 0; i < result.Length; i++)
            {
                var source = InputSchema[ColMapNewToOld[i]];
                var dictionary = _parent._dictionaries[i];
                var annotations = new DataViewSchema.Annotations.Builder();
                if (dictionary.Count > 0)
                    Generic.Call<DataViewSchema.Annotations.Builder, DataViewSchema.Column, KeyDictionary, bool, bool>(AddKeyValues<int>, dictionary.ItemType.RawType, annotations, source, dictionary, _parent._valuesAsText[i]);
                annotations.Add(source.Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                DataViewType type = source.Type is VectorDataViewType vector ? new VectorDataViewType(dictionary.OutputType, vector.Dimensions) : dictionary.OutputType;
                result[i] = new(_parent.ColumnPairs[i].outputColumnName, type, annotations.ToAnnotations());
            }
            return result;
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            var source = input.Schema[ColMapNewToOld[iinfo]];
            var dictionary = _parent._dictionaries[iinfo];
            return source.Type is VectorDataViewType
                ? Generic.Call<DataViewRow, DataViewSchema.Column, KeyDictionary, string, Delegate>(OfVector<int>, dictionary.ItemType.RawType, input, source, dictionary, _parent.ColumnPairs[iinfo].outputColumnName)
                : Generic.Call<DataViewRow, DataViewSchema.Column, KeyDictionary, Delegate>(OfScalar<int>, dictionary.ItemType.RawType, input, source, dictionary);
        }

        private static bool AddKeyValues<T>(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column source, KeyDictionary dictionary, bool asText)
            where T : notnull
        {
            var keys = (KeyDictionary<T>)dictionary;
            // Keys made of keys stand for what those stand for.
            if (dictionary.ItemType is KeyDataViewType key
                && source.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type is VectorDataViewType inner
                && (ulong)inner.Size == key.Count)
            {
                var toNumber = Conversions.Get<T, ulong>(key, NumberDataViewType.UInt64, out _);
                int[] numbers = [.. keys.Values.Select(value =>
                {
                    ulong number = 0;
                    toNumber(value, ref number);
                    return (int)number - 1;
                })];
                return Generic.Call<DataViewSchema.Annotations.Builder, DataViewSchema.Column, int[], bool, bool>(AddInnerValues<int>, inner.ItemType.RawType, annotations, source, numbers, asText);
            }
            AddValues<T>(annotations, keys.ItemType, keys.Count, () => [.. keys.Values], asText);
            return true;
        }

        private static bool AddInnerValues<T>(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column source, int[] numbers, bool asText)
        {
            var type = (PrimitiveDataViewType)source.Annotations.Schema[AnnotationUtils.Kinds.KeyValues].Type.GetItemType();
            AddValues(annotations, type, numbers.Length, () =>
            {
                VBuffer<T> values = default;
                source.GetKeyValues(ref values);
                return Array.ConvertAll(numbers, number => values.GetItemOrDefault(number));
            }, asText);
            return true;
        }

        private static void AddValues<T>(DataViewSchema.Annotations.Builder annotations, PrimitiveDataViewType type, int count, Func<T[]> values, bool asText)
        {
            if (!asText || type is TextDataViewType)
            {
                annotations.Add(AnnotationUtils.Kinds.KeyValues, new VectorDataViewType(type, count),
                    (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => value = new VBuffer<T>(count, values())));
                return;
            }
            var toText = ValueText.Get<T>(type);
            annotations.Add(AnnotationUtils.Kinds.KeyValues, AnnotationUtils.GetNamesType(count), (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                StringBuilder text = new();
                value = new VBuffer<ReadOnlyMemory<char>>(count, Array.ConvertAll(values(), item =>
                {
                    toText(item, ref text);
                    return text.ToString().AsMemory();
                }));
            }));
        }

        private static ValueGetter<uint> OfScalar<T>(DataViewRow input, DataViewSchema.Column column, KeyDictionary dictionary)
            where T : notnull
        {
            var source = input.GetGetter<T>(column);
            var keys = (KeyDictionary<T>)dictionary;
            T value = default!;
            return (ref uint key) =>
            {
                source(ref value);
                key = keys.Find(value);
            };
        }

        private ValueGetter<VBuffer<uint>> OfVector<T>(DataViewRow input, DataViewSchema.Column column, KeyDictionary dictionary, string outputColumnName)
            where T : notnull
        {
            var source = input.GetGetter<VBuffer<T>>(column);
            var keys = (KeyDictionary<T>)dictionary;
            var builder = new VectorBuilder<uint>();
            bool skipDefaults = keys.Find(default!) == 0;
            int size = column.Type.GetVectorSize();
            VBuffer<T> values = default;
            return (ref VBuffer<uint> value) =>
            {
                source(ref values);
                if (size != 0 && values.Length != size)
                    throw Host.Except("Column '{0}': TermTransform expects {1} slots, but got {2}", outputColumnName, size, values.Length);
                builder.Reset(values.Length);
                foreach (var pair in values.Items(all: !skipDefaults))
                    builder.Add(pair.Key, keys.Find(pair.Value));
                builder.GetResult(ref value);
            };
        }
    }
}
