namespace MLNet.Pruning.Plans;

/// <summary>Differences between scores in 8-bit integers and in single precision, on given rows.</summary>
/// <param name="Rows">The number of rows compared.</param>
/// <param name="LargestChange">The largest difference between scores.</param>
/// <param name="MeanChange">The mean difference between scores.</param>
/// <param name="SameAnswers">The fraction of rows with the same best class.</param>
/// <param name="Layers">The layers that are computed in integers.</param>
public sealed record QuantizationReport(int Rows, double LargestChange, double MeanChange, double SameAnswers, IReadOnlyList<string> Layers)
{
    /// <summary>Scores rows with both plans and compares the results.</summary>
    /// <param name="exact">The network in single precision.</param>
    /// <param name="quantized">The same network in integers.</param>
    /// <param name="rows">Typical input rows of the network, one after the other; a few hundred are enough.</param>
    /// <exception cref="ArgumentException">The plans are of different networks, or there are no rows.</exception>
    public static QuantizationReport Compare(ScoringPlan exact, ScoringPlan quantized, ReadOnlySpan<float> rows)
    {
        ArgumentNullException.ThrowIfNull(exact);
        ArgumentNullException.ThrowIfNull(quantized);
        int width = exact.OutputWidth, count = rows.Length / exact.InputWidth;
        if (quantized.InputWidth != exact.InputWidth || quantized.OutputWidth != width)
            throw new ArgumentException($"The plans are of different networks: {exact.InputWidth} numbers to {width}, and "
                + $"{quantized.InputWidth} to {quantized.OutputWidth}.", nameof(quantized));
        if (count == 0)
            throw new ArgumentException($"There is no row to compare by: {rows.Length} numbers, and a row has {exact.InputWidth}.",
                nameof(rows));
        float[] before = new float[count * width], after = new float[count * width];
        exact.Score(rows, before);
        quantized.Score(rows, after);
        var (largest, sum, same) = (0.0, 0.0, 0);
        for (int row = 0; row < count; row++)
        {
            for (int i = row * width; i < (row + 1) * width; i++)
            {
                double change = Math.Abs((double)after[i] - before[i]);
                largest = Math.Max(largest, change);
                sum += change;
            }
            same += Answer(before.AsSpan(row * width, width)) == Answer(after.AsSpan(row * width, width)) ? 1 : 0;
        }
        return new(count, largest, sum / before.Length, (double)same / count,
            [.. quantized.Steps.Where(step => step.Kernel == "int8 rows").Select(step => step.Layer)]);
    }

    static int Answer(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
            best = scores[i] > scores[best] ? i : best;
        return best;
    }
}

/// <summary>The precision in which a plan computes layers.</summary>
public enum ScoringPrecision
{
    /// <summary>Single precision.</summary>
    Float,

    /// <summary>
    /// 8-bit integers in linear layers if the machine computes them faster. The weights of each output have a scale of their own, and so
    /// have the inputs of each row. Scores change a little: <see cref="QuantizationReport"/> measures how much. Convolutions, small
    /// layers, layers with few active weights, and machines without AVX-VNNI stay in single precision; <see cref="ScoringPlan.Steps"/>
    /// shows the choice.
    /// </summary>
    Int8,
}
