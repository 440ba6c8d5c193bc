using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(NormalizingTransformer), null, typeof(SignatureLoadModel),
    "Normalizer", NormalizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Scales columns by what was found of their range or distribution, slot by slot.</summary>
public sealed partial class NormalizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "Normalizer";
    private const uint FirstWithDimensions = 0x00010002;

    private static readonly VersionInfo Version = new(
        modelSignature: "NORMALZR", verWrittenCur: 0x00010002, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: LoaderAssemblies.Data, loaderSignature: LoaderSignature);

    private readonly DataViewType[] _types;
    private readonly NormalizingFunction[] _functions;

    private NormalizingTransformer(IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns, DataViewType[] types, NormalizingFunction[] functions)
        : base(env.Register(nameof(NormalizingTransformer)), columns)
    {
        _types = types;
        _functions = functions;
    }

    // Saved as the pairs of columns, then for each its type, and what is done to it in a sub-model.
    private NormalizingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _types = new DataViewType[ColumnPairs.Length];
        _functions = new NormalizingFunction[ColumnPairs.Length];
        for (int i = 0; i < _types.Length; i++)
        {
            _types[i] = LoadType(ctx, host);
            ctx.LoadModel<NormalizingFunction, SignatureLoadColumnFunction>(host, out _functions[i], DirectoryOf(i), host, _types[i]);
        }
    }

    /// <summary>What was learned of one of the columns.</summary>
    public NormalizerModelParametersBase GetNormalizerModelParameters(int index)
    {
        Contracts.CheckUserArg(index >= 0 && index < _functions.Length, nameof(index),
            $"Not valid. Valid range is from 0 (inclusive) to {_functions.Length} (exclusive) but got {index}.");
        return _functions[index].Parameters;
    }

    internal static NormalizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel(Version);
        return new NormalizingTransformer(env.Register(nameof(NormalizingTransformer)), ctx);
    }

    internal static NormalizingTransformer Train(IHostEnvironment env, IDataView data, NormalizingEstimator.ColumnOptionsBase[] options)
    {
        var columns = Array.ConvertAll(options, option => data.Schema.GetColumnOrNull(option.InputColumnName)
            ?? throw env.ExceptSchemaMismatch(nameof(data), "input", option.InputColumnName));
        Trainer[] trainers;
        using (var cursor = data.GetRowCursor(columns.DistinctBy(column => column.Index)))
        {
            trainers = [.. columns.Select((column, i) => MakeTrainer(env, cursor, column, options[i]))];
            var busy = trainers.ToList();
            while (busy.Count > 0 && cursor.MoveNext())
            {
                env.CheckAlive();
                busy.RemoveAll(trainer => !trainer.Add());
            }
        }
        return new NormalizingTransformer(env, Array.ConvertAll(options, option => (option.Name, option.InputColumnName)),
            Array.ConvertAll(columns, column => column.Type), Array.ConvertAll(trainers, trainer => trainer.Finish()));
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        Host.CheckValue(ctx, nameof(ctx));
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        for (int i = 0; i < _types.Length; i++)
        {
            var vector = _types[i] as VectorDataViewType;
            ctx.Writer.Write(vector is not null);
            ctx.Writer.Write((byte)DataKinds.KindOf(_types[i].GetItemType().RawType)!.Value);
            if (vector is not null)
                ctx.Writer.WriteIntArray([.. vector.Dimensions]);
            ctx.SaveSubModel(DirectoryOf(i), _functions[i].Save);
        }
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        const string Expected = "scalar or known-size vector of Single";
        var type = inputSchema[srcCol].Type;
        if (type is VectorDataViewType { IsKnownSize: false })
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, Expected, "variable-size vector");
        var item = type.GetItemType();
        if (item != NumberDataViewType.Single && item != NumberDataViewType.Double)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", ColumnPairs[col].inputColumnName, Expected, type.ToString()!);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private static string DirectoryOf(int index) => $"Normalizer_{index:000}";

    private static DataViewType LoadType(ModelLoadContext ctx, IHost host)
    {
        bool isVector = ctx.Reader.ReadBoolean();
        int oldSize = ctx.Header.ModelVerWritten < FirstWithDimensions ? ctx.Reader.ReadCount() : 0;
        var kind = (DataKind)ctx.Reader.ReadByte();
        host.CheckDecode(kind is DataKind.Single or DataKind.Double);
        if (!isVector)
            return kind.ToColumnType();
        return new VectorDataViewType(kind.ToColumnType(), oldSize > 0 ? [oldSize] : ctx.Reader.ReadIntArray());
    }

    private static Trainer MakeTrainer(IHostEnvironment env, DataViewRow row, DataViewSchema.Column column, NormalizingEstimator.ColumnOptionsBase options)
    {
        var item = column.Type.GetItemType();
        if (column.Type is VectorDataViewType { IsKnownSize: false } || (item != NumberDataViewType.Single && item != NumberDataViewType.Double))
        {
            // The normalizer of logarithms names the column, the others do not.
            bool isLog = options is NormalizingEstimator.MeanVarianceColumnOptions { UseLog: true };
            throw env.ExceptParam(isLog ? nameof(column) : "srcType",
                $"Wrong column type for {(isLog ? $"column {column.Name}" : "input column")}. Expected: Single, Double, Vector of Single or Vector of Double. Got: {column.Type}.");
        }
        return Generic.Call<DataViewRow, DataViewSchema.Column, NormalizingEstimator.ColumnOptionsBase, Trainer>(MakeTrainer<float>, item.RawType, row, column, options);
    }

    private static Trainer MakeTrainer<T>(DataViewRow row, DataViewSchema.Column column, NormalizingEstimator.ColumnOptionsBase options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool isScalar = column.Type is not VectorDataViewType;
        int size = column.Type.GetValueCount();
        var getter = isScalar ? AsVector(row.GetGetter<T>(column)) : row.GetGetter<VBuffer<T>>(column);
        bool fixZero = options.EnsureZeroUntouched;
        if (options is NormalizingEstimator.MeanVarianceColumnOptions moments)
        {
            var statistics = new MeanVarianceStatistics<T>(size, moments.UseLog);
            return new Trainer(options.MaximumExampleCount, Reader(getter, size, statistics.Add), () =>
            {
                statistics.Finish();
                return moments.UseCdf
                    ? CdfNormalizer.FromMoments(isScalar, statistics, moments.UseLog)
                    : AffineNormalizer.FromMoments(isScalar, statistics, fixZero);
            });
        }
        var range = new MinMaxStatistics<T>(size);
        return new Trainer(options.MaximumExampleCount, Reader(getter, size, range.Add), () =>
        {
            range.Finish();
            return AffineNormalizer.FromRange(isScalar, range, fixZero);
        });
    }

    private delegate void Adder<T>(in VBuffer<T> row);

    private static Action Reader<T>(ValueGetter<VBuffer<T>> getter, int size, Adder<T> add)
    {
        VBuffer<T> buffer = default;
        return () =>
        {
            getter(ref buffer);
            if (buffer.Length != size)
                throw Contracts.Except(null, "Normalizer expected {0} slots but got {1}", size, buffer.Length);
            add(buffer);
        };
    }

    private static ValueGetter<VBuffer<T>> AsVector<T>(ValueGetter<T> source)
        => (ref VBuffer<T> value) =>
        {
            var editor = VBufferEditor.Create(ref value, 1);
            source(ref editor.Values[0]);
            value = editor.Commit();
        };

    /// <summary>Reads up to a number of rows, and says what it made of them.</summary>
    private sealed class Trainer(long maximum, Action read, Func<NormalizingFunction> finish)
    {
        private long _remaining = maximum;

        public bool Add()
        {
            if (_remaining-- == 0)
                return false;
            read();
            return true;
        }

        public NormalizingFunction Finish() => finish();
    }

    private sealed class Mapper(NormalizingTransformer parent, DataViewSchema inputSchema)
        : OneToOneMapperBase(parent.Host.Register(nameof(Mapper)), parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            var result = new DataViewSchema.DetachedColumn[parent._types.Length];
            for (int i = 0; i < result.Length; i++)
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                annotations.Add(InputSchema[ColMapNewToOld[i]].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                result[i] = new(parent.ColumnPairs[i].outputColumnName, parent._types[i], annotations.ToAnnotations());
            }
            return result;
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            return parent._functions[iinfo].MakeGetter(input, input.Schema[ColMapNewToOld[iinfo]]);
        }
    }
}
