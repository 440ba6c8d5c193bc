namespace MLNet.Pruning.Plans;

/// <summary>What scores in integers of 8 bits differ by from those in single precision, on given rows.</summary>
/// <param name="Rows">Rows that were compared.</param>
/// <param name="LargestChange">The largest difference of a score.</param>
/// <param name="MeanChange">The mean difference of scores.</param>
/// <param name="SameAnswers">The share of the rows whose largest score is the same one.</param>
/// <param name="Layers">The layers that are computed in integers.</param>
public sealed record QuantizationReport(int Rows, double LargestChange, double MeanChange, double SameAnswers, IReadOnlyList<string> Layers)
{
    /// <summary>Scores rows with both plans.</summary>
    /// <param name="exact">The network in single precision.</param>
    /// <param name="quantized">The same network in integers.</param>
    /// <param name="rows">Rows as the network will get them, one behind the other; a few hundred say enough.</param>
    /// <exception cref="ArgumentException">The plans are of different networks, or there is no row.</exception>
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

/// <summary>What a plan computes layers in.</summary>
public enum ScoringPrecision
{
    /// <summary>Single precision.</summary>
    Float,

    /// <summary>
    /// Integers of 8 bits in linear layers where the machine computes them faster: the weights of each output have a scale of their own,
    /// and so
    /// have the inputs of each row. Scores change a little: <see cref="QuantizationReport"/> measures how much. Convolutions, small
    /// layers,
    /// layers of which few weights are active, and machines without AVX-VNNI stay in single precision; <see cref="ScoringPlan.Steps"/>
    /// says so.
    /// </summary>
    Int8,
}
