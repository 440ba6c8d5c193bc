using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Sums over rows from which the metrics follow.</summary>
internal sealed class MulticlassCounters(int classes, int topK)
{
    // What a probability of zero is taken for.
    private const float Epsilon = 1e-15f;

    private readonly double[] _rowsOfClass = new double[classes];
    private readonly double[] _logLossOfClass = new double[classes];
    // By how many classes score above the true one; one more for classes that the scores do not know.
    private readonly double[] _rowsOfRank = new double[classes + 1];
    private readonly double[][] _confusion = [.. Enumerable.Range(0, classes).Select(_ => new double[classes])];
    private double _rows;
    private double _correct;
    private double _logLoss;

    // The label may be of a class beyond the scores: then the prediction is wrong and costs the most.
    public void Add(int label, float[] scores)
    {
        bool known = label < scores.Length;
        double loss = -Math.Log(known ? Math.Min(1, Math.Max(Epsilon, scores[label])) : Epsilon);
        float scoreOfLabel = known ? scores[label] : 0;
        int rank = 0;
        int predicted = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            // Of equal scores the first ranks higher.
            if (scores[i] > scoreOfLabel || (scores[i] == scoreOfLabel && i < label))
                rank++;
            if (scores[predicted] < scores[i])
                predicted = i;
        }

        _rows++;
        _logLoss += loss;
        _rowsOfRank[rank]++;
        if (known)
        {
            _rowsOfClass[label]++;
            _logLossOfClass[label] += loss;
        }
        if (rank == 0)
        {
            _correct++;
            _confusion[label][label]++;
        }
        else if (known)
            _confusion[label][predicted]++;
    }

    public MulticlassClassificationMetrics ToMetrics(IHost host, ReadOnlyMemory<char>[] names)
    {
        double logLoss = Share(_logLoss, _rows);
        double entropy = -_rowsOfClass.Where(n => n != 0).Sum(n => n * Math.Log(n / _rows)) / _rows;
        var seen = Enumerable.Range(0, classes).Where(i => _rowsOfClass[i] > 0).ToArray();
        double macro = seen.Length == 0 ? 0 : seen.Sum(i => _confusion[i][i] / _rowsOfClass[i]) / seen.Length;
        double[] perClass = [.. Enumerable.Range(0, classes).Select(i => Share(_logLossOfClass[i], _rowsOfClass[i]))];
        return new MulticlassClassificationMetrics(Share(_correct, _rows), macro, logLoss, (entropy - logLoss) / entropy,
            topK, topK > 0 ? TopK() : null, perClass, new ConfusionMatrix(host, _confusion, names));
    }

    private double[] TopK()
    {
        // More ranks than classes is an index out of range.
        var accuracies = new double[topK];
        double sum = 0;
        for (int k = 0; k < topK; k++)
            accuracies[k] = sum += _rowsOfRank[k] / _rows;
        return accuracies;
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
