using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>The catalog of normalizers.</summary>
public static class NormalizationCatalog
{
    /// <summary>Scales by the smallest and largest value.</summary>
    public static NormalizingEstimator NormalizeMinMax(this TransformsCatalog catalog, string outputColumnName, string? inputColumnName = null,
        long maximumExampleCount = 1000000000, bool fixZero = true)
        => new(catalog.GetEnvironment(), new NormalizingEstimator.MinMaxColumnOptions(outputColumnName, inputColumnName, maximumExampleCount, fixZero));

    /// <summary>Scales by the smallest and largest value.</summary>
    public static NormalizingEstimator NormalizeMinMax(this TransformsCatalog catalog, InputOutputColumnPair[] columns,
        long maximumExampleCount = 1000000000, bool fixZero = true)
        => new(catalog.GetEnvironment(), [.. columns.Select(pair => new NormalizingEstimator.MinMaxColumnOptions(pair.OutputColumnName, pair.InputColumnName, maximumExampleCount, fixZero))]);

    /// <summary>Scales by mean and variance.</summary>
    public static NormalizingEstimator NormalizeMeanVariance(this TransformsCatalog catalog, string outputColumnName, string? inputColumnName = null,
        long maximumExampleCount = 1000000000, bool fixZero = true, bool useCdf = false)
        => Moments(catalog, [new(outputColumnName, inputColumnName, maximumExampleCount, fixZero, useCdf, useLog: false)]);

    /// <summary>Scales by mean and variance.</summary>
    public static NormalizingEstimator NormalizeMeanVariance(this TransformsCatalog catalog, InputOutputColumnPair[] columns,
        long maximumExampleCount = 1000000000, bool fixZero = true, bool useCdf = false)
        => Moments(catalog, Array.ConvertAll(columns, pair => new NormalizingEstimator.MeanVarianceColumnOptions(pair.OutputColumnName, pair.InputColumnName, maximumExampleCount, fixZero, useCdf, useLog: false)));

    /// <summary>Scales by mean and variance of the logarithm.</summary>
    public static NormalizingEstimator NormalizeLogMeanVariance(this TransformsCatalog catalog, string outputColumnName, string? inputColumnName = null,
        long maximumExampleCount = 1000000000, bool useCdf = true)
        => catalog.NormalizeLogMeanVariance(outputColumnName, false, inputColumnName, maximumExampleCount, useCdf);

    /// <summary>Scales by mean and variance of the logarithm.</summary>
    public static NormalizingEstimator NormalizeLogMeanVariance(this TransformsCatalog catalog, InputOutputColumnPair[] columns,
        long maximumExampleCount = 1000000000, bool useCdf = true)
        => catalog.NormalizeLogMeanVariance(columns, false, maximumExampleCount, useCdf);

    /// <summary>Scales by mean and variance of the logarithm.</summary>
    public static NormalizingEstimator NormalizeLogMeanVariance(this TransformsCatalog catalog, string outputColumnName, bool fixZero, string? inputColumnName = null,
        long maximumExampleCount = 1000000000, bool useCdf = true)
        => Moments(catalog, [new(outputColumnName, inputColumnName, maximumExampleCount, fixZero, useCdf, useLog: true)]);

    /// <summary>Scales by mean and variance of the logarithm.</summary>
    public static NormalizingEstimator NormalizeLogMeanVariance(this TransformsCatalog catalog, InputOutputColumnPair[] columns, bool fixZero,
        long maximumExampleCount = 1000000000, bool useCdf = true)
        => Moments(catalog, Array.ConvertAll(columns, pair => new NormalizingEstimator.MeanVarianceColumnOptions(pair.OutputColumnName, pair.InputColumnName, maximumExampleCount, fixZero, useCdf, useLog: true)));

    private static NormalizingEstimator Moments(TransformsCatalog catalog, NormalizingEstimator.MeanVarianceColumnOptions[] options)
        => new(catalog.GetEnvironment(), options);
}
