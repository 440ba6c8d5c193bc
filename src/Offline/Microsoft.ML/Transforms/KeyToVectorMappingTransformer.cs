using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToVectorMappingTransformer), null, typeof(SignatureLoadModel),
    "KeyToVectorTransform", KeyToVectorMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Turns a key into a vector with a one at its place; several keys into several such vectors, or into their sum.</summary>
public sealed class KeyToVectorMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToVectorTransform";

    private static readonly VersionInfo Version = new(
        modelSignature: "KEY2VECT", verWrittenCur: 0x00010002, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    internal KeyToVectorMappingTransformer(IHostEnvironment env, params KeyToVectorMappingEstimator.ColumnOptions[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register("KeyToVector"), Array.ConvertAll(columns, column => (column.Name, column.InputColumnName)))
        => Columns = columns;

    // Saved as the pairs of columns, then a flag for each: whether vectors are summed.
    private KeyToVectorMappingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
        => Columns = Array.ConvertAll(ColumnPairs, pair => new KeyToVectorMappingEstimator.ColumnOptions(pair.outputColumnName, pair.inputColumnName, ctx.Reader.ReadBoolByte()));

    internal KeyToVectorMappingEstimator.ColumnOptions[] Columns { get; }

    internal static KeyToVectorMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        // The first version wrote the size of a float before all else.
        if (ctx.Header.ModelVerWritten == 0x00010001)
            env.CheckDecode(ctx.Reader.ReadInt32() == sizeof(float));
        return new KeyToVectorMappingTransformer(env.Register("KeyToVector"), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        foreach (var column in Columns)
            ctx.Writer.WriteBoolByte(column.OutputCountVector);
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (type.GetItemType().GetKeyCount() == 0)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, "key type of known cardinality", type.ToString()!);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(KeyToVectorMappingTransformer parent, DataViewSchema inputSchema)
        : OneToOneMapperBase(parent.Host.Register(nameof(Mapper)), parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            var result = new DataViewSchema.DetachedColumn[parent.Columns.Length];
            for (int i = 0; i < result.Length; i++)
            {
                var source = InputSchema[ColMapNewToOld[i]];
                bool sum = parent.Columns[i].OutputCountVector;
                int keys = source.Type.GetItemType().GetKeyCountAsInt32(Host);
                int count = source.Type.GetValueCount();
                var type = sum || count == 1 ? new VectorDataViewType(NumberDataViewType.Single, keys) : new VectorDataViewType(NumberDataViewType.Single, count, keys);
                result[i] = new(parent.Columns[i].Name, type, AnnotationsOf(source, type, sum, keys, count));
            }
            return result;
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            var source = input.Schema[ColMapNewToOld[iinfo]];
            var key = (KeyDataViewType)source.Type.GetItemType();
            int size = key.GetKeyCountAsInt32(Host);
            if (source.Type is not VectorDataViewType)
                return Generic.Call<DataViewRow, DataViewSchema.Column, int, Delegate>(OfScalar<uint>, key.RawType, input, source, size);
            return parent.Columns[iinfo].OutputCountVector
                ? Generic.Call<DataViewRow, DataViewSchema.Column, int, Delegate>(Sum<uint>, key.RawType, input, source, size)
                : Generic.Call<DataViewRow, DataViewSchema.Column, int, Delegate>(Concatenated<uint>, key.RawType, input, source, size);
        }

        private static DataViewSchema.Annotations AnnotationsOf(DataViewSchema.Column source, VectorDataViewType type, bool sum, int keys, int count)
        {
            var annotations = new DataViewSchema.Annotations.Builder();
            bool isScalar = source.Type is PrimitiveDataViewType;
            if (source.HasKeyValues())
            {
                if (sum || isScalar)
                    annotations.Add(AnnotationUtils.Kinds.SlotNames, AnnotationUtils.GetNamesType(type.Size), (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) => source.GetKeyValues(ref value)));
                else if (type.IsKnownSize)
                    annotations.Add(AnnotationUtils.Kinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, type.Dimensions), (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref VBuffer<ReadOnlyMemory<char>> value) => value = NamesOf(source, count)));
            }
            if (!sum && count > 0)
            {
                annotations.Add(AnnotationUtils.Kinds.CategoricalSlotRanges, new VectorDataViewType(NumberDataViewType.Int32, count, 2), (ValueGetter<VBuffer<int>>)((ref VBuffer<int> value) =>
                    value = new VBuffer<int>(2 * count, [.. Enumerable.Range(0, count).SelectMany(i => new[] { i * keys, ((i + 1) * keys) - 1 })])));
            }
            if (!sum || isScalar)
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
            return annotations.ToAnnotations();
        }

        // Named after the source's slot (or its number) and the key.
        private static VBuffer<ReadOnlyMemory<char>> NamesOf(DataViewSchema.Column source, int count)
        {
            VBuffer<ReadOnlyMemory<char>> keys = default;
            source.GetKeyValues(ref keys);
            VBuffer<ReadOnlyMemory<char>> slots = default;
            if (source.HasSlotNames())
                source.GetSlotNames(ref slots);
            string[] prefixes = [.. Enumerable.Range(0, count).Select(i => slots.Length == count && !slots.GetItemOrDefault(i).IsEmpty ? slots.GetItemOrDefault(i).ToString() : $"[{i}]")];
            ReadOnlyMemory<char>[] names = [.. prefixes.SelectMany(prefix => keys.DenseValues().Select(key => $"{prefix}.{key}".AsMemory()))];
            return new VBuffer<ReadOnlyMemory<char>>(names.Length, names);
        }

        private static ValueGetter<VBuffer<float>> OfScalar<T>(DataViewRow input, DataViewSchema.Column column, int size)
        {
            var source = input.GetGetter<T>(column);
            var toNumber = Conversions.Get<T, ulong>(column.Type, NumberDataViewType.UInt64, out _);
            T key = default!;
            return (ref VBuffer<float> value) =>
            {
                ulong number = 0;
                source(ref key);
                toNumber(key, ref number);
                bool known = number > 0 && number <= (ulong)size;
                var editor = VBufferEditor.Create(ref value, size, known ? 1 : 0, requireIndicesOnDense: true);
                if (known)
                {
                    editor.Values[0] = 1;
                    editor.Indices[0] = (int)number - 1;
                }
                value = editor.Commit();
            };
        }

        private static ValueGetter<VBuffer<float>> Sum<T>(DataViewRow input, DataViewSchema.Column column, int size)
        {
            var each = Numbers<T>(input, column);
            var builder = new VectorBuilder<float>();
            var counts = new float[size];
            return (ref VBuffer<float> value) =>
            {
                Array.Clear(counts);
                var numbers = each(out _, out _);
                foreach (ulong number in numbers)
                {
                    if (number > 0 && number <= (ulong)size)
                        counts[number - 1]++;
                }
                builder.Reset(size);
                for (int i = 0; i < size; i++)
                    builder.Add(i, counts[i]);
                builder.GetResult(ref value);
            };
        }

        private static ValueGetter<VBuffer<float>> Concatenated<T>(DataViewRow input, DataViewSchema.Column column, int size)
        {
            var each = Numbers<T>(input, column);
            return (ref VBuffer<float> value) =>
            {
                var numbers = each(out int length, out var indices);
                var editor = VBufferEditor.Create(ref value, checked(size * length), numbers.Length, requireIndicesOnDense: true);
                int count = 0;
                for (int i = 0; i < numbers.Length; i++)
                {
                    if (numbers[i] == 0 || numbers[i] > (ulong)size)
                        continue;
                    editor.Values[count] = 1;
                    editor.Indices[count++] = ((indices.IsEmpty ? i : indices[i]) * size) + (int)numbers[i] - 1;
                }
                value = editor.CommitTruncated(count);
            };
        }

        private delegate ReadOnlySpan<ulong> NumbersOfRow(out int length, out ReadOnlySpan<int> indices);

        // The keys that a vector stores, as numbers, and where they stand in it.
        private static NumbersOfRow Numbers<T>(DataViewRow input, DataViewSchema.Column column)
        {
            var source = input.GetGetter<VBuffer<T>>(column);
            var toNumber = Conversions.Get<T, ulong>(column.Type.GetItemType(), NumberDataViewType.UInt64, out _);
            int expected = column.Type.GetVectorSize();
            VBuffer<T> keys = default;
            ulong[] numbers = [];
            return (out int length, out ReadOnlySpan<int> indices) =>
            {
                source(ref keys);
                Contracts.Check(expected == 0 || keys.Length == expected);
                var values = keys.GetValues();
                if (numbers.Length < values.Length)
                    numbers = new ulong[values.Length];
                for (int i = 0; i < values.Length; i++)
                    toNumber(values[i], ref numbers[i]);
                length = keys.Length;
                indices = keys.GetIndices();
                return numbers.AsSpan(0, values.Length);
            };
        }
    }
}
