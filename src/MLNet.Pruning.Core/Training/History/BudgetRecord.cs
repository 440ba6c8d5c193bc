using System.Text.Json.Serialization;

namespace MLNet.Pruning;

/// <summary>What a budget bounds.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BudgetQuantity>))]
public enum BudgetQuantity
{
    /// <summary>Seconds that one call takes to score a number of rows, on one thread.</summary>
    Latency,

    /// <summary>Rows scored in a second, in batches on one thread.</summary>
    Throughput,

    /// <summary>Bytes of the saved model.</summary>
    FileSize,

    /// <summary>The fraction of rows answered correctly.</summary>
    Accuracy,
}

/// <summary>One bound of a budget and what was measured against it.</summary>
/// <param name="Quantity">What is bounded.</param>
/// <param name="Limit">The bound: seconds, rows a second, bytes, or a fraction.</param>
/// <param name="Measured">What was measured, in the same unit.</param>
public sealed record BudgetMeasurement(BudgetQuantity Quantity, double Limit, double Measured)
{
    /// <summary>Of a latency, the rows of a call.</summary>
    public int? Rows { get; init; }

    /// <summary>How far off the measurement may be, as a fraction of it: its standard error, and how much the machine's speed has changed
    /// over the run. Null where nothing is uncertain.</summary>
    public double? Noise { get; init; }

    /// <summary>Whether the bound holds.</summary>
    [JsonIgnore]
    public bool Holds => Quantity is BudgetQuantity.Throughput or BudgetQuantity.Accuracy ? Measured >= Limit : Measured <= Limit;
}

/// <summary>A run's budget: where it began, and how pruning ended.</summary>
public sealed record BudgetRecord
{
    /// <summary>The budget in words.</summary>
    public required string Budget { get; init; }

    /// <summary>Of the network that the run began with.</summary>
    public IReadOnlyList<BudgetMeasurement> AtStart { get => field ?? []; init; } = [];

    /// <summary>When pruning ended, with the accuracy where there is a bound for it.</summary>
    public IReadOnlyList<BudgetMeasurement> AtEnd { get => field ?? []; init; } = [];

    /// <summary>Completed epochs when pruning ended; null while it goes on.</summary>
    public int? Epoch { get; init; }

    /// <summary>Whether every bound held when pruning ended.</summary>
    public bool Met { get; init; }

    /// <summary>Why pruning ended, in words; null while it goes on.</summary>
    public string? Ended { get; init; }
}
