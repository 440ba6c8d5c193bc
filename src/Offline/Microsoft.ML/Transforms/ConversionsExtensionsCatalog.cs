using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>The catalog of transforms that change the type of a column.</summary>
public static class ConversionsExtensionsCatalog
{
    /// <summary>Converts a column to another item type.</summary>
    public static TypeConvertingEstimator ConvertType(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string? inputColumnName = null,
        DataKind outputKind = DataKind.Single)
        => new(catalog.GetEnvironment(), new TypeConvertingEstimator.ColumnOptions(outputColumnName, outputKind, inputColumnName ?? outputColumnName));

    /// <summary>Converts columns to another item type.</summary>
    public static TypeConvertingEstimator ConvertType(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns,
        DataKind outputKind = DataKind.Single)
    {
        var env = catalog.GetEnvironment();
        env.CheckValue(columns, nameof(columns));
        return new(env, Array.ConvertAll(columns, pair => new TypeConvertingEstimator.ColumnOptions(pair.OutputColumnName, outputKind, pair.InputColumnName)));
    }

    /// <summary>Replaces keys by their values.</summary>
    public static KeyToValueMappingEstimator MapKeyToValue(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string? inputColumnName = null)
        => new(catalog.GetEnvironment(), (outputColumnName, inputColumnName ?? outputColumnName));

    /// <summary>Replaces keys by their values.</summary>
    public static KeyToValueMappingEstimator MapKeyToValue(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns)
    {
        var env = catalog.GetEnvironment();
        env.CheckValue(columns, nameof(columns));
        return new(env, InputOutputColumnPair.ConvertToValueTuples(columns));
    }

    /// <summary>Turns a key into a vector with a one at its place.</summary>
    public static KeyToVectorMappingEstimator MapKeyToVector(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns, bool outputCountVector = false)
    {
        var env = catalog.GetEnvironment();
        env.CheckValue(columns, nameof(columns));
        return new(env, Array.ConvertAll(columns, pair => new KeyToVectorMappingEstimator.ColumnOptions(pair.OutputColumnName, pair.InputColumnName, outputCountVector)));
    }

    /// <summary>Turns a key into a vector with a one at its place.</summary>
    public static KeyToVectorMappingEstimator MapKeyToVector(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string? inputColumnName = null, bool outputCountVector = false)
        => new(catalog.GetEnvironment(), new KeyToVectorMappingEstimator.ColumnOptions(Contracts.CheckNonWhiteSpace(outputColumnName, "name"), inputColumnName ?? outputColumnName, outputCountVector));

    /// <summary>Numbers the distinct values of a column.</summary>
    public static ValueToKeyMappingEstimator MapValueToKey(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName, string? inputColumnName = null,
        int maximumNumberOfKeys = 1000000, ValueToKeyMappingEstimator.KeyOrdinality keyOrdinality = ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence,
        bool addKeyValueAnnotationsAsText = false, IDataView? keyData = null)
        => new(catalog.GetEnvironment(), [new(outputColumnName, inputColumnName, maximumNumberOfKeys, keyOrdinality, addKeyValueAnnotationsAsText)], keyData);

    /// <summary>Numbers the distinct values of columns.</summary>
    public static ValueToKeyMappingEstimator MapValueToKey(this TransformsCatalog.ConversionTransforms catalog, InputOutputColumnPair[] columns,
        int maximumNumberOfKeys = 1000000, ValueToKeyMappingEstimator.KeyOrdinality keyOrdinality = ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence,
        bool addKeyValueAnnotationsAsText = false, IDataView? keyData = null)
    {
        var env = catalog.GetEnvironment();
        env.CheckValue(columns, nameof(columns));
        return new(env, Array.ConvertAll(columns, pair => new ValueToKeyMappingEstimator.ColumnOptions(pair.OutputColumnName, pair.InputColumnName, maximumNumberOfKeys, keyOrdinality, addKeyValueAnnotationsAsText)), keyData);
    }
}
