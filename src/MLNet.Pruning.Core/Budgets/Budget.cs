using System.Globalization;

namespace MLNet.Pruning;

/// <summary>
/// What pruning stops at: a measured latency or throughput, the size of the file, an accuracy that must be kept, or several of them, such
/// as <c>Budget.Latency(TimeSpan.FromMicroseconds(30)) &amp; Budget.Accuracy(0.97)</c>. Given to <see cref="NeuronPruning.Budget"/> or
/// <see cref="WeightPruning.Budget"/>.
/// </summary>
/// <remarks>
/// Times are those of the machine that trains, of one thread: networks of this library are measured as their scoring plans, other modules
/// as LibTorch computes them.
/// </remarks>
public sealed record Budget
{
    Budget(params BudgetLimit[] limits) => Limits = limits;

    /// <summary>The bounds, each of which must hold.</summary>
    internal IReadOnlyList<BudgetLimit> Limits { get; }

    /// <summary>A time that scoring may take.</summary>
    /// <param name="atMost">The time of a call; more than 0.</param>
    /// <param name="rows">Rows that are scored in the call; at least 1.</param>
    public static Budget Latency(TimeSpan atMost, int rows = 1)
    {
        Require(atMost > TimeSpan.Zero, nameof(atMost), atMost, "more than 0");
        Require(rows >= 1, nameof(rows), rows, "at least 1");
        return new(new BudgetLimit(BudgetQuantity.Latency, atMost.TotalSeconds, rows));
    }

    /// <summary>Rows that must be scored in a second, in batches of 256 on one thread.</summary>
    /// <param name="rowsPerSecond">Rows; more than 0.</param>
    public static Budget Throughput(double rowsPerSecond)
    {
        Require(double.IsFinite(rowsPerSecond) && rowsPerSecond > 0, nameof(rowsPerSecond), rowsPerSecond, "more than 0");
        return new(new BudgetLimit(BudgetQuantity.Throughput, rowsPerSecond, 256));
    }

    /// <summary>Bytes that the saved model may take.</summary>
    /// <param name="bytes">
    /// Bytes; at least 1. <see cref="NeuronPruning"/> counts what <see cref="ModelFile"/> writes. There an inactive weight is a zero
    /// like any number; <see cref="WeightPruning"/> counts the same file deflated, as it stands in a model.zip.
    /// </param>
    public static Budget FileSize(long bytes)
    {
        Require(bytes >= 1, nameof(bytes), bytes, "at least 1");
        return new(new BudgetLimit(BudgetQuantity.FileSize, bytes, null));
    }

    /// <summary>
    /// An accuracy below which pruning does not go: of the validation set, or where there is none, of the training rows (of
    /// <see cref="NeuronPruning"/> all of them while they are learnt from, of <see cref="WeightPruning"/> the first 512). An event after
    /// which it is not reached again before the next event is taken back, and is the last. Alone, it lets pruning go on as far as its
    /// schedule leads while the accuracy is kept.
    /// </summary>
    /// <param name="atLeast">The fraction of rows that must be answered correctly; more than 0, at most 1.</param>
    public static Budget Accuracy(double atLeast)
    {
        Require(atLeast is > 0 and <= 1, nameof(atLeast), atLeast, "more than 0 and at most 1" + Fractions.Hint(atLeast));
        return new(new BudgetLimit(BudgetQuantity.Accuracy, atLeast, null));
    }

    /// <summary>Both: every bound of either must hold.</summary>
    public static Budget operator &(Budget left, Budget right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.And(right);
    }

    /// <summary>Both: every bound of either must hold. Of two of a kind, the stricter counts.</summary>
    public Budget And(Budget other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var kinds = Limits.Concat(other.Limits).GroupBy(limit => (limit.Quantity, limit.Rows));
        return new([.. kinds.Select(same => same.Aggregate(BudgetLimit.Stricter))]);
    }

    /// <summary>The same as <see cref="And"/>.</summary>
    public static Budget BitwiseAnd(Budget left, Budget right) => left & right;

    /// <summary>The accuracy that must be kept; null for any.</summary>
    internal double? Floor => Limits.FirstOrDefault(limit => limit.Quantity == BudgetQuantity.Accuracy)?.Value;

    /// <summary>The bounds that a network is measured against.</summary>
    internal IReadOnlyList<BudgetLimit> Measured => [.. Limits.Where(limit => limit.Quantity != BudgetQuantity.Accuracy)];

    /// <summary>Whether there is more to stop at than the accuracy.</summary>
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

/// <summary>One bound of a budget: a value with what it bounds, and of times the rows of a call.</summary>
sealed record BudgetLimit(BudgetQuantity Quantity, double Value, int? Rows)
{
    bool IsAtLeast => Quantity is BudgetQuantity.Throughput or BudgetQuantity.Accuracy;

    public static BudgetLimit Stricter(BudgetLimit one, BudgetLimit other) => one.Value > other.Value == one.IsAtLeast ? one : other;

    /// <summary>What is measured as a part of what may be: 1 is just within the bound, more is too much.</summary>
    public double Load(double measured) => IsAtLeast ? Value / measured : measured / Value;

    public override string ToString() => Quantity switch
    {
        BudgetQuantity.Latency => $"{Rows} row{(Rows == 1 ? "" : "s")} in at most {Text(Value)}",
        BudgetQuantity.Accuracy => $"accuracy at least {Text(Value)}",
        _ => $"at {(IsAtLeast ? "least" : "most")} {Text(Value)}",
    };

    /// <summary>A value of this kind in words.</summary>
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
