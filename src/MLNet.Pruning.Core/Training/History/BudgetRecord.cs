using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>The quantity that a budget bounds.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BudgetQuantity>))]
public enum BudgetQuantity
{
    /// <summary>Seconds that one call takes to score a number of rows, on one thread.</summary>
    Latency,

    /// <summary>Rows scored in a second, in batches on one thread.</summary>
    Throughput,

    /// <summary>Bytes of the saved model.</summary>
    FileSize,

    /// <summary>The fraction of correct answers.</summary>
    Accuracy,
}

/// <summary>One bound of a budget, and the measurement for it.</summary>
/// <param name="Quantity">The quantity.</param>
/// <param name="Limit">The bound: seconds, rows per second, bytes, or a fraction.</param>
/// <param name="Measured">The measurement, in the same unit.</param>
public sealed record BudgetMeasurement(BudgetQuantity Quantity, double Limit, double Measured)
{
    /// <summary>The rows of a call, for a latency.</summary>
    public int? Rows { get; init; }

    /// <summary>
    /// The relative uncertainty of the measurement: its standard error, and changes of the machine's speed during the run. Null if the
    /// value is exact.
    /// </summary>
    public double? Noise { get; init; }

    /// <summary>Whether the bound holds.</summary>
    [JsonIgnore]
    public bool Holds => Quantity is BudgetQuantity.Throughput or BudgetQuantity.Accuracy ? Measured >= Limit : Measured <= Limit;
}

/// <summary>A run's budget: the initial measurements, and how pruning ended.</summary>
public sealed record BudgetRecord
{
    /// <summary>The budget as text.</summary>
    public required string Budget { get; init; }

    /// <summary>Measurements of the initial network.</summary>
    public IReadOnlyList<BudgetMeasurement> AtStart { get => field ?? []; init; } = [];

    /// <summary>Measurements at the end of pruning, including the accuracy if it is bounded.</summary>
    public IReadOnlyList<BudgetMeasurement> AtEnd { get => field ?? []; init; } = [];

    /// <summary>Completed epochs at the end of pruning; null while it continues.</summary>
    public int? Epoch { get; init; }

    /// <summary>Whether all bounds held at the end of pruning.</summary>
    public bool Met { get; init; }

    /// <summary>Why pruning ended; null while it continues.</summary>
    public string? Ended { get; init; }
}
