namespace MLNet.Pruning;

/// <summary>Sums over the steps of an epoch.</summary>
public sealed class EpochTotals
{
    /// <summary>Examples computed.</summary>
    public long Rows { get; internal set; }

    /// <summary>The sum of their losses.</summary>
    public double LossSum { get; internal set; }

    /// <summary>How many were answered correctly; null where there is no such thing.</summary>
    public long? Correct { get; internal set; }

    /// <summary>Seconds spent on them.</summary>
    public double Seconds { get; internal set; }

    /// <summary>The mean loss.</summary>
    public double Loss => Rows > 0 ? LossSum / Rows : double.NaN;

    /// <summary>The fraction answered correctly.</summary>
    public double? Accuracy => Rows > 0 ? (double?)Correct / Rows : null;

    /// <summary>Set by whatever validates after the epoch.</summary>
    public Evaluation? Validation { get; set; }

    internal void Clear() => (Rows, LossSum, Correct, Seconds, Validation) = (0, 0, 0, 0, null);

    internal void Add(int rows, double loss, long? correct)
    {
        Rows += rows;
        LossSum += loss * rows;
        Correct += correct;
    }
}
