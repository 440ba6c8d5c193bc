using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.Data;

/// <summary>
/// Splits rows by a number in [0, 1] in an added column, which is dropped again: random for each row, or the same for
/// all rows that have the same value of a sampling key.
/// </summary>
internal sealed class DataSplit
{
    private const uint DefaultRandomSeed = 42;
    private const uint DefaultHashSeed = 314489979;
    private readonly IHostEnvironment _env;
    private readonly IDataView _data;
    private readonly string _column;

    private DataSplit(IHostEnvironment env, IDataView data, string column)
    {
        _env = env;
        _data = data;
        _column = column;
    }

    public static DataSplit Of(IHostEnvironment env, IDataView data, string? samplingKey, int? seed)
    {
        string name = FreeName(data.Schema);
        uint? number = (uint?)(seed ?? ((IHostEnvironmentInternal)env).Seed);
        return new DataSplit(env, samplingKey is null ? WithRandom(env, data, name, number) : WithKey(env, data, name, samplingKey, number), name);
    }

    public DataOperationsCatalog.TrainTestData TrainTest(double testFraction)
        => Split(inside => new RangeBounds(0, testFraction, Complement: !inside));

    public IEnumerable<DataOperationsCatalog.TrainTestData> Folds(int count)
    {
        for (int fold = 0; fold < count; fold++)
        {
            int i = fold;
            yield return Split(inside => new RangeBounds((double)i / count, (double)(i + 1) / count, !inside, IncludeMaximum: true));
        }
    }

    private static string FreeName(DataViewSchema schema)
    {
        string name = "SplitColumn";
        for (int i = 0; schema.GetColumnOrNull(name) is not null; i++)
            name = $"SplitColumn_{i:000}";
        return name;
    }

    private static AddedColumnView WithRandom(IHostEnvironment env, IDataView data, string name, uint? seed)
    {
        return new AddedColumnView(env.Register("GenerateNumber"), data, name, NumberDataViewType.Single, Draw, [], followsOrder: true);

        // One draw a row, whether or not the row's value is asked for.
        Delegate Draw(DataViewRow row)
        {
            var random = RandomUtils.Create(seed ?? DefaultRandomSeed);
            long drawn = -1;
            float current = 0;
            return (ValueGetter<float>)((ref float value) =>
            {
                for (; drawn < row.Position; drawn++)
                    current = random.NextSingle();
                value = current;
            });
        }
    }

    private static IDataView WithKey(IHostEnvironment env, IDataView data, string name, string samplingKey, uint? seed)
    {
        if (data.Schema.GetColumnOrNull(samplingKey) is not { } column)
            throw env.ExceptSchemaMismatch("samplingKeyColumn", "SamplingKeyColumn", samplingKey);
        if (column.Type == NumberDataViewType.Single || column.Type == NumberDataViewType.Double)
        {
            var options = new NormalizingEstimator.MinMaxColumnOptions(name, samplingKey, ensureZeroUntouched: false);
            return new NormalizingEstimator(env, options).Fit(data).Transform(data);
        }
        if (RangeFilter.IsValidType(column.Type))
            return new ColumnCopyingEstimator(env, (name, samplingKey)).Fit(data).Transform(data);

        // Times are hashed by their ticks.
        string hashed = samplingKey;
        if (column.Type.GetItemType() is DateTimeDataViewType or DateTimeOffsetDataViewType or TimeSpanDataViewType)
        {
            data = new TypeConvertingTransformer(env, name, DataKind.Int64, samplingKey).Transform(data);
            hashed = name;
        }
        var source = data.Schema[hashed];
        return new AddedColumnView(env.Register("Hash"), data, name, new KeyDataViewType(typeof(uint), 1ul << RowHash.Bits),
            row => RowHash.MakeGetter(row, source, seed ?? DefaultHashSeed), [source.Index], followsOrder: false);
    }

    private DataOperationsCatalog.TrainTestData Split(Func<bool, RangeBounds> boundsOf)
    {
        var train = new RangeFilter(_env, _data, _column, boundsOf(false));
        var test = new RangeFilter(_env, _data, _column, boundsOf(true));
        return new DataOperationsCatalog.TrainTestData(Drop(train), Drop(test));
    }

    private IDataView Drop(IDataView data) => new ColumnSelectingTransformer(_env, null, [_column]).Transform(data);
}
