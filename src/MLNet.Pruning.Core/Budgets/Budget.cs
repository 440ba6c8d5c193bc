using System.Globalization;

namespace MLNet.Pruning;

/// <summary>
/// A limit at which pruning stops: a measured latency or throughput, a file size, an accuracy to keep, or several of them, such as
/// <c>Budget.Latency(TimeSpan.FromMicroseconds(30)) &amp; Budget.Accuracy(0.97)</c>. Set it in <see cref="NeuronPruning.Budget"/> or
/// <see cref="WeightPruning.Budget"/>.
/// </summary>
/// <remarks>
/// Times are measured on the machine that trains, on one thread: networks of this library as their scoring plans, other modules as
/// LibTorch computes them.
/// </remarks>
public sealed record Budget
{
    Budget(params BudgetLimit[] limits) => Limits = limits;

    /// <summary>The bounds, all of which must hold.</summary>
    internal IReadOnlyList<BudgetLimit> Limits { get; }

    /// <summary>Limits the time of scoring.</summary>
    /// <param name="atMost">The maximum time of a call; more than 0.</param>
    /// <param name="rows">Rows scored in the call; at least 1.</param>
    public static Budget Latency(TimeSpan atMost, int rows = 1)
    {
        Require(atMost > TimeSpan.Zero, nameof(atMost), atMost, "more than 0");
        Require(rows >= 1, nameof(rows), rows, "at least 1");
        return new(new BudgetLimit(BudgetQuantity.Latency, atMost.TotalSeconds, rows));
    }

    /// <summary>Requires a throughput in batches of 256 rows on one thread.</summary>
    /// <param name="rowsPerSecond">The minimum number of rows per second; more than 0.</param>
    public static Budget Throughput(double rowsPerSecond)
    {
        Require(double.IsFinite(rowsPerSecond) && rowsPerSecond > 0, nameof(rowsPerSecond), rowsPerSecond, "more than 0");
        return new(new BudgetLimit(BudgetQuantity.Throughput, rowsPerSecond, 256));
    }

    /// <summary>Limits the size of the saved model.</summary>
    /// <param name="bytes">
    /// The maximum size in bytes; at least 1. <see cref="NeuronPruning"/> counts the file that <see cref="ModelFile"/> writes, in which an
    /// inactive weight is a zero like any other number; <see cref="WeightPruning"/> counts the same file deflated, as it is stored in a
    /// model.zip.
    /// </param>
    public static Budget FileSize(long bytes)
    {
        Require(bytes >= 1, nameof(bytes), bytes, "at least 1");
        return new(new BudgetLimit(BudgetQuantity.FileSize, bytes, null));
    }

    /// <summary>
    /// Requires an accuracy: on the validation set, or without one on the training rows (<see cref="NeuronPruning"/>: all rows during
    /// training; <see cref="WeightPruning"/>: the first 512). If it is not reached again between an event and the next one, the event is
    /// undone and pruning ends. Alone, it lets pruning follow its schedule to the end while the accuracy is kept.
    /// </summary>
    /// <param name="atLeast">The minimum fraction of correct answers; more than 0, at most 1.</param>
    public static Budget Accuracy(double atLeast)
    {
        Require(atLeast is > 0 and <= 1, nameof(atLeast), atLeast, "more than 0 and at most 1" + Fractions.Hint(atLeast));
        return new(new BudgetLimit(BudgetQuantity.Accuracy, atLeast, null));
    }

    /// <summary>Combines two budgets: all bounds of both must hold.</summary>
    public static Budget operator &(Budget left, Budget right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.And(right);
    }

    /// <summary>Combines two budgets: all bounds of both must hold. Of two bounds of the same kind, the stricter counts.</summary>
    public Budget And(Budget other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var kinds = Limits.Concat(other.Limits).GroupBy(limit => (limit.Quantity, limit.Rows));
        return new([.. kinds.Select(same => same.Aggregate(BudgetLimit.Stricter))]);
    }

    /// <summary>The same as <see cref="And"/>.</summary>
    public static Budget BitwiseAnd(Budget left, Budget right) => left & right;

    /// <summary>The accuracy to keep; null for none.</summary>
    internal double? Floor => Limits.FirstOrDefault(limit => limit.Quantity == BudgetQuantity.Accuracy)?.Value;

    /// <summary>The bounds other than accuracy, for which the network is measured.</summary>
    internal IReadOnlyList<BudgetLimit> Measured => [.. Limits.Where(limit => limit.Quantity != BudgetQuantity.Accuracy)];

    /// <summary>Whether there are bounds other than accuracy.</summary>
    internal bool IsMeasured => Measured.Count > 0;

    /// <summary>Whether the other has the same bounds.</summary>
    public bool Equals(Budget? other) => other is not null && Limits.ToHashSet().SetEquals(other.Limits);

    /// <inheritdoc/>
    public override int GetHashCode() => Limits.Aggregate(0, (sum, limit) => sum ^ limit.GetHashCode());

    /// <summary>The bounds in words.</summary>
    public override string ToString() => string.Join(", ", Limits);

    static void Require(bool holds, string name, object value, string wanted)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(
                name, string.Create(CultureInfo.InvariantCulture, $"{name} of a budget is {value}; it must be {wanted}."));
    }
}

/// <summary>One bound of a budget: what it bounds, the value, and for a latency the rows of a call.</summary>
sealed record BudgetLimit(BudgetQuantity Quantity, double Value, int? Rows)
{
    bool IsAtLeast => Quantity is BudgetQuantity.Throughput or BudgetQuantity.Accuracy;

    public static BudgetLimit Stricter(BudgetLimit one, BudgetLimit other) => one.Value > other.Value == one.IsAtLeast ? one : other;

    /// <summary>The measured value relative to the bound: at most 1 is within the bound.</summary>
    public double Load(double measured) => IsAtLeast ? Value / measured : measured / Value;

    public override string ToString() => Quantity switch
    {
        BudgetQuantity.Latency => $"{Rows} row{(Rows == 1 ? "" : "s")} in at most {Text(Value)}",
        BudgetQuantity.Accuracy => $"accuracy at least {Text(Value)}",
        _ => $"at {(IsAtLeast ? "least" : "most")} {Text(Value)}",
    };

    /// <summary>A value of this quantity with its unit.</summary>
    public string Text(double value) => string.Create(CultureInfo.InvariantCulture, $"{Number(value)}");

    FormattableString Number(double value) => Quantity switch
    {
        BudgetQuantity.Latency when value < 1e-3 => $"{value * 1e6:0.##} us",
        BudgetQuantity.Latency when value < 1 => $"{value * 1e3:0.##} ms",
        BudgetQuantity.Latency => $"{value:0.##} s",
        BudgetQuantity.Throughput => $"{value:#,0} rows/s",
        BudgetQuantity.FileSize => $"{value:#,0} bytes",
        _ => $"{100 * value:0.##} %",
    };
}
