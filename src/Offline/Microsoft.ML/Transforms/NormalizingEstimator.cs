using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static Microsoft.ML.SchemaShape.Column;

namespace Microsoft.ML.Transforms;

/// <summary>Scales columns by what it finds of their range or distribution, slot by slot.</summary>
public sealed class NormalizingEstimator : IEstimator<NormalizingTransformer>
{
    internal const long DefaultMaximumExampleCount = 1000000000;
    private readonly IHost _host;
    private readonly ColumnOptionsBase[] _columns;

    internal NormalizingEstimator(IHostEnvironment env, params ColumnOptionsBase[] columns)
    {
        Contracts.CheckValue(env, nameof(env));
        _host = env.Register(nameof(NormalizingEstimator));
        _host.CheckValue(columns, nameof(columns));
        _columns = [.. columns];
    }

    public NormalizingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        return NormalizingTransformer.Train(_host, input, _columns);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var options in _columns)
        {
            if (!inputSchema.TryFindColumn(options.InputColumnName, out var column))
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName);
            if (column.Kind == VectorKind.VariableVector)
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName, "known-size vector or scalar", column.GetTypeString());
            if (column.ItemType != NumberDataViewType.Single && column.ItemType != NumberDataViewType.Double)
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", options.InputColumnName, "vector or scalar of Single or Double", column.GetTypeString());
            var annotations = new List<SchemaShape.Column> { new(AnnotationUtils.Kinds.IsNormalized, VectorKind.Scalar, BooleanDataViewType.Instance, false) };
            if (column.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var slotNames))
                annotations.Add(slotNames);
            result[options.Name] = new(options.Name, column.Kind, column.ItemType, column.IsKey, new SchemaShape(annotations));
        }
        return new SchemaShape(result.Values);
    }

    /// <summary>Which column is normalized, and how.</summary>
    internal abstract class ColumnOptionsBase
    {
        private protected ColumnOptionsBase(string outputColumnName, string? inputColumnName, long maximumExampleCount, bool ensureZeroUntouched)
        {
            Contracts.CheckNonEmpty(outputColumnName, "name");
            Contracts.CheckNonEmpty(inputColumnName ?? outputColumnName, nameof(inputColumnName));
            Contracts.CheckParam(maximumExampleCount > 1, nameof(maximumExampleCount), "Must be greater than 1");
            Name = outputColumnName;
            InputColumnName = inputColumnName ?? outputColumnName;
            MaximumExampleCount = maximumExampleCount;
            EnsureZeroUntouched = ensureZeroUntouched;
        }

        public string Name { get; }

        public string InputColumnName { get; }

        public long MaximumExampleCount { get; }

        /// <summary>Whether zero stays zero, so that sparse vectors stay sparse.</summary>
        public bool EnsureZeroUntouched { get; }
    }

    /// <summary>By the smallest and largest value.</summary>
    internal sealed class MinMaxColumnOptions(string outputColumnName, string? inputColumnName = null,
        long maximumExampleCount = DefaultMaximumExampleCount, bool ensureZeroUntouched = true)
        : ColumnOptionsBase(outputColumnName, inputColumnName, maximumExampleCount, ensureZeroUntouched);

    /// <summary>By the mean and the variance, of the values or of their logarithms.</summary>
    internal sealed class MeanVarianceColumnOptions(string outputColumnName, string? inputColumnName, long maximumExampleCount, bool fixZero, bool useCdf, bool useLog)
        : ColumnOptionsBase(outputColumnName, inputColumnName, maximumExampleCount, fixZero)
    {
        /// <summary>Whether values are mapped to their quantile in a normal distribution.</summary>
        public bool UseCdf { get; } = useCdf;

        public bool UseLog { get; } = useLog;
    }
}
