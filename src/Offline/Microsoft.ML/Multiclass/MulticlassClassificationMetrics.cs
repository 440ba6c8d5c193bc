using System.Collections.Immutable;

namespace Microsoft.ML.Data;

/// <summary>How well a multiclass classifier does.</summary>
public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(double accuracyMicro, double accuracyMacro, double logLoss, double logLossReduction,
        int topKPredictionCount, double[]? topKAccuracies, double[] perClassLogLoss)
    {
        MicroAccuracy = accuracyMicro;
        MacroAccuracy = accuracyMacro;
        LogLoss = logLoss;
        LogLossReduction = logLossReduction;
        TopKPredictionCount = topKPredictionCount;
        TopKAccuracyForAllK = topKAccuracies!;
        PerClassLogLoss = perClassLogLoss.ToImmutableArray();
        ConfusionMatrix = null!;
    }

    internal MulticlassClassificationMetrics(double accuracyMicro, double accuracyMacro, double logLoss, double logLossReduction,
        int topKPredictionCount, double[]? topKAccuracies, double[] perClassLogLoss, ConfusionMatrix confusionMatrix)
        : this(accuracyMicro, accuracyMacro, logLoss, logLossReduction, topKPredictionCount, topKAccuracies, perClassLogLoss)
        => ConfusionMatrix = confusionMatrix;

    /// <summary>The mean of minus the logarithm of the probability given to the true class.</summary>
    public double LogLoss { get; }

    /// <summary>By which part the log-loss is below that of always predicting the classes' frequencies.</summary>
    public double LogLossReduction { get; }

    /// <summary>The mean over the classes of the part of their rows that is predicted right.</summary>
    public double MacroAccuracy { get; }

    /// <summary>The part of the rows that is predicted right.</summary>
    public double MicroAccuracy { get; }

    /// <summary>The part of the rows whose true class is among the K of the highest scores; 0 when not asked for.</summary>
    public double TopKAccuracy => TopKAccuracyForAllK?.LastOrDefault() ?? 0;

    /// <summary>K.</summary>
    public int TopKPredictionCount { get; }

    /// <summary>The same for 1, 2, ... K; null when not asked for.</summary>
    public IReadOnlyList<double> TopKAccuracyForAllK { get; }

    /// <summary>The log-loss over the rows of each class.</summary>
    public IReadOnlyList<double> PerClassLogLoss { get; }

    public ConfusionMatrix ConfusionMatrix { get; }
}
