using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How often each class was predicted for rows of each class.</summary>
public sealed class ConfusionMatrix
{
    private readonly IHost _host;
    private readonly Lazy<string> _table;

    // Of the counts, rows are the true classes and columns the predicted ones.
    internal ConfusionMatrix(IHost host, double[][] counts, ReadOnlyMemory<char>[] labelNames)
    {
        _host = host;
        NumberOfClasses = counts.Length;
        var classes = Enumerable.Range(0, counts.Length);
        PerClassPrecision = [.. classes.Select(i => Share(counts[i][i], counts.Sum(row => row[i])))];
        PerClassRecall = [.. classes.Select(i => Share(counts[i][i], counts[i].Sum()))];
        Counts = Array.AsReadOnly(Array.ConvertAll(counts, IReadOnlyList<double> (row) => Array.AsReadOnly((double[])row.Clone())));
        PredictedClassesIndicators = Array.AsReadOnly(labelNames);
        _table = new Lazy<string>(() => ConfusionTable.Format(this));
    }

    /// <summary>Of the rows predicted to be of a class, the part that is.</summary>
    public IReadOnlyList<double> PerClassPrecision { get; }

    /// <summary>Of the rows of a class, the part predicted to be.</summary>
    public IReadOnlyList<double> PerClassRecall { get; }

    /// <summary>The counts, by true class and then by predicted class.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Counts { get; }

    public int NumberOfClasses { get; }

    internal IReadOnlyList<ReadOnlyMemory<char>> PredictedClassesIndicators { get; }

    /// <summary>The counts as a table for people.</summary>
    public string GetFormattedConfusionTable() => _table.Value;

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        _host.CheckParam(predictedClassIndicatorIndex > -1 && predictedClassIndicatorIndex < Counts.Count,
            nameof(predictedClassIndicatorIndex), "Invalid index. Should be non-negative, less than the number of classes.");
        _host.CheckParam(actualClassIndicatorIndex > -1 && actualClassIndicatorIndex < Counts.Count,
            nameof(actualClassIndicatorIndex), "Invalid index. Should be non-negative, less than the number of classes.");
        return Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
